"""Nodes of a cluster are killed, frozen, and come back; its head is restarted. Two nodes of one CPU beside the head."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.faults.cluster import Cluster, running_cluster
from tests.faults.conftest import LongSweep
from tests.faults.harness import contents, find_litter, fork_xlt, num_finished, start_xlt, trial_rows, wait_for
from tests.faults.site.fault_injection import Fault, to_environment

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """One for all tests; each leaves two nodes that work. A unit takes 3 seconds, most of them asleep."""
    slow = Fault(effect="sleep:0.05", call="torch.optim.adamw:AdamW.step", is_lasting=True)
    with running_cluster(2, to_environment([slow])) as cluster:
        yield cluster


def _start(cluster: Cluster, *arguments: object) -> subprocess.Popen[str]:
    return start_xlt("sweep", *arguments, "--address", cluster.address, **cluster.environment)


def _both_nodes_work(cluster: Cluster, folder: Path) -> bool:
    return num_finished(folder) >= 1 and all(cluster.nodes[number].workers() for number in (1, 2))


def _check_same(folder: Path, undisturbed: Path) -> None:
    assert contents(folder) == contents(undisturbed)
    cleared = fork_xlt("sweep", "resume", folder, "--inline", "--format", "json", log=folder.parent / "log")
    assert cleared.summary["num_run"] == 0
    assert find_litter(folder) == []


def test_when_a_raylet_is_killed_its_trials_move_to_the_other_node(
    cluster: Cluster, long_sweep: LongSweep, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    process = _start(cluster, "run", long_sweep.space, "--out", folder)
    wait_for(lambda: _both_nodes_work(cluster, folder))
    cluster.nodes[2].raylet().kill()
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert max(row["attempt"] for row in trial_rows(folder).values()) <= 2
    _check_same(folder, long_sweep.undisturbed)
    cluster.start(2)


def test_when_all_nodes_that_can_work_are_lost_the_sweep_says_so_and_goes_on_when_one_joins(
    cluster: Cluster, long_sweep: LongSweep, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    log = tmp_path / "log"
    arguments = ("sweep", "run", long_sweep.space, "--out", folder, "--address", cluster.address)
    process = start_xlt(*arguments, log=log, **cluster.environment)
    wait_for(lambda: _both_nodes_work(cluster, folder))
    cluster.nodes[1].kill()
    cluster.nodes[2].kill()
    wait_for(lambda: "waits: what is left asks for 1 CPU, which no node has" in log.read_text())
    assert process.poll() is None
    cluster.start(1)
    assert process.wait(timeout=300) == 0, log.read_text()
    assert "goes on: there are nodes for all that is left" in log.read_text()
    _check_same(folder, long_sweep.undisturbed)
    cluster.start(2)


def test_a_frozen_node_is_given_up_and_does_no_harm_when_it_is_back(
    cluster: Cluster, long_sweep: LongSweep, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    process = _start(cluster, "run", long_sweep.space, "--out", folder)
    wait_for(lambda: _both_nodes_work(cluster, folder))
    frozen = cluster.nodes[2].members()
    cluster.nodes[2].send(signal.SIGSTOP)
    before = trial_rows(folder)
    wait_for(lambda: num_finished(folder) >= len(before) + 2)  # the sweep goes on without it
    for one in frozen:
        if one.is_running():
            one.send_signal(signal.SIGCONT)  # its worker wakes up in the middle of a trial that another has by now
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    psutil.wait_procs(frozen, timeout=30)
    assert trial_rows(folder).items() >= before.items()
    _check_same(folder, long_sweep.undisturbed)
    cluster.nodes[2].kill()
    cluster.start(2)


def test_a_restarted_head_ends_the_launch_and_the_next_one_finishes(
    cluster: Cluster, long_sweep: LongSweep, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    process = _start(cluster, "run", long_sweep.space, "--out", folder)
    wait_for(lambda: num_finished(folder) >= 1)
    cluster.nodes[0].kill()
    _, errors = process.communicate(timeout=180)
    assert process.returncode not in (0, 2), errors
    before = trial_rows(folder)
    told = fork_xlt("sweep", "status", folder, log=tmp_path / "log")
    assert told.exit_status == 0, told.errors
    assert "pending" in told.output
    for number in (1, 2):
        cluster.nodes[number].kill()
    for number in (0, 1, 2):
        cluster.start(number)
    time.sleep(1.0)
    resumed = _start(cluster, "resume", folder, "--format", "json")
    output, errors = resumed.communicate(timeout=300)
    assert resumed.returncode == 0, errors
    assert json.loads(output)["num_run"] == 8 - len(before)
    assert trial_rows(folder).items() >= before.items()
    _check_same(folder, long_sweep.undisturbed)
