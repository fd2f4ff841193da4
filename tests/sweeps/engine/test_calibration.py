"""Trials that share a GPU: measured by a measure of the test's own, refused with numbers, or given a share."""

from collections.abc import Sequence
from typing import Any

import pytest

from search_spaces.resources import Resources
from search_spaces.space import SearchSpace
from sweeps.engine.calibration import MAX_PROBES, MemoryUse, calibrate, most_demanding
from sweeps.planning.plan import PlannedTrial, plan_sweep
from tests.sweeps.factories import BASE
from xlt_core.errors import XltError
from xlt_core.plan import TrialPlan

_GB = 10**9


def _plan(**changes: Any) -> tuple[PlannedTrial, ...]:
    values: dict[str, Any] = {
        "name": "s",
        "base": BASE,
        "axes": {"target.perturbation.magnitude": [0.0, 0.5], "optim.batch_size": [8, 16]},
        "baseline": {"target.perturbation.magnitude": 0.0},
        "seeds": 2,
    }
    return plan_sweep(SearchSpace.model_validate({**values, **changes})).trials


class _Gpu:
    """A device of 20 GB on which a trial takes one GB for every example of its batch."""

    def __init__(self, overhead_gb: float = 0.5) -> None:
        self.overhead_gb = overhead_gb
        self.measured: list[tuple[Resources, int]] = []

    def __call__(self, request: Resources, plans: Sequence[TrialPlan]) -> list[MemoryUse | None]:
        sizes = [plan.spec.optim.batch_size for plan in plans]
        self.measured += [(request, size) for size in sizes]
        return [
            MemoryUse(peak_bytes=size * _GB, overhead_bytes=int(self.overhead_gb * _GB), device_bytes=20 * _GB)
            for size in sizes
        ]


def _no_gpu(_request: Resources, plans: Sequence[TrialPlan]) -> list[MemoryUse | None]:
    return [None] * len(plans)


@pytest.mark.parametrize("gpu", [0, 1, 2])
def test_trials_that_share_no_gpu_are_not_measured(gpu: float) -> None:
    device = _Gpu()
    assert calibrate(_plan(), lambda _: Resources(gpu=gpu), device) == {}
    assert device.measured == []


def test_a_share_is_the_request_less_what_is_not_the_allocators() -> None:
    request = Resources(gpu=0.9)
    assert calibrate(_plan(), lambda _: request, _Gpu()) == {request.model_dump_json(): pytest.approx(0.9 - 0.5 / 20)}


def test_what_cannot_fit_is_refused_with_the_numbers_and_a_share_that_fits() -> None:
    with pytest.raises(
        XltError, match=r"takes 16\.0 GB at its peak and 0\.5 GB besides, and gpu 0\.5 is 10\.0 GB of 20\.0 GB.*gpu=1\)"
    ):
        calibrate(_plan(), lambda _: Resources(gpu=0.5), _Gpu())


def test_the_share_that_is_advised_is_enough() -> None:
    trials = _plan(axes={"target.perturbation.magnitude": [0.0, 0.5]})  # batches of 8
    with pytest.raises(XltError, match=r"resources\.gpu=0\.5\)"):
        calibrate(trials, lambda _: Resources(gpu=0.25), _Gpu())
    assert calibrate(trials, lambda _: Resources(gpu=0.5), _Gpu())


def test_what_not_even_a_whole_gpu_holds_is_said() -> None:
    trials = _plan(base={**BASE, "optim": {"batch_size": 32}}, axes={"target.perturbation.magnitude": [0.0, 0.5]})
    with pytest.raises(XltError, match=r"not even a whole one is enough.*micro_batch_size"):
        calibrate(trials, lambda _: Resources(gpu=0.5), _Gpu())


def test_every_request_is_measured_on_its_own() -> None:
    device, small, large = _Gpu(), Resources(gpu=0.5), Resources(gpu=0.9)
    shares = calibrate(_plan(), lambda spec: large if spec.optim.batch_size == 16 else small, device)
    assert shares.keys() == {small.model_dump_json(), large.model_dump_json()}
    assert set(device.measured) == {(small, 8), (large, 16)}


def test_gpus_that_only_ray_believes_in_are_not_measured() -> None:
    assert calibrate(_plan(), lambda _: Resources(gpu=0.5), _no_gpu) == {}


def test_seeds_and_magnitudes_are_not_measured_twice_and_the_largest_step_comes_first() -> None:
    chosen = most_demanding(_plan(), MAX_PROBES)
    assert [trial.plan.spec.optim.batch_size for trial in chosen] == [16, 16, 8, 8]
    assert {trial.plan.spec.target.perturbation.method for trial in chosen} == {"none", "gaussian"}
    assert [trial.plan.spec.optim.batch_size for trial in most_demanding(_plan(), 1)] == [16]
