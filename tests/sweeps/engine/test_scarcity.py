"""What no node can run is said once, and so is that it can be run again."""

import pytest

from search_spaces.resources import Resources
from sweeps.engine import scarcity
from sweeps.engine.scarcity import ScarcityWatch
from sweeps.units.resources import Node

LARGE = Node(node_id="large", amounts={"CPU": 8.0, "GPU": 2.0})
SMALL = Node(node_id="small", amounts={"CPU": 2.0})


def test_nodes_that_vanish_are_told_once_and_that_they_are_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scarcity, "_LOOK_SECONDS", 0.0)
    nodes, said = [SMALL, LARGE], list[str]()
    watch = ScarcityWatch(lambda: (Resources(gpu=1), Resources(cpu=2)), lambda: nodes, said.append)
    watch.look()
    assert said == []
    nodes.remove(LARGE)
    watch.look()
    watch.look()
    assert len(said) == 1
    assert "asks for 1 CPU, 1 GPU, which no node has (2 CPU, 0 GPU)" in said[0]
    assert "xlt sweep resume" in said[0]
    nodes.append(LARGE)
    watch.look()
    assert said[1:] == ["goes on: there are nodes for all that is left"]


def test_a_node_that_is_only_busy_is_no_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scarcity, "_LOOK_SECONDS", 0.0)
    said = list[str]()
    ScarcityWatch(lambda: (Resources(cpu=2),) * 9, lambda: [SMALL], said.append).look()
    assert said == []


def test_nodes_are_not_asked_for_at_every_step() -> None:
    def list_nodes() -> list[Node]:
        raise AssertionError("too soon")

    ScarcityWatch(tuple, list_nodes, print).look()
