"""What a sweep has to do: its planned trials, and the stages that they share. Light: no torch, no ray.

In: a `SearchSpace`. Out: a `SweepPlan`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from results.garbage import without_collection
from search_spaces.expand import SpaceTrial, expand_space
from search_spaces.growth import fixed_base
from search_spaces.resolution import check_dev_sets
from search_spaces.space import SearchSpace
from sweeps.planning.analysis import resolve_analysis
from xlt_core.canonical import content_key
from xlt_core.difficulty import MEASURES
from xlt_core.difficulty.spec import ScorerSpec
from xlt_core.fingerprints import Fingerprints
from xlt_core.plan import TrialPlan, plan_trial
from xlt_core.spec import TrialSpec
from xlt_core.stage_plan import Stage
from xlt_core.tasks import load_task


@dataclass(frozen=True, kw_only=True)
class PlannedTrial:
    """A trial with its place in the design; all that is needed to run it and to file its result."""

    plan: TrialPlan
    axes: Mapping[str, JsonValue]
    """Dotted key to value, for the settings that vary and that this cell reads."""
    cell: str
    """Short label of the cell."""
    baseline_cell_id: str
    is_baseline: bool
    supersedes: str | None = None
    """Trial of the same training that was scored on less; this one stands for it."""

    @property
    def trial_id(self) -> str:
        """The trial's identity."""
        return self.plan.trial_id

    @property
    def title(self) -> str:
        """For people: the cell and the seed."""
        return f"{self.cell} · seed {self.plan.spec.seed}"


@dataclass(frozen=True, kw_only=True)
class SharedStage:
    """A stage that is run once for all trials that start with it."""

    stage: Stage
    spec: TrialSpec
    """Of the first trial that needs the stage; all others agree with it in what the stage reads."""
    trial_ids: tuple[str, ...]
    """The trials that need it."""

    @property
    def title(self) -> str:
        """For people: what kind of stage, on what, which seed."""
        title = describe_stage(self.stage)
        return f"{title} · seed {self.spec.seed_of(self.stage.kind)}" if self.stage.kind == "intermediate" else title


def describe_stage(stage: Stage) -> str:
    """For people: what kind of stage, on what; the same for all seeds."""
    if stage.settings is None:
        return f"{stage.kind} {stage.encoder.source if stage.encoder else ''}"
    task, dose = "+".join(load_task(name).name for name in stage.settings.tasks), stage.settings.dose
    if stage.scorer is not None:
        return f"{stage.kind} {task} by {describe_scorer(stage.scorer)}"
    arm = "" if dose is None else f" {dose}" if isinstance(dose, str) else f" dose {dose:g}"
    return f"{stage.kind} {task}{arm}"


def describe_scorer(scorer: ScorerSpec) -> str:
    """For people: the measure, of what file or with what encoder, and its seed where it is not the usual one."""
    entry, words = MEASURES[scorer.measure], [scorer.measure]
    if scorer.path is not None:
        words.append(f"of {Path(scorer.path).name}")
    if entry.trains and scorer.encoder is not None:
        source = scorer.encoder.source
        words.append(f"with {Path(source).name if Path(source).is_absolute() else source}")
    if entry.trains and scorer.seed != 0:
        words.append(f"seed {scorer.seed}")
    return " ".join(words)


@dataclass(frozen=True, kw_only=True)
class SweepPlan:
    """Every trial of a space, each once."""

    name: str
    sweep_id: str
    """Of the space's name and base without what may grow (`search_spaces.growth`), and where seeds vary from: with more
    values, seeds, languages or conditions it is still the same sweep."""
    trials: tuple[PlannedTrial, ...]
    num_proposed: int = 0
    """Cells that a search proposes while the sweep runs, at most."""
    analysis: Mapping[str, JsonValue] | None = None
    """What the space sets out to test, in cell ids (`results.analysis`)."""

    @property
    def num_cells(self) -> int:
        """Distinct cells, baselines among them."""
        return len({trial.plan.cell_id for trial in self.trials})


