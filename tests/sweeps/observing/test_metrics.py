"""A sweep's counters come out where Ray's do, and are in nobody's way where they do not."""

import logging
import os
import socket
import subprocess
import sys
import tempfile
from typing import Any

import pytest

from sweeps.observing.metrics import SweepMetrics

_SCRAPE = """
import sys, time, urllib.request
import ray
from sweeps.observing.metrics import SweepMetrics
port = int(sys.argv[1])
ray.init(address="local", num_cpus=1, include_dashboard=False, _metrics_export_port=port, _temp_dir=sys.argv[2])
metrics = SweepMetrics("small")
metrics.unit_ended("trial", "ok")
metrics.unit_ended("trial", "ok")
metrics.unit_ended("stage", "done")
until, text = time.monotonic() + 90, ""
while "xlt_units_ended" not in text and time.monotonic() < until:
    metrics.now(num_running=2, num_pending=7)
    time.sleep(1)
    try:
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
    except OSError:
        pass
print("\\n".join(line for line in text.splitlines() if line.startswith("ray_xlt")))
ray.shutdown()
"""


@pytest.mark.ray
def test_prometheus_finds_them_beside_those_of_ray() -> None:
    for package in ("aiohttp", "prometheus_client", "opentelemetry"):
        pytest.importorskip(package, reason="Ray exports metrics with ray[default] alone")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0"}
    with tempfile.TemporaryDirectory(prefix="xlt-", ignore_cleanup_errors=True) as folder:  # Ray's paths must be short
        command = [sys.executable, "-c", _SCRAPE, str(port), folder]
        text = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=True).stdout
    values: dict[str, list[float]] = {}
    for line in text.splitlines():
        values.setdefault(line.split("{")[0], []).append(float(line.rsplit(" ", 1)[1]))
    assert sorted(values["ray_xlt_units_ended_total"]) == [1.0, 2.0]
    assert values["ray_xlt_units_running"] == [2.0]
    assert values["ray_xlt_trials_pending"] == [7.0]


def test_what_ray_does_not_take_is_told_once_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    metrics = SweepMetrics("small")

    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("no agent")

    metrics._ended.inc = metrics._running.set = refuse
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            metrics.unit_ended("trial", "ok")
            metrics.now(num_running=1, num_pending=1)
    assert [record.getMessage() for record in caplog.records] == [
        "Ray takes no metrics (no agent); the sweep goes on without"
    ]
