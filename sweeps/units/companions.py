"""Ready trials by whom they can train with, so that further ones of a kind are found among thousands. Light.

In: units as they become ready, and cease to be. Out: how many are alike, and some of them.
"""

from collections import defaultdict
from collections.abc import Hashable
from itertools import chain, islice
from typing import Protocol

MAX_WIDTH = 16
"""Units that train together at most: beyond it there is little to gain, and a worker that dies has more to do again."""

_Kind = tuple[Hashable, str]
"""Request and array key."""


class ArrayUnit(Protocol):
    """What is asked of a unit here."""

    @property
    def unit_id(self) -> str:
        """Its name."""
        ...

    @property
    def request(self) -> Hashable:
        """What it takes to run."""
        ...

    @property
    def array_key(self) -> str | None:
        """Equal for units that can train together; none: it trains alone."""
        ...

    @property
    def seed(self) -> int:
        """Units of one seed read the same examples in the same order."""
        ...


class Companions:
    """Units that are ready; taking one out or in takes the same time however many there are."""

    def __init__(self) -> None:
        self._by_kind: defaultdict[_Kind, dict[int, dict[str, None]]] = defaultdict(dict)
        """Then by seed, in the order in which they came."""

    def add(self, unit: ArrayUnit) -> None:
        """Take in a unit; one that is here stays where it is."""
        if unit.array_key is not None:
            self._by_kind[unit.request, unit.array_key].setdefault(unit.seed, {})[unit.unit_id] = None

    def discard(self, unit: ArrayUnit) -> None:
        """Let go of a unit; one that is not here does not matter."""
        if unit.array_key is None:
            return
        kind = (unit.request, unit.array_key)
        by_seed = self._by_kind.get(kind, {})
        ids = by_seed.get(unit.seed, {})
        ids.pop(unit.unit_id, None)
        if not ids:
            by_seed.pop(unit.seed, None)
        if not by_seed:
            self._by_kind.pop(kind, None)

    def count(self, request: Hashable) -> int:
        """Units of one request that could train with others, of whatever kind."""
        kinds = (by_seed for (asked, _), by_seed in self._by_kind.items() if asked == request)
        return sum(len(ids) for by_seed in kinds for ids in by_seed.values())

    def find(self, unit: ArrayUnit, most: int) -> list[str]:
        """Name ready units that can train with this one, those of its seed first: equal batches need no padding."""
        by_seed = self._by_kind.get((unit.request, unit.array_key or ""), {})
        seeds = sorted(by_seed, key=lambda seed: seed != unit.seed)
        alike = chain.from_iterable(by_seed[seed] for seed in seeds)
        return list(islice((name for name in alike if name != unit.unit_id), max(0, most)))
