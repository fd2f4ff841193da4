"""Cells proposed by Optuna while the sweep runs. In: a space, its store. Out: a `CellSource`.

The store is the truth and the study a copy of it: what the study lacks is told to it, what it has begun is gone on
with.
"""

import logging
from collections import deque
from collections.abc import Collection

from optuna.trial import Trial, TrialState, create_trial

from results.store import ResultStore
from search_spaces.draws import RandomChooser
from search_spaces.expand import propose_cell
from search_spaces.searches import OptunaSearch
from search_spaces.space import SearchSpace
from sweeps.planning.plan import PlannedTrial
from sweeps.search.known_cells import KnownCell, KnownCells
from sweeps.search.outcomes import CellOutcome, judge_cell
from sweeps.search.parameters import RecordingChooser, TrialChooser, find_parameters
from sweeps.search.study import make_sampler, open_study
from xlt_core.errors import XltError
from xlt_core.spec import TrialSpec
from xlt_core.streams import numpy_generator

logger = logging.getLogger(__name__)

CELL_ID = "cell_id"
"""Attribute of an Optuna trial: the cell that it proposed."""

_MAX_KNOWN_IN_A_ROW = 10
"""Proposals of cells that are known already, after which one is drawn at random among the others."""
_MAX_DRAWS_IN_VAIN = 500
_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


class OptunaSource:
    """Asks a study for cells, runs each with every seed of the space, and tells the study the deltas."""

    def __init__(
        self, space: SearchSpace, search: OptunaSearch, store: ResultStore, running_ids: Collection[str] = ()
    ) -> None:
        """Open the study and bring it up to date.

        Args:
            space: of the sweep.
            search: of the space.
            store: of the sweep.
            running_ids: trials that the launch runs anyway, also where they have a row of an earlier one.
        """
        self._space, self._search, self._store = space, search, store
        self.study = open_study(space, search, store.storage.local_folder)
        self._cells = KnownCells(space, store, running_ids)
        self._begun: deque[KnownCell] = deque()
        self._drawn: set[TrialSpec] = set()
        self._num_in_vain = 0
        self._is_exhausted = False
        self._update_study()

    @property
    def is_finished(self) -> bool:
        """See `CellSource`."""
        is_complete = self._is_exhausted or len(self._cells) >= self._search.num_cells
        return is_complete and not any(cell.waits_for for cell in self._cells)

    def propose(self) -> tuple[PlannedTrial, ...] | None:
        """See `CellSource`."""
        while self._begun:
            trials = self._cells.hand_out(self._begun.popleft())
            if trials:
                return trials
        limit = self._search.max_parallel_cells
        if limit is not None and sum(1 for cell in self._cells if cell.waits_for) >= limit:
            return None
        while not self._is_exhausted and len(self._cells) < self._search.num_cells:
            cell = self._ask()
            trials = self._cells.hand_out(cell) if cell else ()
            if trials:
                return trials
        return None

    def trial_ended(self, trial_id: str) -> None:
        """See `CellSource`."""
        for cell in self._cells.trial_ended(trial_id):
            self._tell(cell)

    def _ask(self) -> KnownCell | None:
        """Have the study propose a cell; none where that leads to nothing new."""
        if self._num_in_vain >= _MAX_KNOWN_IN_A_ROW and not self._enqueue_unknown():
            self._is_exhausted = True
            return None
        self._num_in_vain += 1
        self.study.sampler = make_sampler(self._search, len(self.study.get_trials(deepcopy=False)))
        trial = self.study.ask()
        try:
            drawn = propose_cell(self._space, TrialChooser(trial))
            self._drawn.add(drawn.spec)
            cell = self._cells.plan(drawn)
        except XltError as error:
            logger.warning("a cell that the search proposed cannot be run: %s", error)
            self.study.tell(trial, state=TrialState.FAIL)
            return None
        if not cell.trials:
            self._note(trial, cell.baselines[0])
            self.study.tell(trial, judge_cell(self._store, (), cell.baselines, self._search).values)
            return None
        self._note(trial, cell.trials[0])
        known = self._cells.find(cell.cell_id)
        if known is None:
            known = self._cells.add(cell)
            self._num_in_vain = 0
        known.numbers.append(trial.number)
        if not known.waits_for:
            self._tell(known)
        return known

    def _note(self, trial: Trial, planned: PlannedTrial) -> None:
        """Write beside a proposal which cell it is: a later launch finds it by that."""
        trial.set_user_attr(CELL_ID, planned.plan.cell_id)
        trial.set_user_attr("cell", planned.cell)

    def _enqueue_unknown(self) -> bool:
        """Draw a cell that is not known and have the study propose it next; gives whether there is one."""
        num_trials = len(self.study.get_trials(deepcopy=False))
        for index in range(_MAX_DRAWS_IN_VAIN):
            generator = numpy_generator(self._search.seed, "unknown_cells", num_trials, index)
            recorder = RecordingChooser(RandomChooser(generator))
            try:
                drawn = propose_cell(self._space, recorder)
                is_new = drawn.spec not in (*self._drawn, drawn.baseline)
                self._drawn.add(drawn.spec)
                if is_new and self._cells.find(self._cells.plan(drawn).cell_id) is None:
                    self.study.enqueue_trial(recorder.parameters.values)
                    return True
            except XltError:  # cannot be run: not among those to be proposed
                continue
        return False

    def _tell(self, cell: KnownCell, told: Collection[TrialState] = ()) -> None:
        """Tell the study what came of a cell, where it was not `told` that already."""
        outcome = judge_cell(self._store, cell.trials, cell.baselines, self._search)
        for number in cell.numbers:
            self.study.tell(number, outcome.values or None, state=_STATES[outcome.state], skip_if_finished=True)
        if not cell.numbers and _STATES[outcome.state] not in told:
            self._add(cell, outcome)
        cell.numbers.clear()

    def _add(self, cell: KnownCell, outcome: CellOutcome) -> None:
        """Tell the study of a cell that it has not proposed, or not as far as it knows."""
        parameters = find_parameters(self._space, cell.spec)
        if parameters is None or outcome.state == "failed":
            return
        self.study.add_trial(
            create_trial(
                state=_STATES[outcome.state],
                values=outcome.values or None,
                params=parameters.values,
                distributions=parameters.distributions,
                user_attrs={CELL_ID: cell.cell_id, "cell": cell.trials[0].cell},
            )
        )

    def _update_study(self) -> None:
        """Match what the study has begun with cells of the plan, and tell it what it lacks."""
        told: dict[str, set[TrialState]] = {}
        for trial in self.study.get_trials(deepcopy=False):
            cell = self._cells.find(trial.user_attrs.get(CELL_ID, ""))
            if trial.state.is_finished() and cell is not None:
                told.setdefault(cell.cell_id, set()).add(trial.state)
            elif trial.state is TrialState.RUNNING and cell is not None:
                cell.numbers.append(trial.number)
            elif trial.state is TrialState.RUNNING:  # killed before anything of it was planned
                self.study.tell(trial.number, state=TrialState.FAIL)
        for cell in self._cells:
            if cell.waits_for:
                self._begun.append(cell)
            elif cell.numbers or TrialState.COMPLETE not in told.get(cell.cell_id, ()):
                self._tell(cell, told.get(cell.cell_id, ()))
