"""What is handed out when: stages before trials, nothing twice; claims are waited for, failures passed on."""

import errno
import io
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from results.errors import StorageError
from results.store import ResultStore
from sweeps.engine import claimed
from sweeps.engine.dispatch import Dispatcher
from sweeps.planning.plan import PlannedTrial, collect_shared_stages, plan_sweep
from sweeps.units import claims
from sweeps.units.claims import Claim, claim_path
from sweeps.units.failures import Failure
from sweeps.units.job import Job
from sweeps.units.stopping import StopSweep
from sweeps.workers.outcomes import CLAIMED, DAMAGED, DONE, FAILED, STORAGE, ArrayOutcome, UnitOutcome
from tests.sweeps.engine.test_work import make_work
from tests.sweeps.factories import make_space, text_of
from xlt_core.artifacts import publish_folder

LOST = Failure(status="infra", reason="node lost", traceback="")


@pytest.fixture
def dispatcher(tmp_path: Path) -> Dispatcher:
    """Of four trials after two stages: one of pre-training, one of an intermediate task for two of the trials."""
    return Dispatcher(make_work(tmp_path), plan_sweep(make_space()).trials)


def _publish(dispatcher: Dispatcher, key: str) -> None:
    publish_folder(dispatcher.work.place.stages / key, lambda _: None, {"status": "ok"})


def _publish_row(dispatcher: Dispatcher, trial_id: str, status: str = "ok") -> None:
    row = {"trial_id": trial_id, "status": status, "launch_id": dispatcher.work.place.launch_id}
    dispatcher.work.store.publish_trial(row, [])


def _end_trial(dispatcher: Dispatcher, trial_id: str, status: str = "ok") -> None:
    _publish_row(dispatcher, trial_id, status)
    dispatcher.unit_ended(trial_id, UnitOutcome(status=status))


def _end_stage(dispatcher: Dispatcher) -> str:
    """Take the next unit, which must be a stage, and have it done."""
    job = dispatcher.take()
    assert job is not None
    assert job.kind == "stage"
    _publish(dispatcher, job.unit_id)
    dispatcher.unit_ended(job.unit_id, UnitOutcome(status=DONE))
    return job.unit_id


def _statuses(dispatcher: Dispatcher) -> dict[str, str]:
    return ResultStore.open(dispatcher.work.store.folder).finished()


def test_trials_are_handed_out_once_their_stages_are_there_and_each_once(dispatcher: Dispatcher) -> None:
    pretrain = dispatcher.take()
    assert pretrain is not None
    assert pretrain.title.startswith("pretrain")
    assert dispatcher.take() is None
    _publish(dispatcher, pretrain.unit_id)
    dispatcher.unit_ended(pretrain.unit_id, UnitOutcome(status=DONE))
    jobs = [dispatcher.take() for _ in range(3)]
    assert [job.kind for job in jobs if job] == ["stage", "trial", "trial"]
    assert dispatcher.take() is None
    first = jobs[0]
    assert first is not None
    _publish(dispatcher, first.unit_id)
    dispatcher.unit_ended(first.unit_id, UnitOutcome(status=DONE))
    jobs += [dispatcher.take(), dispatcher.take()]
    trials = [job.unit_id for job in jobs if job and job.kind == "trial"]
    assert sorted(trials) == sorted(dispatcher.work.trials)
    for trial_id in trials:
        assert not dispatcher.is_finished
        _end_trial(dispatcher, trial_id)
    assert dispatcher.is_finished
    assert dispatcher.take() is None


def test_nothing_is_handed_out_that_could_not_begin(dispatcher: Dispatcher) -> None:
    assert dispatcher.take(lambda resources: resources.gpu > 0) is None
    assert dispatcher.take(lambda resources: resources.cpu <= 1) is not None


def test_stages_that_are_there_are_not_handed_out(tmp_path: Path) -> None:
    work, trials = make_work(tmp_path), plan_sweep(make_space()).trials
    for shared in collect_shared_stages(trials):
        publish_folder(work.place.stages / shared.stage.key, lambda _: None, {"status": "ok"})
    dispatcher = Dispatcher(work, trials)
    jobs = [dispatcher.take() for _ in range(5)]
    assert [job.kind if job else None for job in jobs] == ["trial"] * 4 + [None]


