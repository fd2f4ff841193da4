"""The books of a launch: jobs say what the resources and the place say, and rows are told to the display."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from results.store import ResultStore
from search_spaces.searches import Scheduler
from sweeps.engine.work import Work
from sweeps.observing.display import Display
from sweeps.planning.plan import plan_sweep
from sweeps.tables.rows import plan_row
from sweeps.units.failures import Failure
from sweeps.units.job import Job, Place
from tests.sweeps.factories import BASE, make_space, run_inline, silent_console, text_of


def make_work(folder: Path, **changes: Any) -> Work:
    """Books of the small space, of which nothing has run."""
    space = make_space(**changes)
    trials = plan_sweep(space).trials
    store = ResultStore.create(folder, {"name": "small", "sweep_id": "0"})
    store.write_plan([plan_row(trial) for trial in trials])
    return Work(
        store=store,
        place=Place(folder=str(folder), sweep_id="0", launch_id="this", keep_weights=space.resources.keep_weights),
        resources=space.resources,
        display=Display(console=silent_console(), num_trials=len(trials), before=Counter(), heartbeats=folder / "none"),
        scheduler=space.scheduler,
    )


def make_filled_work(folder: Path, **changes: Any) -> Work:
    """The same, with its trials taken in."""
    work = make_work(folder, **changes)
    work.add(plan_sweep(make_space(**changes)).trials)
    return work


def test_jobs_carry_what_the_resources_say_of_threads_and_memory(tmp_path: Path) -> None:
    work = make_filled_work(tmp_path, resources={"cpu": 3, "micro_batch_size": 4})
    for job in (work.job_of_trial(next(iter(work.trials))), work.job_of_stage(next(iter(work.stages)))):
        assert (job.num_threads, job.micro_batch_size) == (3, 4)
        assert job.request["cpu"] == 3


def test_trials_whose_steps_are_parted_for_memory_train_alone(tmp_path: Path) -> None:
    for name, resources in (("whole", {}), ("parted", {"micro_batch_size": 4})):
        work = make_filled_work(tmp_path / name, resources=resources)
        work.use_arrays = True
        keys = {work.unit_of_trial(trial).array_key for trial in work.trials.values()}
        assert (keys == {None}) == (name == "parted")


def test_a_rule_gives_trials_of_some_settings_other_resources(tmp_path: Path) -> None:
    rule = {"match": {"target.perturbation.magnitude": 0.5}, "cpu": 2}
    work = make_filled_work(tmp_path, resources={"cpu": 1, "rules": [rule]})
    threads = {
        trial.plan.spec.target.perturbation.magnitude: work.job_of_trial(trial_id).num_threads
        for trial_id, trial in work.trials.items()
    }
    assert threads == {0.0: 1, 0.5: 2}


def test_a_share_of_a_gpu_that_was_not_measured_is_capped_all_the_same(tmp_path: Path) -> None:
    shared = make_filled_work(tmp_path / "shared", resources={"gpu": 0.25})
    assert shared.job_of_trial(next(iter(shared.trials))).memory_fraction == 0.25
    shared.memory_fractions = {
        shared.request_of(one.plan.spec).model_dump_json(): 0.2 for one in shared.trials.values()
    }
    assert shared.job_of_trial(next(iter(shared.trials))).memory_fraction == 0.2
    whole = make_filled_work(tmp_path / "whole", resources={"gpu": 1.0})
    assert whole.job_of_trial(next(iter(whole.trials))).memory_fraction is None


def test_stages_are_taken_in_once(tmp_path: Path) -> None:
    work = make_filled_work(tmp_path)
    assert [one.stage.kind for one in work.stages.values()] == ["pretrain", "intermediate"]
    assert work.add(work.trials.values()) == ()


def test_a_job_of_a_trial_that_was_stopped_says_where_and_has_no_rungs(tmp_path: Path) -> None:
    work = make_filled_work(tmp_path, scheduler={"asha": {"grace_steps": 1, "reduction_factor": 2}})
    baseline_id, trial_id = sorted(work.trials, key=lambda one: not work.trials[one].is_baseline)[:2]
    assert work.job_of_trial(baseline_id).rung_steps == (), "all others are compared with it"
    assert work.scheduler == Scheduler.model_validate({"asha": {"grace_steps": 1, "reduction_factor": 2}})
    running = work.job_of_trial(trial_id)
    assert (running.kind, running.rung_steps, running.stop_at_step) == ("trial", (1, 2), None)
    stopped = work.job_of_trial(trial_id, (2, "too slow"))
    assert (stopped.kind, stopped.rung_steps, stopped.stop_at_step) == ("stop", (), 2)


def test_a_failure_that_the_driver_records_is_a_row_of_this_launch(tmp_path: Path) -> None:
    work = make_filled_work(tmp_path)
    trial_id = next(iter(work.trials))
    work.record_failure(trial_id, Failure(status="infra", reason="node lost", traceback="t"), attempt=3)
    work.trial_ended(trial_id)
    row = ResultStore.open(tmp_path).read_trial(trial_id)
    assert row is not None
    assert (row["status"], row["reason"], row["attempt"], row["launch_id"]) == ("infra", "node lost", 3, "this")
    assert "infra" in text_of(work.display.console)
    assert "node lost" in text_of(work.display.console)


def test_micro_batches_are_no_part_of_an_identity() -> None:
    split = plan_sweep(make_space(resources={"micro_batch_size": 4})).trials
    assert [trial.trial_id for trial in split] == [trial.trial_id for trial in plan_sweep(make_space()).trials]


@pytest.mark.slow
def test_trials_learn_the_same_in_micro_batches(tmp_path: Path) -> None:
    """Without dropout, whose masks depend on how a step is split."""
    without_dropout = {**BASE, "model": {"dropout": 0.0, "head_dropout": 0.0}}
    for name, resources in (("whole", {}), ("split", {"micro_batch_size": 3})):
        run_inline(make_space(base=without_dropout, resources=resources), tmp_path / name)
    whole, split = (
        {row["trial_id"]: row["final_train_loss"] for row in ResultStore.open(tmp_path / name).trials().to_pylist()}
        for name in ("whole", "split")
    )
    assert len(whole) == 4
    assert split == pytest.approx(whole, rel=1e-5)


def test_a_job_survives_json(tmp_path: Path) -> None:

    work = make_filled_work(tmp_path, resources={"keep_weights": True})
    for job in (work.job_of_trial(next(iter(work.trials))), work.job_of_stage(next(iter(work.stages)))):
        again = Job.from_config(json.loads(json.dumps(job.as_config())))
        assert again == job
        assert again.place.keep_weights
