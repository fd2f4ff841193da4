"""How long a graph of units takes when so many run at a time, as the launch itself would order them. Light.

In: units and the seconds of each. Out: a `Schedule`.
"""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sweeps.units.graph import Unit, UnitGraph


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """What a simulated launch came to."""

    wall_seconds: float
    busy_seconds: float
    """Of all units together."""
    path_seconds: float
    """Of the longest chain of units that wait for one another: no number of slots is quicker."""
    busy_share: float
    """Of the time of all slots, 0 to 1; the rest is waiting for stages."""


def simulate(units: Iterable[Unit], seconds: Mapping[str, float], slots: int) -> Schedule:
    """Run units in thought: whenever a slot is free, the ready unit with the most work behind it begins.

    List scheduling by critical path; its wall time is within a factor of 2 - 1 / slots of the best there is (Graham
    1969).

    Args:
        units: each after those that it needs, or those are there already.
        seconds: of each unit, by its id.
        slots: units at a time.
    """
    units = tuple(units)
    graph = UnitGraph(units)
    running: list[tuple[float, str]] = []
    now = 0.0
    while graph.num_open:
        while len(running) < slots and (unit := graph.take()) is not None:
            heapq.heappush(running, (now + seconds[unit.unit_id], unit.unit_id))
        now, done = heapq.heappop(running)
        graph.finish(done)
    busy = sum(seconds[unit.unit_id] for unit in units)
    ends: dict[str, float] = {}
    for unit in units:
        ends[unit.unit_id] = max((ends[key] for key in unit.needs if key in ends), default=0.0) + seconds[unit.unit_id]
    return Schedule(
        wall_seconds=now,
        busy_seconds=busy,
        path_seconds=max(ends.values(), default=0.0),
        busy_share=busy / (now * slots) if now else 0.0,
    )
