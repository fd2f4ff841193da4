"""Attempts are counted across deaths, and a trial that this launch has published is not run again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from results.store import ResultStore
from sweeps.engine.work import Work
from sweeps.observing.events import log_path, read_events
from sweeps.planning.plan import plan_sweep
from sweeps.units.claims import claim_path, claimed
from sweeps.units.failures import MAX_ATTEMPTS, MAX_FAILURES
from sweeps.workers import execute
from sweeps.workers.attempts import begin_attempt, count_attempts
from sweeps.workers.execute import attempt_unit
from sweeps.workers.outcomes import CLAIMED, DAMAGED, DONE, FAILED, RUNG, STORAGE, UnitOutcome
from tests.sweeps.engine.test_work import make_filled_work
from tests.sweeps.factories import make_space
from tests.xlt_core.small_memory import limit_memory
from xlt_core.artifacts import is_published
from xlt_core.errors import DamagedArtifactError, DataError


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return make_filled_work(tmp_path, axes={}, seeds=1)


def _trial(work: Work) -> Any:
    return work.job_of_trial(next(iter(work.trials)))


def _stage(work: Work) -> Any:
    return work.job_of_stage(next(iter(work.stages)))


def _raise(monkeypatch: pytest.MonkeyPatch, error: Exception) -> list[int]:
    calls: list[int] = []

    def run(self: Any, *_: Any) -> UnitOutcome:
        calls.append(1)
        raise error

    monkeypatch.setattr(execute.Worker, "run_trial", run)
    monkeypatch.setattr(execute.Worker, "run_stage", run)
    return calls


def test_an_attempt_that_could_not_begin_is_not_counted(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, trial = _stage(work), _trial(work)
    with claimed(claim_path(work.place.stages, stage.unit_id), "theirs"):
        attempt_unit(stage)
    assert count_attempts(stage) == 0
    _raise(monkeypatch, DamagedArtifactError("bits have changed", stage.unit_id))
    assert attempt_unit(trial).status == DAMAGED
    assert count_attempts(trial) == 0


def test_a_trial_does_not_compute_a_shared_stage_that_is_gone(work: Work) -> None:
    stage, trial = _stage(work), _trial(work)
    outcome = attempt_unit(trial)
    assert (outcome.status, outcome.stage_key) == (DAMAGED, stage.unit_id)
    assert not is_published(work.place.stages / stage.unit_id)


def test_a_stage_that_was_mended_meanwhile_is_not_set_aside(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = _stage(work)
    assert attempt_unit(stage).status == DONE
    _raise(monkeypatch, DamagedArtifactError("bits had changed", stage.unit_id))
    assert attempt_unit(_trial(work)).status == DAMAGED
    assert is_published(work.place.stages / stage.unit_id)


def test_a_stage_and_then_its_trial_leave_an_artifact_a_row_and_their_logs(work: Work) -> None:
    stage, trial = _stage(work), _trial(work)
    assert attempt_unit(stage).status == DONE
    assert is_published(work.place.stages / stage.unit_id)
    outcome = attempt_unit(trial)
    row = work.store.read_trial(trial.unit_id)
    assert row is not None
    assert (row["status"], row["launch_id"], row["attempt"]) == (outcome.status, "this", 1)
    assert outcome.num_steps == 4
    events = [event.event for event in read_events(log_path(work.place.work_folder, trial.unit_id))]
    assert events[0] == "attempt"
    assert events[-1] == "published"
    assert "step" in events


def test_a_trial_that_this_launch_has_published_is_not_run_again(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _raise(monkeypatch, RuntimeError("must not run"))
    job = _trial(work)
    work.store.publish_trial({"trial_id": job.unit_id, "status": "ok", "launch_id": "this"}, [])
    assert attempt_unit(job).status == "ok"
    assert calls == []


def test_a_trial_that_another_launch_has_published_is_run_again(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _raise(monkeypatch, DataError("gone"))
    job = _trial(work)
    work.store.publish_trial({"trial_id": job.unit_id, "status": "ok", "launch_id": "before"}, [])
    assert attempt_unit(job).status == "infra"
    assert calls == [1]


def test_an_unknown_failure_is_raised_until_the_last_attempt_which_leaves_a_row(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    _raise(monkeypatch, RuntimeError("cable pulled"))
    job = _trial(work)
    for _ in range(MAX_FAILURES - 1):
        with pytest.raises(RuntimeError, match="cable pulled"):
            attempt_unit(job)
        assert work.store.finished() == {}
    assert attempt_unit(job).status == "infra"
    row = work.store.read_trial(job.unit_id)
    assert row is not None
    assert (row["reason"], row["attempt"]) == ("RuntimeError: cable pulled", MAX_FAILURES)
    assert "cable pulled" in row["traceback"]


def test_deaths_leave_a_unit_its_attempts_that_may_raise(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is taken away again and again says nothing about the trial."""
    _raise(monkeypatch, RuntimeError("cable pulled"))
    job = _trial(work)
    for _ in range(MAX_FAILURES + 2):
        begin_attempt(job)  # and is killed
    with pytest.raises(RuntimeError, match="cable pulled"):
        attempt_unit(job)
    assert work.store.finished() == {}


