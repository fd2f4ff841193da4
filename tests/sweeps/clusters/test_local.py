"""A cluster on this machine: started, found, used, ended after any crash."""

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from sweeps.clusters import local
from sweeps.clusters.local import (
    LocalCluster,
    count_nodes,
    find_local_address,
    find_processes,
    read_cluster,
    start_cluster,
    stop_cluster,
)
from sweeps.clusters.session import list_nodes, ray_cluster
from xlt_core.errors import XltError


@pytest.fixture(autouse=True)
def _own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))


def test_no_cluster_is_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert read_cluster() is None
    assert find_local_address() is None


def test_a_note_of_another_version_is_not_guessed_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    local.state_file().parent.mkdir()
    local.state_file().write_text('{"address": "1.2.3.4:5"}')
    with pytest.raises(XltError, match="of another version"):
        read_cluster()


def test_a_port_that_is_taken_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        with pytest.raises(XltError, match=r"--port \d+: .*; give another"):
            start_cluster(1, 1, port=taken.getsockname()[1])
    assert read_cluster() is None


@pytest.mark.ray
@pytest.mark.slow
class TestUp:
    def test_it_is_found_by_itself_and_has_the_nodes_that_were_asked_for(
        self, two_nodes: LocalCluster, tmp_path: Path
    ) -> None:
        assert find_local_address() == two_nodes.address
        assert count_nodes(two_nodes) == 2
        with ray_cluster("auto", tmp_path / "driver.log"):
            assert [node.amounts["CPU"] for node in list_nodes()] == [1.0, 1.0]
            assert all(node.amounts.get("GPU", 0.0) == 0.0 for node in list_nodes())

    def test_a_second_one_is_refused_and_the_first_lives_on(self, two_nodes: LocalCluster) -> None:
        with pytest.raises(XltError, match=f"a cluster is up at {two_nodes.address}"):
            start_cluster(1, 1)
        assert count_nodes(two_nodes) == 2

    def test_nobody_joins_without_the_token(self, two_nodes: LocalCluster, tmp_path: Path) -> None:
        code = (
            "import sys; from pathlib import Path; from sweeps.clusters.session import ray_cluster\n"
            "from xlt_core.errors import XltError\n"
            "try:\n"
            "    with ray_cluster(sys.argv[1], Path(sys.argv[2])): print('joined')\n"
            "except XltError as error: print(error)"
        )
        ran = subprocess.run(
            [sys.executable, "-c", code, two_nodes.address, str(tmp_path / "log")],
            env={**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "of-somebody-else" * 4},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        assert "does it have the same token?" in ran.stdout

    def test_only_its_user_can_read_the_token(self, two_nodes: LocalCluster) -> None:
        token = Path.home() / ".ray" / "auth_token"
        if "RAY_AUTH_TOKEN_PATH" in os.environ or "RAY_AUTH_TOKEN" in os.environ:
            pytest.skip("the token is not where Ray puts it by itself")
        assert stat.S_IMODE(token.stat().st_mode) == 0o600


@pytest.mark.ray
@pytest.mark.slow
def test_what_a_crash_left_is_ended_frozen_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cluster = start_cluster(2, 1)
    raylets = [process for process in find_processes(cluster) if process.name() == "raylet"]
    second = {process for process in find_processes(cluster) if os.getsid(process.pid) == cluster.sessions[1]}
    killed = next(process for process in raylets if process in second)
    killed.kill()
    psutil.wait_procs([killed], timeout=10)
    assert count_nodes(cluster) == 1
    next(process for process in raylets if process != killed).send_signal(signal.SIGSTOP)
    everything = {*find_processes(cluster), *second}
    stop_cluster(cluster)
    assert not any(map(_lives, everything))
    assert read_cluster() is None
    assert not Path(cluster.folder).exists()


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
