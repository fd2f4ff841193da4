"""Families of hypotheses: which row is tested together with which. In: drafts, the analysis. Out: a family a row."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from results.analysis import Adjustment, Analysis, Family, Role
from results.schema import CLEAN
from results.statistics.measured import LAST, Measure
from results.statistics.units import Draft

_OTHERS = Family(
    name="not declared",
    role="exploratory",
    contrasts="deltas",
    units=("macro", "language", "group"),
    adjustment="bh",
)
"""Of rows that no declared family takes in."""


@dataclass(frozen=True, kw_only=True)
class FamilyKey:
    """Rows of equal keys are tested together."""

    name: str
    role: Role
    adjustment: Adjustment
    contrast: str | None
    """Of a family that is split by contrast."""
    measure: Measure
    """The metric is left empty where it is the one to be tested, which differs between tasks."""
    num_declared: int = 0
    """Hypotheses about the mean over languages that were declared: as many are corrected for, tested yet or not."""


def find_family(draft: Draft, analysis: Analysis, tested: Mapping[str, str]) -> FamilyKey:
    """Give the family of a row: the first of the analysis that takes it in.

    What was declared is about the tested metric, on clean data, at the last checkpoint. Under another condition the
    same rows are a family of their own, and none is primary; of another metric or selection all are exploratory.

    Args:
        draft: the row.
        analysis: of the sweep.
        tested: metric by target task.
    """
    comparison, measure = draft.comparison, draft.measure
    fitting = (
        one
        for one in analysis.families
        if one.contrasts == comparison.kind
        and draft.kind in one.units
        and (not one.only or comparison.name in one.only)
    )
    family = next(fitting, _OTHERS)
    is_tested = measure.metric == tested.get(str(comparison.labels["target_task"]))
    role = family.role
    if not is_tested or measure.selection != LAST:
        role = "exploratory"
    elif measure.condition != CLEAN and role == "primary":
        role = "secondary"
    is_as_declared = is_tested and measure.selection == LAST and measure.condition == CLEAN
    return FamilyKey(
        name=family.name,
        role=role,
        adjustment=family.adjustment,
        contrast=comparison.name if family.is_split else None,
        measure=measure._replace(metric="") if is_tested else measure,
        num_declared=_count_declared(family, analysis) if is_as_declared else 0,
    )


def _count_declared(family: Family, analysis: Analysis) -> int:
    """Contrasts that a family of means over languages takes in; 0 of any other family.

    In a sweep that is half done, the family is not smaller than it will be.
    """
    if family.contrasts != "declared" or family.is_split or family.units != ("macro",):
        return 0
    takers = [one for one in analysis.families if one.contrasts == "declared" and "macro" in one.units]
    names = [contrast.name for contrast in analysis.contrasts]
    takes = [next((one for one in takers if not one.only or name in one.only), None) for name in names]
    return takes.count(family)


def name_family(key: FamilyKey) -> str:
    """A family's name: as declared, then what makes it another one."""
    of_contrast = [] if key.contrast is None else [key.contrast]
    metric, selection, condition = key.measure
    others = [metric, "" if selection == LAST else selection, "" if condition == CLEAN else condition]
    more = ", ".join(filter(None, others))
    return ": ".join([key.name, *of_contrast]) + (f" ({more})" if more else "")


def choose_metrics(metrics: Mapping[str, Collection[str]], analysis: Analysis) -> dict[str, str]:
    """The metric of each task that hypotheses are about: that of the analysis, else the task's primary one.

    Args:
        metrics: of each task, as its trials report them: the primary one first.
        analysis: of the sweep.
    """
    asked = analysis.metric
    return {
        task: asked if asked is not None and asked in names else next(iter(names))
        for task, names in metrics.items()
        if names
    }
