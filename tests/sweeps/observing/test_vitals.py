"""Memory and GPU of a process, as far as they can be known."""

import resource
import sys
from types import SimpleNamespace

import pytest

from sweeps.observing.vitals import Vitals, measure_vitals


def test_the_memory_is_that_of_this_process() -> None:
    vitals = measure_vitals()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert vitals.resident_bytes is not None
    assert peak / 10 < vitals.resident_bytes <= peak * 1.1


def test_without_a_gpu_nothing_is_said_of_one() -> None:
    vitals = measure_vitals()
    assert (vitals.device, vitals.device_bytes, vitals.device_percent) == (None, None, None)


@pytest.mark.parametrize("has_package", [True, False])
def test_a_gpu_tells_its_memory_and_what_is_not_known_stays_so(
    monkeypatch: pytest.MonkeyPatch, has_package: bool
) -> None:
    def utilization() -> int:
        if has_package:
            return 87
        raise ModuleNotFoundError("nvidia-ml-py does not seem to be installed")

    cuda = SimpleNamespace(
        is_initialized=lambda: True,
        mem_get_info=lambda: (30, 100),
        get_device_name=lambda: "NVIDIA H200",
        get_device_properties=lambda: SimpleNamespace(uuid="GPU-1"),
        utilization=utilization,
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    vitals = measure_vitals()
    expected = Vitals(
        resident_bytes=vitals.resident_bytes,
        device="NVIDIA H200",
        device_id="GPU-1",
        device_bytes=70,
        device_total_bytes=100,
        device_percent=87 if has_package else None,
    )
    assert vitals == expected
