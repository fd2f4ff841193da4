"""The driver's books: stages that are missing, and failed stages handed on to the trials that need them."""

from sweeps.failures import Failure
from sweeps.plan import collect_shared_stages, plan_sweep
from sweeps.work import fail_dependents
from tests.sweeps.factories import make_space

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
