"""Stops trials at their rungs by Tune's own rules, those of each target task among themselves.

In: the space's `Scheduler`, and what trials of earlier launches reported. Out: a scheduler for Ray Tune. Stages, ends
of stopped trials, and trials without rungs run to their end.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import AsyncHyperBandScheduler, FIFOScheduler, MedianStoppingRule, TrialScheduler

from results.store import ResultStore
from search_spaces.searches import Scheduler
from xlt_core.tasks import load_task

_TIME, _SCORE = "num_steps", "source_dev_score"
_NUM_RUNGS = 16
"""More than any trial has: its own last step ends them."""


@dataclass(frozen=True)
class Rung:
    """What a trial reported on its way."""

    num_steps: int
    source_dev_score: float


@dataclass(frozen=True)
class PastTrial:
    """A trial of an earlier launch: others are still compared with it."""

    trial_id: str
    target_task: str
    rungs: tuple[Rung, ...]
    """Its end is the last, where it came to one."""


def build_scheduler(scheduler: Scheduler, past: Iterable[PastTrial] = ()) -> TrialScheduler:
    """Make Tune's scheduler.

    Args:
        scheduler: of the space.
        past: see `read_past_trials`.
    """
    if scheduler.asha is not None:
        asha = scheduler.asha
        return RungScheduler(
            lambda: AsyncHyperBandScheduler(
                time_attr=_TIME,
                metric=_SCORE,
                mode="max",
                grace_period=asha.grace_steps,
                reduction_factor=asha.reduction_factor,
                max_t=asha.grace_steps * asha.reduction_factor**_NUM_RUNGS,
                stop_last_trials=False,
            ),
            past,
        )
    if scheduler.median is not None:
        median = scheduler.median
        return RungScheduler(
            lambda: MedianStoppingRule(
                time_attr=_TIME,
                metric=_SCORE,
                mode="max",
                grace_period=median.grace_steps,
                min_samples_required=median.min_trials,
                min_time_slice=float("inf"),  # type: ignore[arg-type]  # with too few others, go on and do not pause
            ),
            past,
        )
    return UnitScheduler()


def read_past_trials(store: ResultStore) -> tuple[PastTrial, ...]:
    """Read what the finished trials of a sweep reported at their rungs."""
    columns = ["trial_id", "target_task", "status", "rungs", _TIME, _SCORE]
    past = []
    for row in store.trials().select(columns).to_pylist():
        rungs = [Rung(rung["num_steps"], rung["score"]) for rung in row["rungs"] or () if rung["score"] is not None]
        if rungs and row["status"] in ("ok", "degenerate") and row[_SCORE] is not None:
            rungs.append(Rung(row[_TIME], row[_SCORE]))
        if rungs:
            past.append(PastTrial(row["trial_id"], row["target_task"], tuple(rungs)))
    return tuple(past)


class UnitScheduler(FIFOScheduler):
    """Stops nothing, and leaves it to Tune's controller which worker takes a unit."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:  # noqa: ARG002  Tune names it
        """Choose none: the searcher has chosen.

        Tune takes the first that waits, gives it to a worker that has just become free, and ends the one that was
        starting for it: where units take less long than a worker's start, there would never be a second worker.
        """
        return None


class RungScheduler(UnitScheduler):
    """Asks one scheduler for each target task: scores on different tasks say nothing about each other."""

    def __init__(self, build: Callable[[], TrialScheduler], past: Iterable[PastTrial]) -> None:
        super().__init__()
        self._build = build
        self._by_task: dict[str, TrialScheduler] = {}
        self._of_trial: dict[str, TrialScheduler] = {}
        self._judged_at: dict[str, int] = {}
        """Steps of the last result of a trial that its scheduler was told."""
        for trial in past:
            _remember(self._scheduler_of(trial.target_task), trial)

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        """Take in a trial that has rungs."""
        job = trial.config["job"]
        if job["kind"] == "trial" and job["rung_steps"]:
            task = load_task(json.loads(job["payload"])["spec"]["target"]["task"]).name
            scheduler = self._scheduler_of(task)
            self._of_trial[trial.trial_id] = scheduler
            scheduler.on_trial_add(tune_controller, trial)

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Judge a trial at a rung, once: one that is tried again reports those it has passed again."""
        scheduler = self._of_trial.get(trial.trial_id)
        if scheduler is None or not self._is_news(trial, result):
            return TrialScheduler.CONTINUE
        return str(scheduler.on_trial_result(tune_controller, trial, result))

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        """Remember how a trial ended."""
        scheduler = self._of_trial.pop(trial.trial_id, None)
        if scheduler is not None and self._is_news(trial, result):  # one that was stopped ends with a rung it knows
            scheduler.on_trial_complete(tune_controller, trial, result)

    def debug_string(self) -> str:
        """Say what the schedulers say."""
        return "\n".join(f"{task}: {scheduler.debug_string()}" for task, scheduler in self._by_task.items())

    def _is_news(self, trial: Trial, result: dict[str, Any]) -> bool:
        """Whether a trial has come further than its scheduler knows, with a score: one that failed has none."""
        is_further = bool(result.get(_TIME)) and result[_TIME] > self._judged_at.get(trial.trial_id, 0)
        if not is_further or result.get(_SCORE) is None:
            return False
        self._judged_at[trial.trial_id] = result[_TIME]
        return True

    def _scheduler_of(self, task: str) -> TrialScheduler:
        if task not in self._by_task:
            self._by_task[task] = self._build()
        return self._by_task[task]


def _remember(scheduler: Any, trial: PastTrial) -> None:
    """Have a scheduler know a past trial, without asking what it would do with it."""
    results = [{_TIME: rung.num_steps, _SCORE: rung.source_dev_score} for rung in trial.rungs]
    has_brackets = isinstance(scheduler, AsyncHyperBandScheduler)
    if has_brackets:
        scheduler.on_trial_add(None, trial)
        for result in results:
            scheduler.on_trial_result(None, trial, result)
        scheduler.on_trial_complete(None, trial, results[-1])
    else:
        for result in results:
            scheduler.on_trial_complete(None, trial, result)
