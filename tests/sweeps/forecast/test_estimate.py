"""Cost: from rates where there are any, else honestly unknown."""

from pathlib import Path
from typing import Any

import pytest

from search_spaces.resources import Resources
from sweeps.forecast.estimate import Estimate, count_held_gpus, count_slots, estimate_cost
from sweeps.forecast.rates import Rates, find_step_kind, find_test_kind
from sweeps.planning.plan import collect_shared_stages, plan_sweep
from tests.sweeps.factories import make_space
from tests.sweeps.scored import make_scored_space, write_columns

STEP, TEST_SET = 0.5, 2.0
TRIAL_SECONDS = 4 * STEP + 2 * TEST_SET  # four steps, two languages


def _unknown(_source: str) -> int | None:
    return None


def _rates(**changes: Any) -> Rates:
    """Every step of the small space half a second, every test set two; pre-training's three steps as well."""
    plans = [trial.plan for trial in plan_sweep(make_space()).trials]
    steps = {find_step_kind(stage): STEP for plan in plans for stage in plan.stages}
    tests = {find_test_kind(plan): TEST_SET for plan in plans}
    return Rates(**{"source": "history", "step_seconds": steps, "test_set_seconds": tests, **changes})


def _estimate(resources: Resources | None = None, rates: Rates | None = None, **changes: Any) -> Estimate:
    trials = plan_sweep(make_space()).trials
    return estimate_cost(
        trials, resources or Resources(), rates or _rates(), changes.pop("sizes", _unknown), **{"slots": 2, **changes}
    )


def test_without_rates_time_is_unknown_and_without_weights_disk_is() -> None:
    found = _estimate(rates=Rates(source=""))
    assert (found.num_pending, found.schedule, found.gpu_seconds, found.disk) == (4, None, None, None)
    assert found.num_unknown == 4 + 2  # trials, the encoder and an intermediate stage


def test_time_is_that_of_the_schedule_of_stages_and_trials() -> None:
    """Pre-training 1.5 s alone; then two plain trials (6 s) beside the intermediate stage (2 s) and its two trials."""
    found = _estimate()
    assert found.schedule is not None
    assert found.schedule.busy_seconds == pytest.approx(3 * STEP + 4 * STEP + 4 * TRIAL_SECONDS)
    assert found.schedule.path_seconds == pytest.approx(3 * STEP + 4 * STEP + TRIAL_SECONDS)
    assert found.schedule.wall_seconds == pytest.approx(3 * STEP + 4 * STEP + 2 * TRIAL_SECONDS)


def test_what_is_there_is_not_counted() -> None:
    trials = plan_sweep(make_space()).trials
    stages = {shared.stage.key for shared in collect_shared_stages(trials)}
    found = _estimate(finished=[trial.trial_id for trial in trials[:3]], published=stages)
    assert found.schedule is not None
    assert found.num_pending == 1
    assert found.schedule.wall_seconds == pytest.approx(TRIAL_SECONDS)


def test_one_unit_like_none_that_was_measured_makes_the_time_unknown() -> None:
    found = _estimate(rates=_rates(test_set_seconds={}))
    assert (found.num_unknown, found.schedule) == (4, None)
    assert sorted(found.unit_seconds.values()) == [3 * STEP, 4 * STEP]  # of the stages, which have no test sets


def test_seconds_of_a_gpu_are_those_of_units_times_their_share() -> None:
    found = _estimate(Resources(gpu=0.25))
    assert found.schedule is not None
    assert found.gpu_seconds == pytest.approx(0.25 * found.schedule.busy_seconds)


@pytest.mark.parametrize(
    ("resources", "num_gpus", "slots"),
    [
        (Resources(), 0, 8),
        (Resources(cpu=2.0), 0, 4),
        (Resources(cpu=16.0), 0, 1),
        (Resources(max_concurrent=3), 0, 3),
        (Resources(gpu=0.25), 1, 4),
        (Resources(gpu=0.1), 1, 8),
        (Resources(gpu=2.0), 4, 2),
    ],
)
def test_slots_follow_cores_gpus_and_the_limit(resources: Resources, num_gpus: int, slots: int) -> None:
    assert count_slots(resources, 8, num_gpus) == slots
    assert count_held_gpus(resources, slots) <= num_gpus


def test_disk_holds_an_encoder_a_shared_stage_and_checkpoints_of_what_runs() -> None:
    sizes = dict.fromkeys(["mini"], 100).get
    need = _estimate(sizes=sizes).disk
    assert need is not None
    assert (need.stages, need.checkpoints, need.weights) == (2 * 100, 4 * 6 * 100, 0)  # all four may train together
    assert need.total == need.stages + need.checkpoints + need.results
    kept = _estimate(Resources(keep_weights=True), sizes=sizes).disk
    assert kept is not None
    assert (kept.weights, kept.total) == (4 * 100, need.total + 400)


@pytest.mark.parametrize(("num_seeds", "slots", "at_a_time"), [(40, 1, 16), (40, 2, 32), (40, 9, 80), (2, 1, 4)])
def test_trials_that_train_together_have_checkpoints_at_one_time(num_seeds: int, slots: int, at_a_time: int) -> None:
    """Two magnitudes of noise by so many seeds."""
    trials = plan_sweep(make_space(axes={"target.perturbation.magnitude": [0.0, 0.5]}, seeds=num_seeds)).trials
    need = estimate_cost(trials, Resources(), Rates(source=""), dict.fromkeys(["mini"], 100).get, slots=slots).disk
    assert need is not None
    assert need.checkpoints == at_a_time * 6 * 100


def test_scores_of_examples_are_no_encoders_on_the_disk(tmp_path: Path) -> None:
    trials = plan_sweep(make_scored_space(write_columns(tmp_path))).trials
    need = estimate_cost(trials, Resources(), Rates(source=""), dict.fromkeys(["mini"], 100).get, slots=1).disk
    assert need is not None
    assert (need.stages, need.checkpoints) == (3 * 100, 3 * 6 * 100)  # the encoder and two arms; all three trials