class TrialPlanner:
    """Plans trials of one space; what several of them read is read once."""

    def __init__(self) -> None:
        self._fingerprints = Fingerprints()
        self._plans: dict[TrialSpec, TrialPlan] = {}

    def plan(self, trial: SpaceTrial) -> PlannedTrial:
        """Resolve a trial and its baseline.

        Raises:
            XltError: its settings, data or encoder cannot be used.
        """
        return PlannedTrial(
            plan=self._plan_once(trial.spec),
            axes=trial.axes,
            cell=trial.cell,
            baseline_cell_id=self._plan_once(trial.baseline).cell_id,
            is_baseline=trial.is_baseline,
        )

    def _plan_once(self, spec: TrialSpec) -> TrialPlan:
        if spec not in self._plans:
            self._plans[spec] = plan_trial(spec, self._fingerprints)
        return self._plans[spec]


def plan_sweep(space: SearchSpace) -> SweepPlan:
    """Resolve every cell and seed of a space; reads each data set and encoder once, trains nothing.

    Of a space whose cells are proposed on the way, the plan holds a baseline only.

    Raises:
        XltError: a cell is invalid, or its data or encoder cannot be used.
    """
    planner = TrialPlanner()
    trials: dict[str, PlannedTrial] = {}
    cell_ids: dict[TrialSpec, str] = {}
    with without_collection():
        for trial in expand_space(space):
            planned = planner.plan(trial)
            trials.setdefault(planned.trial_id, planned)
            if space.analysis is not None:
                cell_ids.setdefault(trial.spec.model_copy(update={"seed": 0}), planned.plan.cell_id)
    check_dev_sets(space, (planned.plan.spec for planned in trials.values()))
    # Trials of one seed are the same in both designs, and stand for other variation: no sweep may mix them.
    design = {} if space.seeds_from == "intermediate" else {"seeds_from": space.seeds_from}
    sweep_id = content_key({"name": space.name, "base": fixed_base(space), **design})
    num_proposed = space.search.optuna.num_cells if space.search.optuna else 0
    return SweepPlan(
        name=space.name,
        sweep_id=sweep_id,
        trials=tuple(trials.values()),
        num_proposed=num_proposed,
        analysis=resolve_analysis(space, cell_ids),
    )


def plan_single_trial(spec: TrialSpec, *, needs_labels: bool = True) -> PlannedTrial:
    """Plan one trial outside of any design: it is its own baseline.

    Args:
        spec: of the trial.
        needs_labels: its test sets are to be scored, not only predicted.

    Raises:
        XltError: its settings, data or encoder cannot be used.
    """
    plan = plan_trial(spec, needs_labels=needs_labels)
    label = f"{spec.target.task} {plan.cell_id[:6]}"
    return PlannedTrial(plan=plan, axes={}, cell=label, baseline_cell_id=plan.cell_id, is_baseline=True)


def collect_shared_stages(trials: Iterable[PlannedTrial]) -> tuple[SharedStage, ...]:
    """List the distinct shared stages of `trials`, every parent before its children."""
    stages: dict[str, Stage] = {}
    specs: dict[str, TrialSpec] = {}
    needed_by: dict[str, list[str]] = {}
    for trial in trials:
        for stage in trial.plan.shared_stages:
            stages.setdefault(stage.key, stage)
            specs.setdefault(stage.key, trial.plan.spec)
            needed_by.setdefault(stage.key, []).append(trial.trial_id)
    return tuple(
        SharedStage(stage=stage, spec=specs[key], trial_ids=tuple(needed_by[key])) for key, stage in stages.items()
    )


def num_stage_runs_saved(trials: Iterable[PlannedTrial]) -> int:
    """Count the stages that sharing saves: how many more would run if every trial ran its own."""
    return sum(len(shared.trial_ids) - 1 for shared in collect_shared_stages(trials))
