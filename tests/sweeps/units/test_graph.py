"""Units run after what they need, each once, the longest path first."""

import random

from hypothesis import given
from hypothesis import strategies as st

from sweeps.units.graph import Unit, UnitGraph


def _stage(name: str, *needs: str, steps: int = 1, request: str = "") -> Unit:
    return Unit(unit_id=name, kind="stage", title=name, needs=needs, num_steps=steps, request=request)


def _trial(name: str, *needs: str, steps: int = 1, request: str = "") -> Unit:
    return Unit(unit_id=name, kind="trial", title=name, needs=needs, num_steps=steps, request=request)


def _taken(graph: UnitGraph) -> str | None:
    unit = graph.take()
    return unit.unit_id if unit else None


@st.composite
def graphs(draw: st.DrawFn) -> list[Unit]:
    units: list[Unit] = []
    for place in range(draw(st.integers(1, 12))):
        names = [unit.unit_id for unit in units]
        needs = draw(st.lists(st.sampled_from(names), unique=True, max_size=3)) if names else []
        units.append(_stage(f"u{place}", *needs, steps=draw(st.integers(1, 9)), request=draw(st.sampled_from("ab"))))
    return draw(st.permutations(units))


@given(units=graphs(), num_slots=st.integers(1, 4), order=st.randoms(use_true_random=False))
def test_every_unit_is_taken_once_and_after_all_that_it_needs(
    units: list[Unit], num_slots: int, order: random.Random
) -> None:
    graph, done, running, taken = UnitGraph(units), set[str](), list[Unit](), list[str]()
    while graph.num_open:
        while len(running) < num_slots and (unit := graph.take()):
            assert set(unit.needs) <= done
            taken.append(unit.unit_id)
            running.append(unit)
        assert running, "something can always run"
        ended = running.pop(order.randrange(len(running)))
        done.add(ended.unit_id)
        graph.finish(ended.unit_id)
    assert sorted(taken) == sorted(unit.unit_id for unit in units)


@given(units=graphs(), lost=st.integers(0, 11))
def test_what_needs_a_failed_unit_is_dropped_and_all_else_runs(units: list[Unit], lost: int) -> None:
    name = units[lost % len(units)].unit_id
    without = {name}
    while more := {unit.unit_id for unit in units if without & set(unit.needs)} - without:
        without |= more
    graph = UnitGraph(units)
    assert {unit.unit_id for unit in graph.fail(name)} == without - {name}
    taken = set()
    while unit := graph.take():
        taken.add(unit.unit_id)
        graph.finish(unit.unit_id)
    assert taken == {unit.unit_id for unit in units} - without
    assert graph.num_open == 0


@given(units=graphs())
def test_the_longest_path_goes_first(units: list[Unit]) -> None:
    by_name = {unit.unit_id: unit for unit in units}
    above = {name: [one for one in units if name in one.needs] for name in by_name}

    def path(name: str) -> int:
        return by_name[name].num_steps + max((path(one.unit_id) for one in above[name]), default=0)

    graph = UnitGraph(units)
    ready = {unit.unit_id for unit in units if not unit.needs}
    first = _taken(graph)
    assert first is not None
    assert path(first) == max(map(path, ready))


def test_a_stage_that_is_there_already_is_not_waited_for() -> None:
    assert _taken(UnitGraph([_trial("t", "published")])) == "t"


def test_what_can_run_goes_before_what_is_longer_and_cannot() -> None:
    graph = UnitGraph([_trial("large", steps=9, request="gpu"), _trial("small", request="cpu")])
    unit = graph.take(lambda unit: unit.request == "cpu")
    assert unit is not None
    assert unit.unit_id == "small"
    assert graph.take(lambda unit: unit.request == "cpu") is None


def test_a_unit_that_was_put_back_is_given_again_and_counts_as_running_no_more() -> None:
    graph = UnitGraph([_stage("a")])
    assert _taken(graph) == "a"
    assert _taken(graph) is None
    graph.put_back("a")
    assert graph.running == frozenset()
    assert _taken(graph) == "a"


def test_units_that_come_later_wait_for_stages_that_run() -> None:
    graph = UnitGraph([_stage("a")])
    assert _taken(graph) == "a"
    graph.add([_trial("t", "a")])
    assert _taken(graph) is None
    graph.finish("a")
    assert _taken(graph) == "t"


def test_later_units_raise_the_path_of_a_stage_that_waits() -> None:
    graph = UnitGraph([_stage("short"), _stage("long", steps=2)])
    graph.add([_trial("t", "short", steps=9)])
    assert _taken(graph) == "short"


def test_a_stage_that_was_found_damaged_is_computed_again_before_its_trial() -> None:
    graph = UnitGraph([_stage("a"), _trial("t", "a")])
    assert _taken(graph) == "a"
    graph.finish("a")
    assert _taken(graph) == "t"
    graph.reopen(_stage("a"), "t")
    assert _taken(graph) == "a"
    assert _taken(graph) is None
    graph.finish("a")
    assert _taken(graph) == "t"


def test_two_that_find_one_stage_damaged_wait_for_one_computation() -> None:
    graph = UnitGraph([_trial("t", "a"), _trial("u", "a")])
    assert {_taken(graph), _taken(graph)} == {"t", "u"}
    graph.reopen(_stage("a"), "t")
    graph.reopen(_stage("a"), "u")
    assert [_taken(graph), _taken(graph)] == ["a", None]
    graph.finish("a")
    assert {_taken(graph), _taken(graph)} == {"t", "u"}
    graph.finish("t")
    graph.finish("u")
    assert graph.num_open == 0


def test_what_has_not_begun_waits_for_a_stage_that_another_found_damaged() -> None:
    graph = UnitGraph([_trial("t", "a"), _trial("u", "a"), _trial("v", "b")])
    found = _taken(graph)
    assert found == "t"
    graph.reopen(_stage("a"), found)
    assert {_taken(graph), _taken(graph)} == {"a", "v"}
    assert _taken(graph) is None
    graph.finish("a")
    assert {_taken(graph), _taken(graph)} == {"t", "u"}