def test_a_failed_stage_fails_all_that_needs_it_and_nothing_else(dispatcher: Dispatcher) -> None:
    _end_stage(dispatcher)
    job = dispatcher.take()
    assert job is not None
    dispatcher.unit_ended(job.unit_id, UnitOutcome(status=FAILED, failure=LOST))
    assert dispatcher.failures == {job.unit_id: LOST}
    rows = ResultStore.open(dispatcher.work.store.folder).trials().to_pylist()
    failed = [row for row in rows if row["status"] == "infra"]
    assert {row["trial_id"] for row in failed} == set(dispatcher.work.stages[job.unit_id].trial_ids)
    assert len(failed) == 2
    assert all(row["reason"] == f"{job.title} (stage {job.unit_id}) failed: node lost" for row in failed)
    left = [dispatcher.take() for _ in range(3)]
    assert [job.kind if job else None for job in left] == ["trial", "trial", None]


def test_a_failed_pre_training_is_the_reason_of_every_trial(dispatcher: Dispatcher) -> None:
    job = dispatcher.take()
    assert job is not None
    dispatcher.unit_lost(job.unit_id, LOST, attempt=3)
    assert dispatcher.is_finished
    assert set(_statuses(dispatcher).values()) == {"infra"}
    assert dispatcher.failures.keys() == dispatcher.work.stages.keys()


def test_a_trial_whose_worker_died_each_time_gets_a_row_unless_it_wrote_one(dispatcher: Dispatcher) -> None:
    _end_stage(dispatcher)
    _end_stage(dispatcher)
    silent, spoke = dispatcher.take(), dispatcher.take()
    assert silent is not None
    assert spoke is not None
    dispatcher.unit_lost(silent.unit_id, LOST, attempt=3)
    row = {"trial_id": spoke.unit_id, "status": "ok", "launch_id": dispatcher.work.place.launch_id}
    dispatcher.work.store.publish_trial(row, [])
    dispatcher.unit_lost(spoke.unit_id, LOST, attempt=3)
    assert _statuses(dispatcher) == {silent.unit_id: "infra", spoke.unit_id: "ok"}


def test_a_unit_whose_worker_is_gone_is_handed_out_again(dispatcher: Dispatcher) -> None:
    job = dispatcher.take()
    assert job is not None
    dispatcher.unit_died(job.unit_id)
    again = dispatcher.take()
    assert again is not None
    assert again.unit_id == job.unit_id
    assert _statuses(dispatcher) == {}


def test_a_row_of_an_earlier_launch_is_not_taken_for_the_answer(dispatcher: Dispatcher) -> None:
    _end_stage(dispatcher)
    _end_stage(dispatcher)
    job = dispatcher.take()
    assert job is not None
    dispatcher.work.store.publish_trial({"trial_id": job.unit_id, "status": "degenerate", "launch_id": "before"}, [])
    dispatcher.unit_lost(job.unit_id, LOST, attempt=3)
    assert _statuses(dispatcher)[job.unit_id] == "infra"


def test_a_stage_that_another_sweep_computes_is_waited_for_and_not_computed(
    dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claimed, "_LOOK_SECONDS", 0.0)
    (key,) = [key for key, one in dispatcher.work.stages.items() if one.stage.kind == "pretrain"]
    path = claim_path(dispatcher.work.place.stages, key)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(asdict(Claim(token="t", launch_id="theirs", host="other", pid=5))))
    assert dispatcher.take() is None
    assert dispatcher.claimed == {key}
    assert "waits: other (process 5) computes it" in text_of(dispatcher.work.display.console)
    assert dispatcher.take() is None
    _publish(dispatcher, key)
    path.unlink()
    job = dispatcher.take()
    assert job is not None
    assert job.unit_id != key
    assert dispatcher.claimed == frozenset()


def test_a_stage_whose_claim_was_given_up_is_computed_here(
    dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claimed, "_LOOK_SECONDS", 0.0)
    job = dispatcher.take()
    assert job is not None
    path = claim_path(dispatcher.work.place.stages, job.unit_id)
    path.parent.mkdir(parents=True)
    theirs = Claim(token="t", launch_id="theirs", host="other", pid=5)
    path.write_text(json.dumps(asdict(theirs)))
    dispatcher.unit_ended(job.unit_id, UnitOutcome(status=CLAIMED))  # they were faster between the look and the claim
    assert dispatcher.take() is None
    now = claims.time.monotonic() + claims.DEAD_AFTER_SECONDS + 1
    monkeypatch.setattr(claims.time, "monotonic", lambda: now)
    again = dispatcher.take()
    assert again is not None
    assert again.unit_id == job.unit_id
    assert json.loads(again.dead_claim) == asdict(theirs)


