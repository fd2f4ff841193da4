"""Trials that train together leave what each would have left alone, whatever becomes of the others."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from results.schema import PENDING
from results.store import ResultStore
from sweeps.engine.work import Work
from sweeps.observing.events import log_path, read_events
from sweeps.observing.heartbeats import read_heartbeats
from sweeps.units.failures import MAX_FAILURES
from sweeps.units.job import Job
from sweeps.workers import execute
from sweeps.workers.arrays import attempt_array
from sweeps.workers.attempts import begin_attempt, count_attempts
from sweeps.workers.execute import attempt_unit
from sweeps.workers.outcomes import STORAGE, UnitOutcome
from tests.sweeps.engine.test_work import make_filled_work
from xlt_core.arrays import run
from xlt_core.arrays.run import ArrayMember, ArrayTraining
from xlt_core.artifacts import publish_folder
from xlt_core.result import TrainingSummary
from xlt_core.trial_stages import TrainedTrial

TrainArray = Callable[..., ArrayTraining]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Four trials, whose shared stage is there."""
    work = make_filled_work(tmp_path, axes={"target.perturbation.magnitude": [0.0, 0.5]}, seeds=2)
    for key in work.stages:
        publish_folder(work.place.stages / key, lambda _: None, {"status": "ok"})
    return _together(work)


def _together(work: Work, **changes: Any) -> Job:
    first, *others = [work.job_of_trial(trial_id) for trial_id in work.trials]
    return Job(**{**vars(first), "companions": tuple(others), **changes})


