"""What fits beside what runs, node by node."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.resources import Resources
from sweeps.engine import capacity
from sweeps.engine.capacity import Capacity
from sweeps.units.resources import Node


def _node(name: str, labels: dict[str, str] | None = None, **amounts: float) -> Node:
    return Node(node_id=name, amounts=amounts, labels=labels or {})


def test_a_unit_fits_as_long_as_a_node_has_room_for_all_it_asks_for() -> None:
    free = Capacity(lambda: [_node("a", CPU=2, GPU=1)])
    half = Resources(cpu=1, gpu=0.5)
    for name in ("first", "second"):
        assert free.can_hold(half)
        free.take(name, half)
    assert not free.can_hold(half)
    assert not free.can_hold(Resources(cpu=1))
    free.release("first")
    assert free.can_hold(half)
    assert not free.can_hold(Resources(cpu=1, gpu=1))


def test_room_on_two_nodes_is_no_room_for_one_unit() -> None:
    free = Capacity(lambda: [_node("a", CPU=1), _node("b", CPU=1)])
    assert free.can_hold(Resources(cpu=1))
    assert not free.can_hold(Resources(cpu=2))


def test_a_unit_that_asks_for_a_label_takes_room_only_where_it_is() -> None:
    free = Capacity(lambda: [_node("old", CPU=1), _node("new", {"kind": "h100"}, CPU=1)])
    picky = Resources(cpu=1, labels={"kind": "h100"})
    free.take("x", picky)
    assert not free.can_hold(picky)
    assert free.can_hold(Resources(cpu=1))


def test_no_more_than_were_allowed_run_at_a_time() -> None:
    free = Capacity(lambda: [_node("a", CPU=9)], max_concurrent=1)
    free.take("x", Resources(cpu=1))
    assert not free.can_hold(Resources(cpu=1))


def test_nodes_that_come_and_go_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "_REFRESH_SECONDS", 0.0)
    nodes = [_node("a", CPU=1)]
    free = Capacity(lambda: nodes)
    free.take("x", Resources(cpu=1))
    assert not free.can_hold(Resources(cpu=1))
    nodes.append(_node("b", CPU=1))
    assert free.can_hold(Resources(cpu=1))
    nodes.pop()
    assert not free.can_hold(Resources(cpu=1))


@given(
    wanted=st.lists(st.sampled_from([0.25, 0.5, 1.0, 2.0]), max_size=20), cores=st.lists(st.integers(1, 4), min_size=1)
)
def test_what_is_taken_never_exceeds_what_a_node_has(wanted: list[float], cores: list[int]) -> None:
    nodes = [_node(str(place), CPU=float(number)) for place, number in enumerate(cores)]
    free = Capacity(lambda: nodes)
    total = 0.0
    for place, amount in enumerate(wanted):
        if free.can_hold(Resources(cpu=amount)):
            free.take(str(place), Resources(cpu=amount))
            total += amount
    assert total <= sum(cores)


def test_slots_are_counted_as_if_nothing_ran_on_nodes_that_are_allowed_and_up_to_the_limit() -> None:
    nodes = [_node("a", CPU=4, GPU=1), _node("b", {"kind": "h100"}, CPU=8, GPU=2), _node("c", CPU=3)]
    free = Capacity(lambda: nodes)
    free.take("x", Resources(cpu=2))
    assert free.count_slots(Resources(cpu=2)) == 2 + 4 + 1
    assert free.count_slots(Resources(cpu=1, gpu=0.25)) == 4 + 8
    assert free.count_slots(Resources(cpu=1, labels={"kind": "h100"})) == 8
    assert free.count_slots(Resources(cpu=16)) == 1
    assert Capacity(lambda: nodes, max_concurrent=3).count_slots(Resources(cpu=2)) == 3
