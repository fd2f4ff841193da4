"""Ranges among the values of an axis, from which a search draws numbers. In: `{uniform: [0, 1]}`. Out: `Range`."""

import math
from dataclasses import dataclass
from typing import Literal, cast

from pydantic import JsonValue

RangeKind = Literal["uniform", "log_uniform", "integer"]
RANGE_KINDS: tuple[RangeKind, ...] = ("uniform", "log_uniform", "integer")

_NUM_DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class Range:
    """Numbers from `low` to `high`, both included."""

    kind: RangeKind
    low: float
    high: float

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest number; whole ones where the range has no others."""
        return self.as_setting(self.low), self.as_setting(self.high)

    def at(self, share: float) -> float:
        """Give the number below which a share (0 to 1, 1 excluded) of the draws lies."""
        if self.kind == "integer":
            return math.floor(self.low + share * (self.high - self.low + 1))
        if self.kind == "log_uniform":
            return self.as_setting(math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low))))
        return self.as_setting(self.low + share * (self.high - self.low))

    def as_setting(self, number: float) -> float:
        """Round to what is written in a spec: four significant digits, so that names of cells stay short."""
        if self.kind == "integer":
            return round(number)
        return min(max(float(f"{number:.{_NUM_DIGITS}g}"), float(self.low)), float(self.high))


def is_range(value: JsonValue) -> bool:
    """Whether a value is written as a range, a good one or not."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in RANGE_KINDS


def read_range(value: JsonValue) -> Range:
    """Read what `is_range`.

    Raises:
        ValueError: no two numbers of which the second is larger, or none that its kind allows.
    """
    assert isinstance(value, dict), "written as a range"
    kind, ends = next(iter(value.items()))
    found = ends if isinstance(ends, list) else []
    numbers = [end for end in found if isinstance(end, int | float) and not isinstance(end, bool)]
    if not len(found) == len(numbers) == 2 or not all(map(math.isfinite, numbers)) or numbers[0] >= numbers[1]:
        raise ValueError(f"given {ends!r} for '{kind}'; allowed: two numbers, the lower one first, like [0.01, 1.0]")
    if kind == "log_uniform" and numbers[0] <= 0:
        raise ValueError(f"given {ends!r} for 'log_uniform'; allowed: numbers above 0, or 'uniform'")
    if kind == "integer" and not all(isinstance(number, int) for number in numbers):
        raise ValueError(f"given {ends!r} for 'integer'; allowed: two whole numbers, or 'uniform'")
    return Range(kind=cast(RangeKind, kind), low=numbers[0], high=numbers[1])