def _diverged(reason: str) -> TrainedTrial:
    return TrainedTrial(status="diverged", reason=reason, costs=(), arm=None, summary=TrainingSummary(), model=None)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Ids of the members of each array; the first two of them 'train', the others are left."""
    calls: list[list[str]] = []

    def train(members: Sequence[ArrayMember], *, max_width: int | None = None) -> ArrayTraining:
        ids = [member.plan.trial_id for member in members]
        calls.append(ids)
        trained = {trial_id: _diverged(f"loss of {trial_id}") for trial_id in ids[: max_width or 2]}
        return ArrayTraining(trained=trained, left=tuple(ids[max_width or 2 :]), width=2)

    monkeypatch.setattr(run, "train_array", train)
    return calls


def _rows(job: Job) -> dict[str, dict[str, Any]]:
    store = ResultStore.open(job.place.folder)
    return {row["trial_id"]: row for row in store.trials().to_pylist() if row["status"] != PENDING}


def _events(job: Job, unit_id: str) -> list[str]:
    return [event.event for event in read_events(log_path(job.place.work_folder, unit_id))]


def test_each_trained_member_has_its_own_row_and_log_and_what_is_left_is_as_if_never_begun(
    job: Job, calls: list[list[str]]
) -> None:
    outcome = attempt_array(job)
    ids = [member.unit_id for member in job.members]
    assert calls == [ids]
    assert (list(outcome.ended), outcome.left) == (ids[:2], tuple(ids[2:]))
    assert (outcome.num_members, outcome.measured_width, outcome.failed) == (4, 2, False)
    rows = _rows(job)
    assert {trial_id: (row["status"], row["reason"], row["attempt"]) for trial_id, row in rows.items()} == {
        trial_id: ("diverged", f"loss of {trial_id}", 1) for trial_id in ids[:2]
    }
    assert _events(job, ids[0]) == ["attempt", "array", "published"]
    assert _events(job, ids[2]) == ["attempt", "array", "left"]
    assert [count_attempts(member) for member in job.members] == [1, 1, 0, 0]
    assert read_heartbeats(job.place.scratch / "progress") == []


def test_members_that_wait_until_others_are_scored_say_so(
    job: Job, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    score = execute.Worker.finish_trial

    def finish(self: execute.Worker, plan: Any, attempt: int, trained: Any = None) -> UnitOutcome:
        beats = {beat.unit_id: beat.doing for beat in read_heartbeats(job.place.scratch / "progress")}
        seen.append([beats.get(member.unit_id, "") for member in job.members])
        return score(self, plan, attempt, trained)

    monkeypatch.setattr(execute.Worker, "finish_trial", finish)
    attempt_array(Job(**{**vars(job), "max_width": 3}))
    assert seen == [
        ["scoring", "waits to be scored", "waits to be scored", ""],
        ["", "scoring", "waits to be scored", ""],
        ["", "", "scoring", ""],
    ]


def test_a_width_that_was_measured_before_is_handed_on_and_not_measured_again(job: Job, calls: list[list[str]]) -> None:
    outcome = attempt_array(Job(**{**vars(job), "max_width": 3}))
    assert (len(outcome.ended), len(outcome.left), outcome.measured_width) == (3, 1, None)


def test_members_of_an_array_that_fails_are_given_back_to_be_run_alone(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(members: Sequence[ArrayMember], **_: Any) -> ArrayTraining:
        raise RuntimeError("a kernel is missing")

    monkeypatch.setattr(run, "train_array", fail)
    outcome = attempt_array(job)
    ids = [member.unit_id for member in job.members]
    assert (outcome.ended, outcome.left, outcome.apart) == ({}, (), tuple(ids))
    assert (outcome.failed, outcome.num_members, outcome.measured_width) == (True, 4, None)
    assert [count_attempts(member) for member in job.members] == [0] * 4
    for unit_id in ids:
        assert _events(job, unit_id) == ["attempt", "array", "alone"]
    told = read_events(log_path(job.place.work_folder, ids[1]))[2].fields
    assert told["reason"] == "RuntimeError: a kernel is missing"
    assert "Traceback" in told["traceback"]


def _fail_to_score(monkeypatch: pytest.MonkeyPatch, doomed: str, error: Exception) -> None:
    score = execute.Worker.finish_trial

    def finish(self: execute.Worker, plan: Any, attempt: int, trained: Any = None) -> UnitOutcome:
        if plan.trial_id == doomed:
            raise error
        return score(self, plan, attempt, trained)

    monkeypatch.setattr(execute.Worker, "finish_trial", finish)


def test_a_member_that_fails_is_tried_again_and_the_others_have_ended_by_then(
    job: Job, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(**{**vars(job), "max_width": 4})
    ids = [member.unit_id for member in job.members]
    _fail_to_score(monkeypatch, ids[0], RuntimeError("cable pulled"))
    for _ in range(MAX_FAILURES - 1):
        with pytest.raises(RuntimeError, match="cable pulled"):
            attempt_array(job)
        assert set(_rows(job)) == set(ids[1:])
    outcome = attempt_array(job)
    assert {trial_id: one.status for trial_id, one in outcome.ended.items()} == dict.fromkeys(ids[1:], "diverged")
    assert outcome.apart == (ids[0],)
    assert attempt_unit(job.members[0]).status == "infra"
    assert _rows(job)[ids[0]]["attempt"] == MAX_FAILURES
    assert [count_attempts(member) for member in job.members] == [MAX_FAILURES, 1, 1, 1]
    assert len(calls) == 1  # with nobody left to train with, it is run alone


def test_what_was_begun_twice_and_did_not_end_is_given_back_to_be_run_alone(job: Job, calls: list[list[str]]) -> None:
    first, *others = [member.unit_id for member in job.members]
    for _ in range(2):
        begin_attempt(job)  # and is killed
    outcome = attempt_array(job)
    assert calls == [others]
    assert outcome.apart == (first,)
    assert (len(outcome.ended), outcome.num_members, outcome.failed) == (2, 3, False)
    assert count_attempts(job) == 2
    assert _events(job, first) == ["attempt", "alone"]


def test_a_full_disk_ends_the_array_at_once(job: Job, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [member.unit_id for member in job.members]
    _fail_to_score(monkeypatch, ids[0], OSError(28, "No space left on device"))
    outcome = attempt_array(job)
    assert {trial_id: one.status for trial_id, one in outcome.ended.items()} == {ids[0]: STORAGE}
    assert _rows(job) == {}


def test_members_without_their_stage_are_told_apart_from_the_others(job: Job, calls: list[list[str]]) -> None:
    (stage,) = (job.place.stages).iterdir()
    stage.rename(job.place.stages / "elsewhere")
    outcome = attempt_array(job)
    assert {one.status for one in outcome.ended.values()} == {"damaged"}
    assert {one.stage_key for one in outcome.ended.values()} == {stage.name}
    assert [count_attempts(member) for member in job.members] == [0] * 4
    assert calls == []
