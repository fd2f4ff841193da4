"""Units that can train together are found by request, key and seed, and only while they are ready."""

import random

from hypothesis import given
from hypothesis import strategies as st

from sweeps.units.companions import Companions
from sweeps.units.graph import Unit, UnitGraph


def _trial(name: str, key: str | None = "k", seed: int = 0, request: str = "") -> Unit:
    return Unit(unit_id=name, kind="trial", title=name, num_steps=1, request=request, array_key=key, seed=seed)


def test_units_of_the_same_seed_come_first_and_never_the_unit_itself() -> None:
    companions = Companions()
    units = [_trial(f"{seed}-{place}", seed=seed) for place in range(2) for seed in range(3)]
    for unit in units:
        companions.add(unit)
    assert companions.find(_trial("1-0", seed=1), 3) == ["1-1", "0-0", "0-1"]
    assert companions.find(_trial("1-0", seed=1), 0) == []
    assert companions.find(_trial("x", key=None), 9) == []


def test_only_equal_requests_and_keys_are_alike_and_all_of_a_request_are_counted() -> None:
    companions = Companions()
    units = [_trial("a"), _trial("b", key="other"), _trial("c", request="gpu"), _trial("d", key=None)]
    for unit in units:
        companions.add(unit)
        companions.add(unit)
    assert companions.find(_trial("e"), 9) == ["a"]
    assert (companions.count(""), companions.count("gpu"), companions.count("none")) == (2, 1, 0)


@st.composite
def _units(draw: st.DrawFn) -> list[Unit]:
    keys = st.sampled_from(["k", "l", None])
    return [
        _trial(f"u{place}", draw(keys), draw(st.integers(0, 2)), draw(st.sampled_from("ab")))
        for place in range(draw(st.integers(1, 10)))
    ]


@given(units=_units(), order=st.randoms(use_true_random=False), width=st.integers(1, 4))
def test_each_unit_is_handed_out_once_with_units_of_its_kind_whatever_is_put_back(
    units: list[Unit], order: random.Random, width: int
) -> None:
    graph, ended = UnitGraph(units), list[str]()
    put_back = {unit.unit_id for unit in units if order.random() < 0.4}
    while graph.num_open:
        first = graph.take()
        assert first is not None
        taken = [first, *graph.take_alike(first, width - 1)]
        assert len({(unit.request, unit.array_key) for unit in taken}) == 1
        assert len(taken) == 1 or (len(taken) <= width and first.array_key is not None)
        assert {unit.unit_id for unit in taken} <= graph.running
        for unit in taken:
            if unit.unit_id in put_back:
                put_back.discard(unit.unit_id)
                graph.put_back(unit.unit_id, alone=True)
                assert unit.unit_id not in graph.running
            else:
                graph.finish(unit.unit_id)
                ended.append(unit.unit_id)
    assert sorted(ended) == sorted(unit.unit_id for unit in units)
    assert graph.count_ready("a") == graph.count_ready("b") == 0


def test_a_unit_that_is_to_run_alone_is_nobodys_companion() -> None:
    graph = UnitGraph([_trial("a"), _trial("b")])
    first = graph.take()
    assert first is not None
    graph.put_back(first.unit_id, alone=True)
    assert graph.count_ready("") == 1
    second = graph.take()
    assert second is not None
    assert graph.take_alike(second, 9) == ()


def test_what_needs_a_reopened_stage_and_what_is_dropped_is_nobodys_companion() -> None:
    stage = Unit(unit_id="s", kind="stage", title="s")
    trials = [Unit(unit_id=name, kind="trial", title=name, needs=("s",), array_key="k", request="") for name in "abc"]
    graph = UnitGraph(trials)
    first = graph.take()
    assert first is not None
    graph.reopen(stage, first.unit_id)
    assert graph.count_ready("") == 0
    assert graph.take() == stage
    graph.finish("s")
    assert graph.count_ready("") == 3
    graph.fail("b")
    assert graph.count_ready("") == 2
