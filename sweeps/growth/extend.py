"""Plan a space in a folder that holds its sweep already: what is new, and which trial stands for which from now on.

In: a space, the store. Out: a `GrownPlan`. A trial that is to be scored on more is another trial (identity is content);
it supersedes the one that was scored on less, and takes over what that one has. Light: no torch, no ray.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from results.store import ResultStore
from search_spaces.growth import is_same_sweep, unite_evaluations, widen_spec
from search_spaces.space import SearchSpace
from sweeps.planning.plan import PlannedTrial, SweepPlan, plan_sweep
from sweeps.tables.rows import planned_trial
from sweeps.tables.takeover import COMPLETE, STOPPED
from xlt_core.errors import StoreError
from xlt_core.fingerprints import Fingerprints
from xlt_core.plan import TrialPlan, plan_trial
from xlt_core.tasks import load_task
from xlt_core.tasks.base import FROZEN_SHAPES

Need = Literal["train", "train again", "score"]
"""What a trial takes: `score` trains nothing, `train again` repeats a training whose weights were not kept."""


@dataclass(frozen=True, kw_only=True)
class GrownPlan:
    """A space as its sweep has it from now on, and what it plans."""

    space: SearchSpace
    """Scored on all that the sweep is scored on, whoever asked for it."""
    plan: SweepPlan
    """Trials that the space asks for, then those of the folder that it does not ask for but that are scored on more."""
    others: tuple[PlannedTrial, ...] = ()
    """Trials of the folder that stay as they are, and that the space does not ask for."""

    @property
    def all_trials(self) -> tuple[PlannedTrial, ...]:
        """All that the folder holds once the plan is written."""
        return (*self.plan.trials, *self.others)


def read_space(store: ResultStore) -> SearchSpace | None:
    """Read the space that a sweep was last asked for; none where it was not begun from one."""
    space = store.sweep.get("space")
    return None if space is None else SearchSpace.model_validate_json(json.dumps(space))


def plan_grown_sweep(space: SearchSpace, held: ResultStore | None) -> GrownPlan:
    """Plan a space beside what a folder holds; without one, or beside another sweep, plan it alone.

    What a sweep scores only grows: languages and conditions that it is scored on stay when they are not asked for, so
    that every cell has one generation of trials and can be compared with its baseline. Trials that the space does not
    ask for (other values, more seeds of one cell) are kept, and scored on as much as the others.

    Raises:
        XltError: the space, its data or its encoder cannot be used; nothing is written.
        StoreError: what a trial in the folder read is no longer what it was.
    """
    held_space = read_space(held) if held else None
    if held is None or held_space is None or not is_same_sweep(space, held_space):
        return GrownPlan(space=space, plan=plan_sweep(space))
    space = unite_evaluations(space, held_space)
    plan = plan_sweep(space)
    trials = {trial.trial_id: trial for trial in plan.trials}
    planned = held.plan()
    for trial_id, superseded in zip(planned["trial_id"].to_pylist(), planned["supersedes"].to_pylist(), strict=True):
        if trial_id in trials:  # planned before: what it stood for, it still stands for
            trials[trial_id] = replace(trials[trial_id], supersedes=superseded)
    is_asked = pc.is_in(planned["trial_id"], value_set=pa.array(trials, pa.string()))
    older = [planned_trial(row) for row in planned.filter(pc.invert(is_asked)).to_pylist()]
    for wide in _widen(older, space):
        asked = trials.get(wide.trial_id)
        trials[wide.trial_id] = replace(asked, supersedes=wide.supersedes) if asked else wide
    superseded = {trial.supersedes for trial in trials.values()}
    sweep_id = str(held.sweep["sweep_id"])  # of a folder begun by an earlier version, which wrote others
    return GrownPlan(
        space=space,
        plan=replace(plan, sweep_id=sweep_id, trials=tuple(trials.values())),
        others=tuple(trial for trial in older if trial.trial_id not in superseded),
    )


def _widen(older: Iterable[PlannedTrial], space: SearchSpace) -> list[PlannedTrial]:
    """Plan those trials anew that are scored on less than the space asks for, each superseding itself as it was.

    Raises:
        StoreError: a trial's data, encoder or code are not those of its identity, so that its scores could not stand
            beside new ones.
    """
    fingerprints = Fingerprints()
    narrow: list[PlannedTrial] = []
    wide: dict[str, TrialPlan] = {}
    for trial in older:
        spec = widen_spec(trial.plan.spec, space)
        if spec == trial.plan.spec:
            continue
        if plan_trial(trial.plan.spec, fingerprints).trial_id != trial.trial_id:
            raise StoreError(
                f"'{trial.title}' was planned with other data, another encoder or another version of this program, so "
                "that it cannot be scored on more; bring these back, or run the space with `xlt sweep run SPACE --out` "
                "into a new folder"
            )
        plan = plan_trial(spec, fingerprints)
        if plan.trial_id != trial.trial_id:
            narrow.append(trial)
            wide[trial.trial_id] = plan
    cells = {trial.plan.cell_id: wide[trial.trial_id].cell_id for trial in narrow}
    return [
        replace(
            trial,
            plan=wide[trial.trial_id],
            baseline_cell_id=cells.get(trial.baseline_cell_id, trial.baseline_cell_id),
            supersedes=trial.trial_id,
        )
        for trial in narrow
    ]


@dataclass(frozen=True, kw_only=True)
class ExtensionSummary:
    """What an extension comes to."""

    num_planned_before: int
    num_planned: int
    needs: Mapping[str, Need]
    """What each trial takes that is to be run, by trial id."""
    num_superseding: int
    """Of these, trials that were there and are to be scored on more."""
    num_choosing: int = 0
    """Of those that train again, trials that do so for weights on the way, which are never kept."""
    num_proposed: int = 0
    """Cells, at most, that a search proposes, those that are there included; their new trials are not counted."""

    def count(self, need: Need) -> int:
        """Trials that take this."""
        return sum(each == need for each in self.needs.values())


def summarise_extension(grown: GrownPlan, store: ResultStore, has_weights: Callable[[str], bool]) -> ExtensionSummary:
    """Say what is to be run once the plan is written, and what each trial takes.

    Args:
        grown: the plan, written or not.
        store: of the sweep.
        has_weights: whether the weights of a target stage were kept, by its key.
    """
    finished = store.finished()
    missing = [trial for trial in grown.all_trials if trial.trial_id not in finished]
    needs = {trial.trial_id: _find_need(trial, finished, has_weights) for trial in missing}
    return ExtensionSummary(
        num_planned_before=store.plan().num_rows,
        num_planned=len(grown.all_trials),
        needs=needs,
        num_superseding=sum(trial.supersedes is not None for trial in missing),
        num_choosing=sum(needs[trial.trial_id] == "train again" and _chooses(trial) for trial in missing),
        num_proposed=grown.plan.num_proposed,
    )


def _find_need(trial: PlannedTrial, finished: Mapping[str, str], has_weights: Callable[[str], bool]) -> Need:
    stage = trial.plan.target_stage
    trains = stage.settings is not None and load_task(stage.settings.task).shape not in FROZEN_SHAPES
    if not trains or (has_weights(stage.key) and not _chooses(trial)):
        return "score"
    return "train again" if finished.get(trial.supersedes or "") in (*COMPLETE, STOPPED) else "train"


def _chooses(trial: PlannedTrial) -> bool:
    """Whether a trial needs weights on the way, which are not kept."""
    return bool(trial.plan.spec.evaluation.other_selections)