def test_a_unit_is_not_begun_for_ever(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    _raise(monkeypatch, RuntimeError("cable pulled"))
    job = _trial(work)
    for _ in range(MAX_ATTEMPTS - 1):
        begin_attempt(job)
    assert attempt_unit(job).status == "infra"


def test_a_failure_that_would_come_again_is_the_result_at_once(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    _raise(monkeypatch, MemoryError())
    assert attempt_unit(_trial(work)).status == "oom"
    outcome = attempt_unit(_stage(work))
    assert outcome.status == FAILED
    assert outcome.failure is not None
    assert outcome.failure.status == "oom"


def test_a_trial_that_not_even_one_example_fits_for_says_so_in_its_row(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert attempt_unit(_stage(work)).status == DONE
    limit_memory(monkeypatch, training=1)
    job = _trial(work)
    assert attempt_unit(job).status == "oom"
    row = work.store.read_trial(job.unit_id)
    assert row is not None
    assert row["micro_batch_size"] == 1
    assert row["reason"].endswith("[with 1 example at a time]")


def test_half_written_artifacts_of_a_stage_are_cleared_by_who_computes_it(work: Work) -> None:
    stage = _stage(work)
    left = [work.place.stages / f"{name}.partial-1234" for name in (stage.unit_id, "another")]
    for folder in left:
        folder.mkdir(parents=True)
    assert attempt_unit(stage).status == DONE
    assert [folder.exists() for folder in left] == [False, True]


@pytest.mark.slow
def test_a_trial_that_is_killed_between_its_rungs_ends_as_one_that_was_not(tmp_path: Path) -> None:
    scheduler = {"asha": {"grace_steps": 1, "reduction_factor": 2}}
    ends = []
    for name, rungs in (("whole", (0, 1, 2)), ("killed", (0, 1, 0, 1, 2))):  # whose worker dies begins with the first
        work = make_filled_work(tmp_path / name, seeds=1, scheduler=scheduler)
        trial_id = next(one for one, trial in work.trials.items() if not trial.is_baseline)
        for shared in work.stages:
            attempt_unit(work.job_of_stage(shared))
        job = work.job_of_trial(trial_id)
        assert job.rung_steps == (1, 2)
        outcomes = [attempt_unit(job, rung) for rung in rungs]
        assert [one.status for one in outcomes[:-1]] == [RUNG] * (len(rungs) - 1)
        assert [one.num_steps for one in outcomes] == [(1, 2, 4)[rung] for rung in rungs]
        row = work.store.read_trial(trial_id)
        assert row is not None
        scores = [(one["language"], one["value"]) for one in work.store.scores().to_pylist()]
        ends.append((row["final_train_loss"], row["source_dev_score"], row["rungs"], scores))
    assert ends[0] == ends[1]


def test_a_full_disk_is_told_and_leaves_no_row(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    _raise(monkeypatch, OSError(28, "No space left on device"))
    assert attempt_unit(_trial(work)).status == STORAGE
    assert work.store.finished() == {}


def test_a_damaged_stage_is_set_aside_and_told(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = _stage(work)
    assert attempt_unit(stage).status == DONE
    (work.place.stages / stage.unit_id / "manifest.json").write_text("{")
    _raise(monkeypatch, DamagedArtifactError("bits have changed", stage.unit_id))
    outcome = attempt_unit(_trial(work))
    assert (outcome.status, outcome.stage_key) == (DAMAGED, stage.unit_id)
    assert not is_published(work.place.stages / stage.unit_id)
    assert work.store.finished() == {}


def test_a_stage_that_another_sweep_computes_is_not_computed(work: Work) -> None:

    stage = _stage(work)
    with claimed(claim_path(work.place.stages, stage.unit_id), "theirs"):
        assert attempt_unit(stage).status == CLAIMED
    assert not is_published(work.place.stages / stage.unit_id)


def test_a_stage_that_another_sweep_has_just_computed_is_found_and_said_to_be(work: Work) -> None:
    stage = _stage(work)
    for expected in ("stage", "found"):
        assert attempt_unit(stage).status == DONE
        names = [event.event for event in read_events(log_path(work.place.work_folder, stage.unit_id))]
        last_attempt = names[len(names) - names[::-1].index("attempt") :]
        assert [name for name in last_attempt if name in ("stage", "found")] == [expected]
        assert last_attempt[-1] == "published"


def test_a_rerun_says_in_its_row_what_it_was_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    work = make_filled_work(tmp_path, axes={}, seeds=1)
    _raise(monkeypatch, DataError("gone"))
    job = replace(_trial(work), former_status="degenerate", place=replace(work.place, note="a new driver"))
    attempt_unit(job)
    row = ResultStore.open(tmp_path).read_trial(job.unit_id)
    assert row is not None
    assert row["note"] == "rerun of degenerate: a new driver"


def test_the_plan_of_the_space_is_what_is_run(work: Work) -> None:
    assert set(work.trials) == {trial.trial_id for trial in plan_sweep(make_space(axes={}, seeds=1)).trials}
