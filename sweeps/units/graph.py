"""Stages and trials as units of one graph: what can run now, and what of it first. Light: no torch, no ray.

In: units, and what becomes of each. Out: the next unit to run: the one with the most work after it that waits for it
(critical path first, as Hippo's stage tree; Shin et al. 2020).
"""

import heapq
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal

from sweeps.units.companions import Companions

UnitKind = Literal["stage", "trial", "stop"]
"""`stop`: the end of a trial that a scheduler stopped on its way; it is scored as it is then."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A piece of work that one worker does in one go."""

    unit_id: str
    """Stage key, or trial id."""
    kind: UnitKind
    title: str
    needs: tuple[str, ...] = ()
    """Keys of the stages that must be there before."""
    num_steps: int = 0
    """Optimiser steps: how much work it is."""
    request: Hashable = None
    """What it takes to run, as far as it differs between units (`sweeps.units.resources`)."""
    array_key: str | None = None
    """Trials whose keys are equal can train together (`xlt_core.arrays`); none: this unit runs alone."""
    seed: int = 0


@dataclass
class _Node:
    unit: Unit
    waits_for: set[str]
    waited_for_by: dict[str, None] = field(default_factory=dict)
    """In the order in which they came."""
    path_steps: int = 0
    """Its own steps and those of the longest chain after it."""


class UnitGraph:
    """Units that are not done yet. Each is waiting, ready, running, or done with; nothing runs twice at a time."""

    def __init__(self, units: Iterable[Unit] = ()) -> None:
        self._nodes: dict[str, _Node] = {}
        self._heaps: dict[Hashable, list[tuple[int, int, str]]] = {}
        """By request; entries whose unit is no longer ready, or has a longer path by now, are skipped."""
        self._ready: set[str] = set()
        self._companions = Companions()
        """The ready ones."""
        self._running: set[str] = set()
        self._order = count()
        self.add(units)

    def add(self, units: Iterable[Unit]) -> None:
        """Take in more units; a stage that a unit needs and that is not here is there already."""
        added = {unit.unit_id: unit for unit in units if unit.unit_id not in self._nodes}
        for name, unit in added.items():
            open_needs = {key for key in unit.needs if key in added or key in self._nodes}
            self._nodes[name] = _Node(unit=unit, waits_for=open_needs)
        for name in added:
            for key in self._nodes[name].waits_for:
                self._nodes[key].waited_for_by[name] = None
        self._measure_paths(added)
        for name in added:
            self._push_if_ready(name)

    @property
    def num_open(self) -> int:
        """Units that are not done with."""
        return len(self._nodes)

    @property
    def running(self) -> frozenset[str]:
        """Ids of the units that were taken and are not done with."""
        return frozenset(self._running)

    @property
    def num_ready(self) -> int:
        """Units that could run now."""
        return len(self._ready)

    @property
    def begun_or_ready(self) -> Iterator[Unit]:
        """Units that run, or could."""
        return (self._nodes[name].unit for name in (*self._running, *self._ready))

    def get(self, unit_id: str) -> Unit | None:
        """Give an open unit."""
        node = self._nodes.get(unit_id)
        return node.unit if node else None

    def take(self, can_run: Callable[[Unit], bool] = lambda _: True) -> Unit | None:
        """Give the ready unit that heads the longest path, of those that can run; it is running then.

        Args:
            can_run: asked once for each kind of request, of its first unit.
        """
        for heap in self._heaps.values():
            while heap and not self._is_current(heap[0]):
                heapq.heappop(heap)
        for heap in sorted(filter(None, self._heaps.values()), key=lambda heap: heap[0]):
            unit = self._nodes[heap[0][2]].unit
            if can_run(unit):
                heapq.heappop(heap)
                self._run(unit)
                return unit
        return None

    def count_ready(self, request: Hashable) -> int:
        """Ready trials that ask for so much and need not train alone."""
        return self._companions.count(request)

    def take_alike(self, unit: Unit, most: int) -> tuple[Unit, ...]:
        """Give ready units that can train with one that was taken; they are running then."""
        found = tuple(self._nodes[name].unit for name in self._companions.find(unit, most))
        for one in found:
            self._run(one)
        return found

    def put_back(self, unit_id: str, *, alone: bool = False) -> None:
        """Say that a running unit was not done after all; it is ready again.

        Args:
            unit_id: of the unit.
            alone: it is not to be run with others any more.
        """
        self._running.discard(unit_id)
        node = self._nodes.get(unit_id)
        if node is not None and alone:
            node.unit = replace(node.unit, array_key=None)
        self._push_if_ready(unit_id)

    def finish(self, unit_id: str) -> None:
        """Say that a unit is done; what waited for it alone is ready."""
        self._running.discard(unit_id)
        node = self._nodes.pop(unit_id, None)
        if node is None:
            return
        self._rest(node.unit)  # said to have ended after all, once it was put back
        for name in node.waited_for_by:
            self._nodes[name].waits_for.discard(unit_id)
            self._push_if_ready(name)

    def fail(self, unit_id: str) -> tuple[Unit, ...]:
        """Drop a unit and give those that can never run without it, which are dropped, too."""
        dropped: dict[str, Unit] = {}
        found = [unit_id]
        while found:
            node = self._nodes.pop(found.pop(), None)
            if node is not None:
                dropped[node.unit.unit_id] = node.unit
                found += node.waited_for_by
        self._running -= dropped.keys()
        for unit in dropped.values():
            for key in unit.needs:
                if key in self._nodes:
                    self._nodes[key].waited_for_by.pop(unit.unit_id, None)
        for unit in dropped.values():
            self._rest(unit)
        return tuple(unit for name, unit in dropped.items() if name != unit_id)

    def reopen(self, stage: Unit, unit_id: str) -> None:
        """Have a stage done again that a running unit found damaged; all that need it and do not run wait for it."""
        self._running.discard(unit_id)
        self.add([stage])
        for name, node in self._nodes.items():
            if name == unit_id or (stage.unit_id in node.unit.needs and name not in self._running):
                node.waits_for.add(stage.unit_id)
                self._rest(node.unit)
                self._nodes[stage.unit_id].waited_for_by[name] = None
                self._raise_path(stage.unit_id, stage.num_steps + node.path_steps)

    def _run(self, unit: Unit) -> None:
        self._rest(unit)
        self._running.add(unit.unit_id)

    def _rest(self, unit: Unit) -> None:
        """No longer ready."""
        self._ready.discard(unit.unit_id)
        self._companions.discard(unit)

    def _push_if_ready(self, name: str) -> None:
        node = self._nodes.get(name)
        if node is not None and not node.waits_for and name not in self._running:
            self._ready.add(name)
            self._companions.add(node.unit)
            heapq.heappush(self._heaps.setdefault(node.unit.request, []), (-node.path_steps, next(self._order), name))

    def _is_current(self, entry: tuple[int, int, str]) -> bool:
        path_steps, _, name = entry
        return name in self._ready and -path_steps == self._nodes[name].path_steps

    def _measure_paths(self, added: Iterable[str]) -> None:
        """Set the path of every new unit, and of the stages before it, from the ends up."""
        for name in added:
            self._raise_path(name, self._nodes[name].unit.num_steps)

    def _raise_path(self, name: str, steps: int) -> None:
        node = self._nodes[name]
        if steps <= node.path_steps and node.path_steps:
            return
        node.path_steps = steps
        if name in self._ready:
            self._push_if_ready(name)
        for key in node.waits_for:
            self._raise_path(key, self._nodes[key].unit.num_steps + node.path_steps)
