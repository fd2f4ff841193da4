"""Schedules of graphs in thought: bounds that always hold, cases worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.forecast.simulation import simulate
from sweeps.units.graph import Unit


def _unit(name: str, *needs: str, num_steps: int = 1) -> Unit:
    return Unit(unit_id=name, kind="trial", title=name, needs=needs, num_steps=num_steps)


@st.composite
def _graphs(draw: st.DrawFn) -> tuple[list[Unit], dict[str, float]]:
    """Units that need some of those before them; steps in proportion to seconds."""
    num_units = draw(st.integers(1, 12))
    units: list[Unit] = []
    for place in range(num_units):
        needs = draw(st.sets(st.sampled_from(units), max_size=3)) if units else set()
        num_steps = draw(st.integers(1, 50))
        units.append(_unit(f"u{place}", *sorted(unit.unit_id for unit in needs), num_steps=num_steps))
    return units, {unit.unit_id: float(unit.num_steps) for unit in units}


@given(_graphs(), st.integers(1, 5))
def test_no_schedule_beats_the_longest_path_or_the_work_and_none_is_twice_as_long(
    graph: tuple[list[Unit], dict[str, float]], slots: int
) -> None:
    units, seconds = graph
    found = simulate(units, seconds, slots)
    bound = max(found.path_seconds, sum(seconds.values()) / slots)
    assert bound - 1e-9 <= found.wall_seconds <= (2 - 1 / slots) * bound + 1e-9
    assert found.busy_seconds == pytest.approx(sum(seconds.values()))
    assert found.busy_share == pytest.approx(found.busy_seconds / (slots * found.wall_seconds))


@given(_graphs())
def test_in_one_slot_everything_runs_one_after_the_other(graph: tuple[list[Unit], dict[str, float]]) -> None:
    units, seconds = graph
    assert simulate(units, seconds, 1).wall_seconds == pytest.approx(sum(seconds.values()))


def test_the_stage_that_most_waits_for_begins_first() -> None:
    """Two slots; a long stage with trials behind it beside short trials that need nothing: 10 + 5, not 4 + 10 + 5."""
    units = [_unit("short 1", num_steps=4), _unit("short 2", num_steps=4), _unit("stage", num_steps=10)]
    units += [_unit("after 1", "stage", num_steps=5), _unit("after 2", "stage", num_steps=5)]
    seconds = {unit.unit_id: float(unit.num_steps) for unit in units}
    assert simulate(units, seconds, 2).wall_seconds == 15.0


def test_stages_that_are_there_are_not_waited_for_and_nothing_takes_no_time() -> None:
    assert simulate([_unit("trial", "stage that is there")], {"trial": 3.0}, 4).wall_seconds == 3.0
    empty = simulate([], {}, 2)
    assert (empty.wall_seconds, empty.busy_share) == (0.0, 0.0)
