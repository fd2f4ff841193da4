"""What surrounds Ray's start. (Ray itself is started in test_runner and clusters/test_local.)"""

import os
import socket
import time
from pathlib import Path

import pytest

from sweeps.clusters.session import num_cores, prepare_ray, ray_cluster
from xlt_core.errors import XltError


def test_an_address_where_nobody_answers_is_refused_at_once(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    started = time.monotonic()
    with (
        pytest.raises(XltError, match=rf"cannot reach Ray at '{address}'.*--inline") as caught,
        ray_cluster(address, tmp_path / "driver.log"),
    ):
        pytest.fail("nobody was there")
    assert time.monotonic() - started < 30
    assert "token" not in str(caught.value)


def test_ray_client_is_refused_with_what_to_do_in_its_place(tmp_path: Path) -> None:
    with (
        pytest.raises(XltError, match=r"ray://head:10001: .*ray job submit .*--address auto"),
        ray_cluster("ray://head:10001", tmp_path / "driver.log"),
    ):
        pytest.fail("a sweep was begun")


def test_what_is_set_in_the_environment_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    prepare_ray()
    assert os.environ["RAY_AUTH_MODE"] == "disabled"
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_only_cores_that_may_be_used_count() -> None:
    assert 1 <= num_cores() <= (os.cpu_count() or 1)
