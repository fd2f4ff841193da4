"""The driver's books: stages that are missing, and failed stages handed on to the trials that need them."""

from collections import Counter
from pathlib import Path

import pytest

from results.store import ResultStore
from sweeps.display import Display
from sweeps.failures import Failure
from sweeps.plan import collect_shared_stages, plan_sweep
from sweeps.work import Work, fail_dependents
from tests.sweeps.factories import BASE, make_space, run_inline, silent_console

FAILURE = Failure(status="infra", reason="node lost", traceback="")


def test_only_the_trials_that_need_the_stage_fail() -> None:
    trials = plan_sweep(make_space(seeds=2)).trials
    stages = collect_shared_stages(trials)
    intermediate = next(shared for shared in stages if shared.stage.kind == "intermediate")
    failed = fail_dependents(stages, {intermediate.stage.key: FAILURE})
    assert set(failed) == set(intermediate.trial_ids)
    assert len(failed) == 2
    assert all(failure.status == "infra" for failure in failed.values())
    assert all(
        "node lost" in failure.reason and intermediate.stage.key in failure.reason for failure in failed.values()
    )


def test_the_first_failed_stage_is_the_reason() -> None:
    stages = collect_shared_stages(plan_sweep(make_space()).trials)
    failed = fail_dependents(stages, {shared.stage.key: FAILURE for shared in stages})
    assert len(failed) == 4
    assert all(failure.reason.startswith("pretrain mini") for failure in failed.values())


def test_no_failure_fails_nothing() -> None:
    assert fail_dependents(collect_shared_stages(plan_sweep(make_space()).trials), {}) == {}


def test_jobs_carry_what_the_resources_say_of_threads_and_memory(tmp_path: Path) -> None:
    space = make_space(resources={"cpu": 3, "micro_batch_size": 4})
    trials = plan_sweep(space).trials
    display = Display(
        console=silent_console(), num_trials=len(trials), before=Counter(), heartbeats=tmp_path, quiet=True
    )
    store = ResultStore.create(tmp_path / "sweep", {"name": "small", "sweep_id": "0"})
    work = Work(store=store, trials=trials, resources=space.resources, display=display)
    for job in (work.job_of_trial(trials[0]), work.job_of_stage(work.missing_stages[0])):
        assert (job.workspace.num_threads, job.workspace.micro_batch_size) == (3, 4)


def test_micro_batches_are_no_part_of_an_identity() -> None:
    split = plan_sweep(make_space(resources={"micro_batch_size": 4})).trials
    assert [trial.trial_id for trial in split] == [trial.trial_id for trial in plan_sweep(make_space()).trials]


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