def test_a_damaged_stage_is_computed_again_and_its_trial_runs_then(dispatcher: Dispatcher) -> None:
    pretrain = _end_stage(dispatcher)
    _end_stage(dispatcher)
    trial = dispatcher.take()
    assert trial is not None
    (dispatcher.work.place.stages / pretrain / "manifest.json").unlink()
    dispatcher.unit_ended(trial.unit_id, UnitOutcome(status=DAMAGED, stage_key=pretrain))
    assert _end_stage(dispatcher) == pretrain
    taken = [job.unit_id for _ in range(4) if (job := dispatcher.take())]
    assert trial.unit_id in taken
    assert len(set(taken)) == 4


def test_a_stage_that_is_damaged_again_and_again_fails_its_trial(dispatcher: Dispatcher) -> None:
    pretrain = _end_stage(dispatcher)
    _end_stage(dispatcher)
    while not _statuses(dispatcher):
        job = dispatcher.take()
        assert job is not None
        if job.unit_id == pretrain:
            _publish(dispatcher, pretrain)
            dispatcher.unit_ended(job.unit_id, UnitOutcome(status=DONE))
        else:
            shutil.rmtree(dispatcher.work.place.stages / pretrain)
            dispatcher.unit_ended(job.unit_id, UnitOutcome(status=DAMAGED, stage_key=pretrain))
    (row,) = [row for row in dispatcher.work.store.trials().to_pylist() if row["status"] == "infra"]
    assert "was found damaged 4 times; check the disk" in row["reason"]


def test_many_that_find_one_stage_damaged_at_the_same_time_all_run_in_the_end(dispatcher: Dispatcher) -> None:
    pretrain = _end_stage(dispatcher)
    _end_stage(dispatcher)
    trials = [job.unit_id for _ in range(4) if (job := dispatcher.take())]
    for trial_id in trials:
        dispatcher.unit_ended(trial_id, UnitOutcome(status=DAMAGED, stage_key=pretrain))
    (dispatcher.work.place.stages / pretrain / "manifest.json").unlink()
    assert _end_stage(dispatcher) == pretrain
    again = [job.unit_id for _ in range(5) if (job := dispatcher.take())]
    assert sorted(again) == sorted(trials)
    assert _statuses(dispatcher) == {}


def test_a_trial_that_a_scheduler_stopped_is_handed_out_to_be_scored(dispatcher: Dispatcher) -> None:
    _end_stage(dispatcher)
    _end_stage(dispatcher)
    job = dispatcher.take()
    assert job is not None
    dispatcher.trial_stopped(job.unit_id, 2, "too slow")
    jobs = [dispatcher.take() for _ in range(4)]
    (stop,) = [one for one in jobs if one and one.unit_id == job.unit_id]
    assert (stop.kind, stop.stop_at_step, stop.stop_reason) == ("stop", 2, "too slow")


def test_storage_that_fails_ends_the_sweep(dispatcher: Dispatcher) -> None:
    job = dispatcher.take()
    assert job is not None
    full = Failure(status="infra", reason="no space", traceback="", storage_trouble="the disk is full (no space)")
    with pytest.raises(StopSweep, match="the disk is full"):
        dispatcher.unit_ended(job.unit_id, UnitOutcome(status=STORAGE, failure=full))


def test_only_wanted_stages_are_left(dispatcher: Dispatcher) -> None:
    (pretrain,) = [key for key, one in dispatcher.work.stages.items() if one.stage.kind == "pretrain"]
    dispatcher.keep_only({pretrain})
    assert _end_stage(dispatcher) == pretrain
    assert dispatcher.is_finished


def test_what_runs_or_could_says_what_it_asks_for(tmp_path: Path) -> None:
    rule = {"match": {"target.perturbation.magnitude": 0.5}, "cpu": 2}
    work = make_work(tmp_path, resources={"cpu": 1, "rules": [rule]})
    dispatcher = Dispatcher(work, plan_sweep(make_space(resources={"cpu": 1, "rules": [rule]})).trials)
    assert [one.cpu for one in dispatcher.requests] == [1]
    _end_stage(dispatcher)
    assert sorted(one.cpu for one in dispatcher.requests) == [1, 2]


