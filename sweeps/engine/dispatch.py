"""Says what to run next and hears what became of it: the graph of a launch's units, claims of others, and a search.

In: trials, outcomes of units. Out: jobs, each once it can begin. Ray Tune's searcher and the inline runner ask here.
"""

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from rich.markup import escape

from search_spaces.resources import Resources
from sweeps.engine.arrays import ArrayWidths
from sweeps.engine.claimed import ClaimedStages
from sweeps.engine.work import Work
from sweeps.planning.plan import PlannedTrial
from sweeps.search.base import CellSource
from sweeps.units.failures import Failure
from sweeps.units.graph import Unit, UnitGraph
from sweeps.units.job import Job
from sweeps.units.stopping import StopSweep, stop_for_storage, writing_rows
from sweeps.workers.outcomes import CLAIMED, DAMAGED, FAILED, STORAGE, ArrayOutcome, UnitOutcome

_MAX_TIMES_DAMAGED = 3

CanHold = Callable[[Resources], bool]
CountSlots = Callable[[Resources], int]


class Dispatcher:
    """The state of a launch. Everything is called from one thread."""

    def __init__(self, work: Work, trials: Iterable[PlannedTrial], cells: CellSource | None = None) -> None:
        self.work = work
        self.failures: dict[str, Failure] = {}
        """Of stages, by key."""
        self._cells = cells
        self._graph = UnitGraph()
        self._claimed = ClaimedStages(work.place.stages, work.place.launch_id)
        self._stopped: dict[str, tuple[int, str]] = {}
        self._num_damaged: dict[str, int] = {}
        self._began_at: dict[str, float] = {}
        self._widths = ArrayWidths()
        self._add(trials)

    @property
    def is_finished(self) -> bool:
        """Whether nothing runs and nothing is left to be run."""
        return self._graph.num_open == 0 and (self._cells is None or self._cells.is_finished)

    @property
    def claimed(self) -> frozenset[str]:
        """Stages that are waited for because another sweep computes them."""
        return self._claimed.keys

    @property
    def requests(self) -> tuple[Resources, ...]:
        """What the units ask for that run or could; each kind once."""
        claimed = self._claimed.keys
        texts = dict.fromkeys(str(u.request) for u in self._graph.begun_or_ready if u.unit_id not in claimed)
        return tuple(map(Resources.model_validate_json, texts))

    def keep_only(self, stage_keys: Collection[str]) -> None:
        """Drop every unit but these stages."""
        for trial_id in self.work.trials:
            self._graph.fail(trial_id)
        for key in self.work.stages.keys() - set(stage_keys):
            self._graph.fail(key)

    def propose_first(self) -> None:
        """Have something of a search that has planned nothing yet: what is checked before it runs looks at trials.

        Raises:
            StopSweep: the plan cannot be written.
        """
        if not self.work.trials:
            with writing_rows():
                self._propose()

    @writing_rows()
    def take(self, can_hold: CanHold = lambda _: True, count_slots: CountSlots = lambda _: 1) -> Job | None:
        """Give the next unit to run, with others that may train together with it; none: nothing can begin now.

        Args:
            can_hold: whether a unit that asks for so much could begin now.
            count_slots: how many such units could run at a time if nothing else did.

        Raises:
            StopSweep: the store cannot be read or written; or nothing of what is left can ever run.
        """
        self._look_at_claims()
        while True:
            unit = self._graph.take(lambda unit: can_hold(_read_request(unit)))
            if unit is None and not self._propose():
                self._check_not_stuck()
                return None
            if unit is None:
                continue
            job = self._make_job(unit)
            if job is not None:
                self._began_at[unit.unit_id] = time.monotonic()
                return self._with_companions(job, unit, count_slots)

    def unit_ended(self, unit_id: str, outcome: UnitOutcome) -> None:
        """Hear what an attempt came to; there are no further ones.

        Raises:
            StopSweep: rows cannot be written.
        """
        if outcome.status == STORAGE:
            assert outcome.failure is not None, "it says what is wrong"
            raise stop_for_storage(outcome.failure.storage_trouble or outcome.failure.reason)
        if self._graph.get(unit_id) is None:  # said before: Tune tries a unit again whose worker it could not let go
            return
        if outcome.status == CLAIMED:
            self._claimed.add(unit_id)
        elif outcome.status == DAMAGED:
            self._compute_again(outcome.stage_key, unit_id)
        elif unit_id in self.work.stages:
            self._stage_ended(unit_id, outcome.failure if outcome.status == FAILED else None)
        else:
            self._graph.finish(unit_id)
            self._trial_ended(unit_id)

    def array_ended(self, unit_id: str, outcome: ArrayOutcome) -> None:
        """Hear what a trial and those that train with it came to; raises what `unit_ended` does."""
        key = self._widths.end(unit_id)
        if key is None:  # said before, as in `unit_ended`: its members may run elsewhere by now
            return
        news = self._widths.hear(key, outcome)
        if news is not None:
            self.work.display.say(news)
        for name in (*outcome.left, *outcome.apart):
            self.unit_died(name, alone=name in outcome.apart)
        for name, ended in outcome.ended.items():
            self.unit_ended(name, ended)

    def unit_died(self, unit_id: str, *, alone: bool = False) -> None:
        """Hear that a unit's worker is gone, through no doing of the unit: it is begun again.

        Args:
            unit_id: of the unit.
            alone: it trains with no others then.
        """
        self._widths.end(unit_id)
        if self._graph.get(unit_id) is not None:
            self._graph.put_back(unit_id, alone=alone)

    def unit_lost(self, unit_id: str, failure: Failure, attempt: int) -> None:
        """Hear that a unit's worker died each time, and could say nothing.

        Raises:
            StopSweep: rows cannot be written.
        """
        if self._graph.get(unit_id) is None:
            return
        if unit_id in self.work.stages:
            self._stage_ended(unit_id, failure)
            return
        self._graph.finish(unit_id)
        row = self.work.store.read_trial(unit_id)
        if row is None or row["launch_id"] != self.work.place.launch_id:
            self.work.record_failure(unit_id, failure, attempt)
        self._trial_ended(unit_id)

    def trial_stopped(self, trial_id: str, num_steps: int, reason: str) -> None:
        """Hear that a scheduler has stopped a trial at a rung: it is scored as it is there."""
        self._stopped[trial_id] = (num_steps, reason)
        self._graph.put_back(trial_id)

    def _add(self, trials: Iterable[PlannedTrial]) -> None:
        trials = tuple(trials)
        stages = [one for one in self.work.add(trials) if not self.work.shelf.has(one.stage.key)]
        for one in stages:  # of a search: what they need may have failed before they were proposed
            for key in self.failures.keys() & set(one.stage.needs):
                self.failures[one.stage.key] = self.failures[key]
        units = [self.work.unit_of_stage(one) for one in stages if one.stage.key not in self.failures]
        units += [self.work.unit_of_trial(one) for one in trials]
        self._graph.add(units)
        for unit in units:
            self.work.display.expect(unit.unit_id, unit.kind, unit.num_steps)
        for trial in trials:
            lost = next((stage.key for stage in trial.plan.shared_stages if stage.key in self.failures), None)
            if lost is not None:
                self._graph.fail(trial.trial_id)
                self._trial_lost(trial.trial_id, lost)

    def _make_job(self, unit: Unit) -> Job | None:
        """None: the unit is not to be run now, or no more."""
        if unit.kind == "trial":
            return self.work.job_of_trial(unit.unit_id, self._stopped.get(unit.unit_id))
        if self.work.shelf.has(unit.unit_id):  # another sweep was faster
            self._stage_ended(unit.unit_id, None)
            return None
        holder = self._claimed.find_other(unit.unit_id)
        if holder is not None:
            self._claimed.add(unit.unit_id)
            where = f"{escape(holder.host)} (process {holder.pid})"
            self.work.display.say(f"stage  {escape(unit.title)}  waits: {where} computes it")
            return None
        return self.work.job_of_stage(unit.unit_id, self._claimed.describe_dead(unit.unit_id))

    def _with_companions(self, job: Job, unit: Unit, count_slots: CountSlots) -> Job:
        """The job of a unit that was taken, with ready ones that can train together with it."""
        if unit.array_key is None:
            return job
        num_ready, num_slots = self._graph.count_ready(unit.request) + 1, count_slots(_read_request(unit))
        others = self._graph.take_alike(unit, self._widths.choose(unit, num_ready, num_slots) - 1)
        if not others:
            return job
        self._widths.begin(unit, len(others) + 1)
        self.work.display.say(f"array  {len(others) + 1} trials train together: {escape(unit.title)}, ...")
        companions = tuple(self.work.job_of_trial(other.unit_id) for other in others)
        return replace(job, companions=companions, max_width=self._widths.find_proved(unit, len(others) + 1))

    def _look_at_claims(self) -> None:
        """Finish what others have published; take back what they have given up."""
        for key in self._claimed.look():
            if self.work.shelf.has(key):
                self._claimed.discard(key)
                self._stage_ended(key, None)
            elif self._claimed.is_given_up(key):
                self._claimed.discard(key)
                self._graph.put_back(key)

    def _propose(self) -> bool:
        """Ask the search for another cell; gives whether there is one."""
        if self._cells is None or self._cells.is_finished or self._graph.num_ready:
            return False
        trials = self._cells.propose()
        if trials is None:
            return False
        self.work.display.num_trials += len([trial for trial in trials if trial.trial_id not in self.work.trials])
        self._add(trial for trial in trials if trial.trial_id not in self.work.trials)
        return True

    def _check_not_stuck(self) -> None:
        """End the sweep rather than wait for what nobody is at.

        Raises:
            StopSweep: nothing runs or could, and yet there is something left.
        """
        if self.is_finished or self._graph.running or self._graph.num_ready:
            return
        raise StopSweep(
            f"{self._graph.num_open} units wait for what nobody computes, or the search for trials that nobody runs; "
            "this is a fault of this program, and the log beside the sweep may say what came before",
            is_user_request=False,
        )

    def _stage_ended(self, key: str, failure: Failure | None) -> None:
        shared = self.work.stages[key]
        seconds = time.monotonic() - self._began_at.get(key, time.monotonic())
        lost: tuple[Unit, ...] = ()
        if failure is None:
            self._graph.finish(key)
        else:
            self.failures[key] = failure
            lost = self._graph.fail(key)
        self.work.display.stage_ended(shared.title, seconds, failure.reason if failure else None, key)
        for unit in lost:
            if unit.kind == "stage":
                self.failures[unit.unit_id] = self.failures[key]
                self.work.display.stage_ended(unit.title, 0.0, self.failures[key].reason, unit.unit_id)
            else:
                self._trial_lost(unit.unit_id, key)

    def _trial_lost(self, trial_id: str, key: str) -> None:
        """Record a trial that cannot run since a stage that it needs has failed."""
        failure = self.failures[key]
        reason = f"{self.work.stages[key].title} (stage {key}) failed: {failure.reason}"
        self.work.record_failure(trial_id, replace(failure, reason=reason), attempt=1)
        self._trial_ended(trial_id)

    def _trial_ended(self, trial_id: str) -> None:
        try:
            self.work.trial_ended(trial_id)
        finally:  # or the search would wait for it for ever
            if self._cells is not None:
                self._cells.trial_ended(trial_id)

    def _compute_again(self, key: str, unit_id: str) -> None:
        """A stage that a unit needs was damaged and set aside."""
        shared = self.work.stages[key]
        if key in self.failures:
            self.unit_lost(unit_id, self.failures[key], attempt=1)
            return
        if self._graph.get(key) is None:  # else others have found the same damage, and it is being mended
            self._num_damaged[key] = self._num_damaged.get(key, 0) + 1
            self.work.display.say(f"stage  {escape(shared.title)}  was damaged on the disk: computed again")
        if self._num_damaged.get(key, 0) > _MAX_TIMES_DAMAGED:
            reason = f"stage {key} was found damaged {self._num_damaged[key]} times; check the disk under it"
            self.unit_lost(unit_id, Failure(status="infra", reason=reason, traceback=""), attempt=1)
        else:
            self._graph.reopen(self.work.unit_of_stage(shared), unit_id)


def _read_request(unit: Unit) -> Resources:
    return Resources.model_validate_json(str(unit.request))
