"""The cells of a search that are planned, each with its trials and what it still waits for.

In: a space, its store, cells that are proposed. Out: `KnownCell`s; rows in the store's plan.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from results.store import ResultStore
from search_spaces.cells import Cell
from search_spaces.expand import list_shown_specs, list_trials
from search_spaces.space import SearchSpace
from sweeps.planning.plan import PlannedTrial, TrialPlanner
from sweeps.tables.rows import plan_row, planned_trial
from xlt_core.spec import TrialSpec


@dataclass
class KnownCell:
    """A cell, its trials and those of its baseline."""

    trials: tuple[PlannedTrial, ...]
    baselines: tuple[PlannedTrial, ...]
    waits_for: set[str] = field(default_factory=set)
    """Of these trials, those that have not ended."""
    numbers: list[int] = field(default_factory=list)
    """Of the Optuna trials that proposed it and were not told yet what came of it."""

    @property
    def cell_id(self) -> str:
        """The cell's identity."""
        return (self.trials or self.baselines)[0].plan.cell_id

    @property
    def spec(self) -> TrialSpec:
        """Of seed 0."""
        return _without_seed(self.trials[0])


class KnownCells:
    """All planned cells but baselines."""

    def __init__(self, space: SearchSpace, store: ResultStore, running_ids: Collection[str]) -> None:
        """Read the store's plan, and add to it the seeds of the space that cells lack.

        Args:
            space: of the search.
            store: of the sweep.
            running_ids: trials that have not ended although they may have a row.
        """
        self._space, self._store = space, store
        self._planner = TrialPlanner()
        self._shown = list_shown_specs(space)
        self._ended = set(store.finished()) - set(running_ids)
        self._planned: dict[str, PlannedTrial] = {}
        self._handed: set[str] = set()
        self._cells: dict[str, KnownCell] = {}
        self._read_plan()

    def __len__(self) -> int:
        return len(self._cells)

    def __iter__(self) -> Iterator[KnownCell]:
        return iter(tuple(self._cells.values()))

    def find(self, cell_id: str) -> KnownCell | None:
        """Give a cell that is planned already."""
        return self._cells.get(cell_id)

    def plan(self, cell: Cell) -> KnownCell:
        """Plan the trials of a cell and its baseline with every seed; nothing is kept or written.

        Raises:
            XltError: its data or encoder cannot be used.
        """
        pair = {cell.baseline: cell.baseline, cell.spec: cell.baseline}
        planned = {one.trial_id: one for one in map(self._planner.plan, list_trials(self._space, pair, self._shown))}
        baseline_id = next(iter(planned.values())).baseline_cell_id
        own = tuple(one for one in planned.values() if one.plan.cell_id != baseline_id)
        return KnownCell(own, tuple(one for one in planned.values() if one.plan.cell_id == baseline_id))

    def add(self, cell: KnownCell) -> KnownCell:
        """Keep a cell, and write what of it is new into the store's plan."""
        self._write(self._keep(cell))
        return cell

    def hand_out(self, cell: KnownCell) -> tuple[PlannedTrial, ...]:
        """Give the trials that a cell waits for, but those given before; the baseline's first."""
        wanted = [one for one in (*cell.baselines, *cell.trials) if one.trial_id in cell.waits_for - self._handed]
        self._handed |= {one.trial_id for one in wanted}
        return tuple(wanted)

    def trial_ended(self, trial_id: str) -> list[KnownCell]:
        """Give the cells that waited for this trial last."""
        self._ended.add(trial_id)
        waiting = [cell for cell in self if trial_id in cell.waits_for]
        for cell in waiting:
            cell.waits_for.discard(trial_id)
        return [cell for cell in waiting if not cell.waits_for]

    def _keep(self, cell: KnownCell) -> list[PlannedTrial]:
        """Keep a cell; give its trials that are not planned yet."""
        both = (*cell.baselines, *cell.trials)
        new = {one.trial_id: one for one in both if one.trial_id not in self._planned}
        self._planned |= new
        cell.waits_for = {one.trial_id for one in both} - self._ended
        self._cells[cell.cell_id] = cell
        return list(new.values())

    def _write(self, trials: Collection[PlannedTrial]) -> None:
        if trials:  # writing looks at all that is planned
            self._store.write_plan([plan_row(one) for one in trials])

    def _read_plan(self) -> None:
        new: list[PlannedTrial] = []
        by_cell: dict[str, list[PlannedTrial]] = {}
        for row in self._store.plan().to_pylist():
            trial = planned_trial(row)
            self._planned[trial.trial_id] = trial
            by_cell.setdefault(trial.plan.cell_id, []).append(trial)
        for trials in by_cell.values():
            compared = by_cell.get(trials[0].baseline_cell_id)
            if compared and not trials[0].is_baseline:
                new += self._keep(self._with_all_seeds(trials, compared))
        self._write(new)

    def _with_all_seeds(self, trials: list[PlannedTrial], baselines: list[PlannedTrial]) -> KnownCell:
        """A cell of the plan with the seeds that it has, and those that the space has and it lacks."""
        present = {one.trial_id for one in (*trials, *baselines)}
        seeds = set(self._space.seed_values)
        if all(seeds <= {one.plan.spec.seed for one in some} for some in (trials, baselines)):
            return KnownCell(tuple(trials), tuple(baselines))
        grown = self.plan(Cell(_without_seed(trials[0]), _without_seed(baselines[0])))
        for some, more in ((trials, grown.trials), (baselines, grown.baselines)):
            like = some[0]
            some += [
                replace(one, cell=like.cell, axes=like.axes)
                for one in more
                if one.trial_id not in present and one.plan.cell_id == like.plan.cell_id
            ]
        return KnownCell(tuple(trials), tuple(baselines))


def _without_seed(trial: PlannedTrial) -> TrialSpec:
    return trial.plan.spec.model_copy(update={"seed": 0})