def test_storage_that_fails_while_the_next_unit_is_sought_ends_the_sweep(
    dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> bool:
        raise StorageError("the bucket does not answer")

    monkeypatch.setattr(type(dispatcher.work.shelf), "has", lambda _, key: fail(key))
    with pytest.raises(StopSweep, match="the bucket does not answer"):
        dispatcher.take()


def test_a_terminal_that_is_gone_loses_no_unit(tmp_path: Path) -> None:
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(errno.EIO, "Input/output error")

    work = make_work(tmp_path, axes={})
    work.display.console = Console(file=Gone())
    dispatcher = Dispatcher(work, plan_sweep(make_space(axes={})).trials)
    _end_stage(dispatcher)
    job = dispatcher.take()
    assert job is not None
    _end_trial(dispatcher, job.unit_id)
    assert dispatcher.is_finished


class _Search:
    """Proposes the trials of a space one by one, each after the one before has ended."""

    def __init__(self, trials: Sequence[PlannedTrial]) -> None:
        self.waiting = list(trials)
        self.running: set[str] = set()

    @property
    def is_finished(self) -> bool:
        return not self.waiting and not self.running

    def propose(self) -> tuple[PlannedTrial, ...] | None:
        if self.running or not self.waiting:
            return None
        trial = self.waiting.pop(0)
        self.running = {trial.trial_id}
        return (trial,)

    def trial_ended(self, trial_id: str) -> None:
        self.running.discard(trial_id)


def test_a_search_is_asked_when_nothing_is_ready_and_is_told_what_ended(tmp_path: Path) -> None:
    trials = plan_sweep(make_space()).trials
    work = make_work(tmp_path)
    work.display.num_trials = 0
    dispatcher = Dispatcher(work, (), _Search(trials))
    ended: list[str] = []
    while not dispatcher.is_finished:
        job = dispatcher.take()
        assert job is not None
        if job.kind == "stage":
            _publish(dispatcher, job.unit_id)
            dispatcher.unit_ended(job.unit_id, UnitOutcome(status=DONE))
        else:
            assert dispatcher.take() is None  # the next depends on this one
            _end_trial(dispatcher, job.unit_id)
            ended.append(job.unit_id)
    assert ended == [trial.trial_id for trial in trials]
    assert work.display.num_trials == 4


def test_a_cell_proposed_after_its_stage_has_failed_fails_at_once_and_the_search_goes_on(tmp_path: Path) -> None:
    trials = plan_sweep(make_space()).trials
    search = _Search(trials)
    dispatcher = Dispatcher(make_work(tmp_path), (), search)
    job = dispatcher.take()
    assert job is not None
    assert job.kind == "stage"
    dispatcher.unit_ended(job.unit_id, UnitOutcome(status=FAILED, failure=LOST))
    assert dispatcher.take() is None
    assert dispatcher.is_finished
    assert _statuses(dispatcher) == dict.fromkeys((trial.trial_id for trial in trials), "infra")
    rows = dispatcher.work.store.trials().to_pylist()
    assert {row["reason"] for row in rows} == {f"{job.title} (stage {job.unit_id}) failed: node lost"}


def test_a_search_hears_of_a_trial_even_where_its_row_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = _Search(plan_sweep(make_space(axes={})).trials)
    dispatcher = Dispatcher(make_work(tmp_path, axes={}), (), search)
    _end_stage(dispatcher)
    job = dispatcher.take()
    assert job is not None
    with pytest.raises(AssertionError):
        dispatcher.unit_ended(job.unit_id, UnitOutcome(status="ok"))
    assert dispatcher.is_finished


def test_a_search_that_waits_for_what_nobody_runs_ends_the_sweep_with_a_sentence(tmp_path: Path) -> None:
    search = _Search(())
    search.running = {"a trial that nobody knows"}
    dispatcher = Dispatcher(make_work(tmp_path), (), search)
    with pytest.raises(StopSweep, match="the search for trials that nobody runs"):
        dispatcher.take()


def test_the_first_cell_of_a_search_is_there_before_anything_runs(tmp_path: Path) -> None:
    dispatcher = Dispatcher(make_work(tmp_path), (), _Search(plan_sweep(make_space()).trials))
    assert dispatcher.requests == ()
    dispatcher.propose_first()
    dispatcher.propose_first()
    assert len(dispatcher.work.trials) == 1
    assert len(dispatcher.requests) == 1


def _array_dispatcher(folder: Path, **changes: Any) -> Dispatcher:
    """Of 2 magnitudes by 3 seeds whose stage is there, on a launch that trains trials together."""
    space = {"axes": {"target.perturbation.magnitude": [0.0, 0.5]}, "seeds": 3, **changes}
    work = make_work(folder, **space)
    work.use_arrays = True
    dispatcher = Dispatcher(work, plan_sweep(make_space(**space)).trials)
    _end_stage(dispatcher)
    return dispatcher


def _seeds(dispatcher: Dispatcher, job: Job) -> list[int]:
    return [dispatcher.work.trials[one.unit_id].plan.spec.seed for one in job.members]


def _take(dispatcher: Dispatcher, num_slots: int = 1) -> Job:
    job = dispatcher.take(count_slots=lambda _: num_slots)
    assert job is not None
    return job


def test_trials_are_handed_out_together_those_of_one_seed_first(tmp_path: Path) -> None:
    dispatcher = _array_dispatcher(tmp_path)
    first, second = _take(dispatcher, 2), _take(dispatcher, 2)
    assert len({one.unit_id for one in (*first.members, *second.members)}) == 6
    assert [len(job.members) for job in (first, second)] == [3, 3]
    assert _seeds(dispatcher, first)[0] == _seeds(dispatcher, first)[1]
    assert {one.kind for one in first.members} == {"trial"}
    assert dispatcher.take(count_slots=lambda _: 2) is None
    assert "array  3 trials train together" in text_of(dispatcher.work.display.console)


def test_a_launch_without_arrays_hands_out_one_by_one(tmp_path: Path) -> None:
    dispatcher = Dispatcher(make_work(tmp_path, axes={}, seeds=3), plan_sweep(make_space(axes={}, seeds=3)).trials)
    _end_stage(dispatcher)
    assert [_take(dispatcher).companions for _ in range(3)] == [(), (), ()]


def test_trials_with_rungs_are_handed_out_alone_and_their_baseline_is_not(tmp_path: Path) -> None:
    dispatcher = _array_dispatcher(tmp_path, scheduler={"asha": {"grace_steps": 1, "reduction_factor": 2}})
    jobs = [_take(dispatcher) for _ in range(4)]
    assert sorted((len(job.members), bool(job.rung_steps)) for job in jobs) == [(1, True)] * 3 + [(3, False)]


def test_what_of_an_array_was_left_is_handed_out_again_at_the_width_that_was_measured(tmp_path: Path) -> None:
    dispatcher = _array_dispatcher(tmp_path)
    job = _take(dispatcher)
    ids = [one.unit_id for one in job.members]
    assert (len(ids), job.max_width) == (6, None)
    for trial_id in ids[:2]:
        _publish_row(dispatcher, trial_id)
    ended = {trial_id: UnitOutcome(status="ok") for trial_id in ids[:2]}
    outcome = ArrayOutcome(ended=ended, left=tuple(ids[2:]), num_members=6, measured_width=2)
    dispatcher.array_ended(ids[0], outcome)
    assert set(_statuses(dispatcher)) == set(ids[:2])
    jobs = [_take(dispatcher), _take(dispatcher)]
    assert [(len(job.members), job.max_width) for job in jobs] == [(2, 2), (2, 2)]
    assert {one.unit_id for job in jobs for one in job.members} == set(ids[2:])
    dispatcher.array_ended(ids[0], outcome)  # heard twice
    assert dispatcher.take() is None


def test_a_member_that_found_its_stage_damaged_waits_for_it_and_the_others_have_ended(tmp_path: Path) -> None:
    dispatcher = _array_dispatcher(tmp_path)
    (stage,) = dispatcher.work.stages
    job = _take(dispatcher)
    damaged, *ids = [one.unit_id for one in job.members]
    for trial_id in ids:
        _publish_row(dispatcher, trial_id)
    ended = {trial_id: UnitOutcome(status="ok") for trial_id in ids}
    ended[damaged] = UnitOutcome(status=DAMAGED, stage_key=stage)
    shutil.rmtree(dispatcher.work.place.stages / stage)
    dispatcher.array_ended(damaged, ArrayOutcome(ended=ended, num_members=6))
    assert _end_stage(dispatcher) == stage
    assert _take(dispatcher).unit_id == damaged


def test_what_is_to_be_run_alone_is_handed_out_alone_and_others_half_as_wide(tmp_path: Path) -> None:
    dispatcher = _array_dispatcher(tmp_path, seeds=5)
    first = _take(dispatcher, 2)
    ids = [one.unit_id for one in first.members]
    dispatcher.array_ended(ids[0], ArrayOutcome(apart=tuple(ids), num_members=5, failed=True))
    jobs = [_take(dispatcher) for _ in range(8)]
    assert sorted(len(job.members) for job in jobs) == [1] * 6 + [2, 2]
    assert {job.unit_id for job in jobs if not job.companions} > set(ids)
    assert dispatcher.take() is None
