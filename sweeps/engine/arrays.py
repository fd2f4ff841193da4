"""How many trials train together: shared out evenly among the workers, and no more than was measured to be quick.

In: what is ready, and what arrays of this launch have measured. Out: widths. Whatever they are, the rows are the same.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from math import ceil

from sweeps.units.companions import MAX_WIDTH, ArrayUnit
from sweeps.workers.outcomes import ArrayOutcome


@dataclass
class _Round:
    """One array for each worker, as wide as the others, so that all end at about the same time."""

    width: int
    num_left: int


class ArrayWidths:
    """The books of a launch: nothing of them is kept for the next, which may be on other machines."""

    def __init__(self) -> None:
        self._limits: dict[str, int] = {}
        """By array key: wider ones are slower, or do not fit."""
        self._proved: dict[str, int] = {}
        """By array key: up to so many at a time, more were quicker than fewer."""
        self._rounds: dict[Hashable, _Round] = {}
        """By request."""
        self._under_way: dict[str, tuple[ArrayUnit, int]] = {}
        """By id of their first: it, and how many they are."""

    def begin(self, unit: ArrayUnit, num_members: int) -> None:
        """Note an array that was handed out, by its first."""
        self._under_way[unit.unit_id] = (unit, num_members)

    def end(self, unit_id: str) -> str | None:
        """Note that the array of this first is under way no more; gives its key, none where it was not."""
        unit, _ = self._under_way.pop(unit_id, (None, 0))
        return unit.array_key if unit else None

    def choose(self, unit: ArrayUnit, num_ready: int, num_slots: int) -> int:
        """Give the most trials for an array that begins now.

        Args:
            unit: its first.
            num_ready: trials of the same request that could train now, each with those of its own key; it is one.
            num_slots: workers for this request, busy or not.
        """
        limit = self._find_limit(unit)
        share = _share(num_ready + self._count_coming_back(unit.request), max(1, num_slots), limit)
        begun = self._rounds.get(unit.request)
        if begun is None or begun.num_left == 0:
            begun = self._rounds[unit.request] = _Round(width=share, num_left=max(1, num_slots))
        begun.num_left -= 1
        return min(limit, max(share, begun.width))

    def find_proved(self, unit: ArrayUnit, width: int) -> int | None:
        """Give the width where it was measured that fewer at a time are not quicker; none: it is to be measured."""
        return width if width <= self._proved.get(unit.array_key or "", 0) else None

    def hear(self, key: str, outcome: ArrayOutcome) -> str | None:
        """Learn from an array that has ended; gives what is new to a person."""
        limit = self._limits.get(key)
        if outcome.failed:
            self._limits[key] = max(1, outcome.num_members // 2)
            self._proved[key] = min(self._limits[key], self._proved.get(key, 0))
            return f"array  {outcome.num_members} trials could not train together: their logs say why"
        width = outcome.measured_width
        if width is None:
            return None
        # Of two measurements the wider counts: one that was disturbed by what else the machine did finds less.
        self._proved[key] = width = max(width, self._proved.get(key, 0))
        if width == limit or (limit is None and width >= outcome.num_members):
            return None
        self._limits[key] = width
        return "array  alone is quickest here" if width == 1 else f"array  {width} trials at a time are quickest here"

    def _find_limit(self, unit: ArrayUnit) -> int:
        return self._limits.get(unit.array_key or "", MAX_WIDTH)

    def _count_coming_back(self, request: Hashable) -> int:
        """Members that will be left over: their array was begun before it was known that fewer are quicker."""
        alike = ((unit, num_members) for unit, num_members in self._under_way.values() if unit.request == request)
        return sum(max(0, num_members - self._find_limit(unit)) for unit, num_members in alike)


def _share(num_ready: int, num_slots: int, limit: int) -> int:
    """As few equal rounds of arrays as the limit allows."""
    num_rounds = max(1, ceil(num_ready / (num_slots * limit)))
    return max(1, ceil(num_ready / (num_slots * num_rounds)))
