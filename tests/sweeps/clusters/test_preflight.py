"""The check of all nodes: what is said, and on two real ones."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from sweeps.clusters import node_checks, preflight
from sweeps.clusters.local import LocalCluster
from sweeps.clusters.preflight import check_nodes, choose_readers, describe_problems
from sweeps.clusters.session import list_nodes, ray_cluster
from sweeps.planning.plan import plan_sweep
from sweeps.units.job import Place
from sweeps.units.resources import Node
from tests.sweeps.factories import make_space
from xlt_core.errors import XltError

_NODES = [Node(node_id=f"{digit}" * 40, host=f"host{digit}") for digit in (1, 2, 3)]


def test_the_same_problem_is_said_once_for_all_nodes_that_have_it() -> None:
    found = {_NODES[0].node_id: ["no disk"], _NODES[1].node_id: [], _NODES[2].node_id: ["no disk", "old torch"]}
    assert describe_problems(_NODES, found).splitlines() == [
        "2 of 3 nodes are not fit for this sweep; nothing has run:",
        "  host1 (11111111), host3 (33333333): no disk",
        "  host3 (33333333): old torch",
    ]


def test_one_node_of_several_is_counted_as_one() -> None:
    found = {node.node_id: [] for node in _NODES} | {_NODES[0].node_id: ["x"]}
    assert describe_problems(_NODES, found).startswith("1 of 3 nodes is not fit")


def _look(monkeypatch: pytest.MonkeyPatch, found: dict[str, list[str]], alive: list[Node]) -> None:
    """Check two nodes of which some have problems, and some are there no more afterwards."""
    nodes = [Node(node_id=name, host=f"host-{name}") for name in ("one", "two")]
    monkeypatch.setattr(preflight, "_ask", lambda asked, *_: {node.node_id: found[node.node_id] for node in asked})
    monkeypatch.setattr(preflight, "list_nodes", lambda: alive)
    expected = node_checks.Expected(versions={}, places=(), work_folder="", probe="", needs_token=False)
    preflight._check_each(nodes, (), expected)


def test_a_node_that_goes_while_it_is_asked_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, list[str]] = {"one": [], "two": ["did not answer"]}
    _look(monkeypatch, found, [Node(node_id="one")])
    with pytest.raises(XltError, match=r"1 of 2 nodes is not fit") as refused:
        _look(monkeypatch, found, [Node(node_id="one"), Node(node_id="two")])
    assert "host-two" in str(refused.value)
    with pytest.raises(XltError, match="every node of the cluster has gone"):
        _look(monkeypatch, found, [])


def test_seeds_and_magnitudes_read_nothing_else() -> None:
    trials = plan_sweep(make_space(seeds=3)).trials
    assert len(trials) == 12
    methods_and_stages = {
        (trial.plan.spec.target.perturbation.method, trial.plan.spec.intermediate is None) for trial in trials
    }
    assert len(choose_readers(trials)) == len(methods_and_stages) == 4


def test_a_local_ray_only_has_its_storage_tried(tmp_path: Path) -> None:
    place = Place(folder=str(tmp_path / "s"), sweep_id="s", launch_id="l", stages_folder=str(tmp_path / "stages"))
    check_nodes(plan_sweep(make_space()).trials, place, is_local=True)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


@contextmanager
def _joined(cluster: LocalCluster, folder: Path) -> Iterator[None]:
    with ray_cluster(cluster.address, folder / "driver.log"):
        yield


def _place(folder: Path) -> Place:
    return Place(folder=str(folder / "s"), sweep_id="s", launch_id="l")


@pytest.mark.ray
@pytest.mark.slow
class TestOnTwoNodes:
    def test_both_are_asked_and_leave_nothing_behind(self, two_nodes: LocalCluster, tmp_path: Path) -> None:
        with _joined(two_nodes, tmp_path):
            assert sorted(node.labels["xlt-node"] for node in list_nodes()) == ["0", "1"]
            check_nodes(plan_sweep(make_space()).trials, _place(tmp_path), is_local=False)
        assert not any((tmp_path / "s").iterdir())

    def test_all_that_is_wrong_is_said_of_each_node(
        self, two_nodes: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = node_checks.read_versions()
        monkeypatch.setattr(preflight, "read_versions", lambda: {**here, "torch": "1.0"})
        with _joined(two_nodes, tmp_path), pytest.raises(XltError) as caught:
            check_nodes(plan_sweep(make_space()).trials, _place(tmp_path), is_local=False)
        message = str(caught.value)
        assert message.startswith("2 of 2 nodes are not fit")
        assert message.count("(here 1.0)") == 1
        assert message.count(f"{os.uname().nodename} (") == 2

    def test_a_frozen_node_is_named_in_the_time_that_an_answer_takes(
        self, two_nodes: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(preflight, "_ANSWER_SECONDS", 15.0)
        session = two_nodes.sessions[1]
        frozen = [process for process in psutil.process_iter() if _session_of(process) == session]
        with _joined(two_nodes, tmp_path):
            frozen_id = next(node.node_id for node in list_nodes() if node.labels["xlt-node"] == "1")
            for process in frozen:
                process.send_signal(signal.SIGSTOP)
            try:
                with pytest.raises(XltError, match=rf"1 of 2 nodes is.*\n.*{frozen_id[:8]}\): did not answer"):
                    check_nodes(plan_sweep(make_space()).trials, _place(tmp_path), is_local=False)
            finally:
                for process in frozen:
                    process.send_signal(signal.SIGCONT)


def _session_of(process: psutil.Process) -> int | None:
    try:
        return os.getsid(process.pid)
    except ProcessLookupError:
        return None
