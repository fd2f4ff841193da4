"""What a model of a whole sweep explains deltas by: magnitude and dose as columns, a row a cell.

In: cells as points of a design. Out: `TermDesign`s, whose columns are all estimable.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from results.statistics.series import NO_STAGE, DesignCell

_MAGNITUDE_TERMS = ("perturbed", "magnitude")
_DOSE_TERMS = ("intermediate", "dose")
MAIN_TERMS = (*_MAGNITUDE_TERMS, *_DOSE_TERMS)
"""Terms that languages differ in at random; the others are products of two of them."""


@dataclass(frozen=True, kw_only=True)
class TermDesign:
    """Cells with one baseline and their settings as numbers: the deltas are `matrix @ effects` and noise.

    There is no intercept: a cell that is the baseline has no delta.
    """

    name: str
    target_task: str
    baseline_cell_id: str
    cells: tuple[DesignCell, ...]
    terms: tuple[str, ...]
    matrix: npt.NDArray[np.float64]
    """Settings of a cell minus those of its baseline; shape (cells, terms)."""
    scales: str
    """What one unit of each term is, and which arms are left out, in words."""


def list_term_designs(cells: Iterable[DesignCell]) -> list[TermDesign]:
    """Make one design for each method and intermediate task of a sweep, with all their cells.

    Arms that are no dose (`random`, `trivial`) are left out unless the baseline is one, and so are cells that differ
    from their baseline in more than perturbation and intermediate stage.
    """
    cells = [*cells]
    by_id = {cell.cell_id: cell for cell in cells}
    groups: dict[str, list[DesignCell]] = {}
    for cell in cells:
        baseline = by_id.get(cell.baseline_cell_id)
        if baseline is not None and cell is not baseline and cell.rest == baseline.rest:
            groups.setdefault(baseline.cell_id, []).append(cell)
    designs = []
    for baseline_id, members in groups.items():
        baseline = by_id[baseline_id]
        methods = dict.fromkeys((one.method, one.setting) for one in members if one.magnitude > 0)
        stages = dict.fromkeys(one.stage for one in members if one.dose is not None)
        for method in methods or [None]:
            for stage in stages or [None]:
                chosen = [one for one in members if _is_in(one, method, stage, baseline)]
                others = [one for one in members if one.dose is None and one.arm != baseline.arm]
                if design := _make_design(chosen, baseline, method, stage):
                    designs.append(replace(design, scales=_describe(design.scales, others)))
    return designs


def _describe(scales: str, others: Sequence[DesignCell]) -> str:
    arms = ", ".join(dict.fromkeys(str(cell.level) for cell in others))
    return "; ".join(filter(None, [scales, f"without arms that are no dose: {arms}" if arms else ""]))


def _is_in(cell: DesignCell, method: tuple[str | None, str] | None, stage: str | None, baseline: DesignCell) -> bool:
    is_its_method = cell.method is None or (cell.magnitude > 0 and (cell.method, cell.setting) == method)
    return is_its_method and (cell.arm == baseline.arm or (cell.dose is not None and cell.stage == stage))


def _make_design(
    cells: Sequence[DesignCell], baseline: DesignCell, method: tuple[str | None, str] | None, stage: str | None
) -> TermDesign | None:
    if not cells:
        return None
    everything = [baseline, *cells]
    logs = sorted({float(np.log2(cell.magnitude)) for cell in everything if cell.magnitude > 0})
    doses = sorted({cell.dose for cell in everything if cell.dose is not None})
    middle_log = float(np.mean(logs)) if logs else 0.0
    middle_dose = float(np.mean(doses)) if doses else 0.0

    def features(cell: DesignCell) -> dict[str, float]:
        is_perturbed, has_dose = cell.magnitude > 0, cell.dose is not None
        main = {
            "perturbed": float(is_perturbed),
            "magnitude": float(np.log2(cell.magnitude)) - middle_log if is_perturbed else 0.0,
            "intermediate": float(has_dose and cell.level != NO_STAGE),
            "dose": cell.dose - middle_dose if cell.dose is not None else 0.0,
        }
        return main | {f"{a}:{b}": main[a] * main[b] for a in _MAGNITUDE_TERMS for b in _DOSE_TERMS}

    base = features(baseline)
    rows = [features(cell) for cell in cells]
    columns: dict[str, list[float]] = {}
    for term in base:
        column = [row[term] - base[term] for row in rows]
        if np.linalg.matrix_rank(np.array([*columns.values(), column]).T) > len(columns):
            columns[term] = column
    if not columns:
        return None
    parts = [*(method or ()), f"intermediate {stage}" if stage else "", baseline.rest]
    scales = []
    if "magnitude" in columns:
        scales.append(f"magnitude in doublings from {2**middle_log:.3g}")
    if "dose" in columns:
        scales.append(f"dose from {middle_dose:.3g}")
    return TermDesign(
        name=" · ".join(part for part in parts if part),
        target_task=baseline.target_task,
        baseline_cell_id=baseline.cell_id,
        cells=tuple(cells),
        terms=tuple(columns),
        matrix=np.array([*columns.values()]).T,
        scales="; ".join(scales),
    )
