"""Ray without what a launch does not need. That a sweep runs on it is in engine/test_runner and in tests/faults."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sweeps.clusters.lean import only_needed_servers, plain_workers
from sweeps.clusters.session import prepare_ray

prepare_ray()

_START_RAY = """
import json, sys, psutil
from pathlib import Path
from sweeps.clusters.session import ray_cluster

with ray_cluster(None, Path(sys.argv[1])):
    started = psutil.Process().children(recursive=True)
    scripts = [Path(word).name for one in started for word in one.cmdline() if word.endswith(".py")]
print(json.dumps([scripts, len(started), sum(one.is_running() for one in started)]))
"""


def test_servers_that_nobody_needs_are_not_started_and_the_installed_ray_has_them() -> None:
    from ray._private.node import Node

    names = ("start_monitor", "start_api_server", "start_log_monitor")
    before = [getattr(Node, name) for name in names]
    with only_needed_servers():
        assert [getattr(Node, name)(None, raise_on_failure=True) for name in names] == [None] * 3
    assert [getattr(Node, name) for name in names] == before


def test_what_another_version_of_ray_does_not_have_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray._private.node import Node

    monkeypatch.delattr(Node, "start_log_monitor")
    with only_needed_servers():
        assert not hasattr(Node, "start_log_monitor")
    assert not hasattr(Node, "start_log_monitor")


def test_workers_of_tune_get_no_environment_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray.runtime_env import RuntimeEnv
    from ray.tune.execution.class_cache import _ActorClassCache

    from sweeps.workers.trainable import UnitTrainable

    monkeypatch.setenv("RAY_CHDIR_TO_TRIAL_DIR", "0")

    def describe_environment() -> str:
        actor = _ActorClassCache().get(UnitTrainable)  # type: ignore[no-untyped-call]
        return str(RuntimeEnv(**actor._default_options["runtime_env"]).serialize())

    before = describe_environment()
    with plain_workers():
        assert describe_environment() == "{}"
    assert before != "{}"
    assert describe_environment() == before


@pytest.mark.ray
def test_a_ray_of_ones_own_has_few_processes_and_leaves_none(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _START_RAY, str(tmp_path / "driver.log")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": ""},
    )
    scripts, num_started, num_left = json.loads(ran.stdout)
    assert not {"monitor.py", "dashboard.py", "log_monitor.py", "default_worker.py"} & set(scripts)
    assert (num_started > 2, num_left) == (True, 0)
