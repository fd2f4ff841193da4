"""Tune's rules as a sweep uses them, asked as Tune asks; no cluster."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ray import cloudpickle
from ray.tune.schedulers import TrialScheduler

from results.store import ResultStore
from search_spaces.searches import Scheduler
from sweeps.engine.schedulers import PastTrial, Rung, build_scheduler, read_past_trials
from tests.results.factories import plan_row, trial_row

ASHA = Scheduler.model_validate({"asha": {"grace_steps": 10, "reduction_factor": 2}})
MEDIAN = Scheduler.model_validate({"median": {"grace_steps": 10, "min_trials": 2}})


@dataclass(frozen=True)
class OneTrial:
    """What a scheduler sees of a Tune trial."""

    trial_id: str
    task: str = "world"
    kind: str = "trial"
    rung_steps: tuple[int, ...] = (10, 20)

    @property
    def config(self) -> dict[str, Any]:
        payload = json.dumps({"spec": {"target": {"task": self.task}}})
        return {"job": {"kind": self.kind, "rung_steps": list(self.rung_steps), "payload": payload}}


def report(scheduler: Any, trial: OneTrial, score: float | None, num_steps: int = 10) -> str:
    scheduler.on_trial_add(None, trial)
    return str(scheduler.on_trial_result(None, trial, {"num_steps": num_steps, "source_dev_score": score}))


def stopped(scheduler: Any, scores: list[float], **settings: Any) -> list[bool]:
    trials = [OneTrial(f"{settings.get('task', '')}{place}", **settings) for place in range(len(scores))]
    return [report(scheduler, *one) == TrialScheduler.STOP for one in zip(trials, scores, strict=True)]


def test_asha_stops_at_a_rung_who_is_below_the_best_part_so_far() -> None:
    # cut-offs: none, 50, the median of (50, 80), that of (50, 80, 60), ...
    assert stopped(build_scheduler(ASHA), [50.0, 80.0, 60.0, 61.0, 90.0]) == [False, False, True, False, False]


def test_median_stops_who_is_below_the_median_of_the_others() -> None:
    assert stopped(build_scheduler(MEDIAN), [50.0, 80.0, 60.0, 70.0]) == [False, False, True, False]


def test_no_trial_is_stopped_before_enough_others_have_come_as_far() -> None:
    assert stopped(build_scheduler(MEDIAN), [80.0, 10.0]) == [False, False]


@pytest.mark.parametrize("rule", [ASHA, MEDIAN], ids=["asha", "median"])
def test_trials_on_different_tasks_are_not_compared(rule: Scheduler) -> None:
    scheduler = build_scheduler(rule)
    assert not any(stopped(scheduler, [90.0, 91.0, 92.0], task="xnli"))
    assert stopped(scheduler, [10.0]) == [False]


@pytest.mark.parametrize("rule", [ASHA, MEDIAN], ids=["asha", "median"])
@pytest.mark.parametrize("settings", [{"kind": "stage"}, {"kind": "stop"}, {"rung_steps": ()}])
def test_what_has_no_rungs_is_never_judged(rule: Scheduler, settings: dict[str, Any]) -> None:
    scheduler = build_scheduler(rule)
    assert not any(stopped(scheduler, [90.0, 91.0, 92.0, 1.0], **settings))
    assert stopped(scheduler, [10.0]) == [False]


@pytest.mark.parametrize("rule", [ASHA, MEDIAN], ids=["asha", "median"])
def test_a_trial_without_a_score_goes_on_and_harms_no_other(rule: Scheduler) -> None:
    scheduler = build_scheduler(rule)
    lost = OneTrial("lost")
    assert report(scheduler, lost, None) == TrialScheduler.CONTINUE
    scheduler.on_trial_complete(None, lost, {"num_steps": 0, "source_dev_score": None})
    assert not any(stopped(scheduler, [80.0, 80.0, 80.0]))


@pytest.mark.parametrize("rule", [ASHA, MEDIAN], ids=["asha", "median"])
def test_what_earlier_launches_saw_counts(rule: Scheduler) -> None:
    past = [PastTrial(f"p{place}", "world", (Rung(10, 90.0), Rung(40, 95.0))) for place in range(3)]
    assert stopped(build_scheduler(rule, past), [50.0]) == [True]
    assert stopped(build_scheduler(rule), [50.0]) == [False]


def test_a_trial_that_ends_is_compared_with_the_others_at_every_rung_below() -> None:
    scheduler = build_scheduler(MEDIAN)
    for name in ("one", "two"):
        trial = OneTrial(name)
        report(scheduler, trial, 80.0)
        scheduler.on_trial_complete(None, trial, {"num_steps": 40, "source_dev_score": 90.0})
    assert report(scheduler, OneTrial("late"), 60.0, num_steps=20) == TrialScheduler.STOP


def test_a_trial_that_is_tried_again_may_report_a_rung_twice() -> None:
    scheduler = build_scheduler(ASHA)
    stopped(scheduler, [50.0, 80.0])
    trial = OneTrial("again")
    assert report(scheduler, trial, 85.0) == report(scheduler, trial, 85.0) == TrialScheduler.CONTINUE


def test_a_rung_that_a_trial_passed_is_not_judged_again_when_it_is_tried_again() -> None:
    scheduler = build_scheduler(MEDIAN)
    trial = OneTrial("again")
    assert report(scheduler, trial, 60.0) == TrialScheduler.CONTINUE
    stopped(scheduler, [80.0, 80.0, 80.0])
    assert report(scheduler, trial, 60.0) == TrialScheduler.CONTINUE
    assert report(scheduler, trial, 60.0, num_steps=20) == TrialScheduler.CONTINUE, "no other has come as far"


def test_the_last_rung_of_a_trial_that_was_stopped_counts_once() -> None:
    scheduler = build_scheduler(MEDIAN)
    stopped(scheduler, [90.0, 90.0])
    low = OneTrial("low")
    scheduler.on_trial_add(None, low)  # type: ignore[arg-type]
    for num_steps, score in ((5, 0.0), (10, 40.0)):
        result = {"num_steps": num_steps, "source_dev_score": score}
        decision = scheduler.on_trial_result(None, low, result)  # type: ignore[arg-type]
    assert decision == TrialScheduler.STOP
    scheduler.on_trial_complete(None, low, result)  # type: ignore[arg-type]
    (rule,) = scheduler._by_task.values()  # type: ignore[attr-defined]
    assert [one["num_steps"] for one in rule._results[low]] == [5, 10]


def test_none_stops_nothing_and_every_scheduler_can_be_sent_to_tune() -> None:
    assert not any(stopped(build_scheduler(Scheduler()), [90.0, 80.0, 1.0]))
    for rule in (ASHA, MEDIAN):
        cloudpickle.dumps(build_scheduler(rule))


def test_rungs_of_finished_trials_are_read_from_the_store(tmp_path: Path) -> None:
    store = ResultStore.create(tmp_path, {"name": "made-up", "sweep_id": "s1"})
    store.write_plan([plan_row("base", 0), plan_row("strong", 0), plan_row("weak", 0)])
    rungs = [{"num_steps": 10, "score": 61.0}, {"num_steps": 20, "score": None}]
    ended = {"num_steps": 40, "source_dev_score": 70.0}
    store.publish_trial(trial_row("base-0", rungs=rungs, **ended), [])
    store.publish_trial(trial_row("strong-0", status="stopped_early", rungs=rungs[:1], **ended), [])
    store.publish_trial(trial_row("weak-0", rungs=None, **ended), [])
    task = store.plan()["target_task"][0].as_py()
    assert read_past_trials(store) == (
        PastTrial("base-0", task, (Rung(10, 61.0), Rung(40, 70.0))),
        PastTrial("strong-0", task, (Rung(10, 61.0),)),
    )


@pytest.mark.parametrize("settings", ["none", {"asha": {"grace_steps": 1}}])
def test_which_worker_takes_a_unit_is_not_chosen_here(settings: Any) -> None:
    """Or Tune would end workers that are starting, and short trials would never have a second one."""
    scheduler = build_scheduler(Scheduler.model_validate(settings))
    assert scheduler.choose_trial_to_run(None) is None  # type: ignore[arg-type]
