"""From an axis as it is written to its points. In: lists and mappings of lists. Out: values with their places.

A range (`search_spaces.ranges`) is one value here, as it is written.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TypeGuard

from pydantic import JsonValue

from search_spaces.problems import Place
from search_spaces.ranges import is_range, read_range
from search_spaces.settings import Path


@dataclass(frozen=True, kw_only=True)
class Point:
    """One value of one axis."""

    value: JsonValue
    places: dict[Path, Place]
    """Where in the space each key of the value was written; `()` is the value itself."""


def axis_points(values: JsonValue, place: Place) -> Iterator[Point]:
    """Multiply out an axis: a list gives its items, a mapping the product of its values' points.

    A list directly inside a list is a value and not multiplied out. Keys are taken in alphabetical order, so that the
    order in which they are written does not matter.
    """
    if isinstance(values, list):
        for index, item in enumerate(values):
            inner = (*place, index)
            if is_multiplied_out(item):
                yield from axis_points(item, inner)
            else:
                yield Point(value=item, places={(): inner})
    elif is_multiplied_out(values):
        keys = sorted(values)
        for combination in product(*(list(axis_points(values[key], (*place, key))) for key in keys)):
            yield join_points(dict(zip(keys, combination, strict=True)), place)
    else:
        yield Point(value=values, places={(): place})


def join_points(points: Mapping[str, Point], place: Place) -> Point:
    """Make one point of those of a mapping's keys."""
    places: dict[Path, Place] = {(): place}
    for key, point in points.items():
        places |= {(key, *path): where for path, where in point.places.items()}
    return Point(value={key: point.value for key, point in points.items()}, places=places)


def is_multiplied_out(values: JsonValue) -> TypeGuard[dict[str, JsonValue]]:
    """Whether a value is a mapping of keys to values, and not a range."""
    return isinstance(values, dict) and not is_range(values)


def find_ranges(values: JsonValue, place: Place) -> Iterator[tuple[Place, JsonValue]]:
    """List the ranges of an axis as they are written, with their places."""
    if is_range(values):
        yield place, values
    elif isinstance(values, dict):
        for key, value in values.items():
            yield from find_ranges(value, (*place, key))
    elif isinstance(values, list):
        for index, item in enumerate(values):
            if isinstance(item, dict):
                yield from find_ranges(item, (*place, index))


def at_ends(point: Point) -> Iterator[Point]:
    """Put the two ends of each range of a point in its place: every combination. A point without ranges stays."""
    ranges = [path for path in point.places if is_range(value_at(point.value, path))]
    ends = (read_range(value_at(point.value, path)).ends for path in ranges)
    for chosen in product(*ends):
        yield Point(value=_replace(point.value, zip(ranges, chosen, strict=True)), places=point.places)


def value_at(value: JsonValue, path: Path) -> JsonValue:
    """Give what is at a path of the value's own."""
    for key in path:
        assert isinstance(value, dict), "a path of the value's own"
        value = value[key]
    return value


def _replace(value: JsonValue, replaced: Iterable[tuple[Path, JsonValue]]) -> JsonValue:
    for path, new in replaced:
        value = _put(value, path, new)
    return value


def _put(value: JsonValue, path: Path, new: JsonValue) -> JsonValue:
    if not path:
        return new
    assert isinstance(value, dict), "a path of the value's own"
    return {**value, path[0]: _put(value[path[0]], path[1:], new)}


def num_points(values: JsonValue) -> int:
    """Count the points of an axis without making them."""
    if isinstance(values, list):
        return sum(num_points(item) if is_multiplied_out(item) else 1 for item in values)
    if is_multiplied_out(values):
        return prod(num_points(value) for value in values.values())
    return 1


def written_paths(values: JsonValue) -> set[Path]:
    """List the settings that an axis sets at some point, relative to the axis; mappings themselves are left out."""
    if isinstance(values, list):
        return set().union(*(written_paths(item) if is_multiplied_out(item) else {()} for item in values))
    if is_multiplied_out(values):
        return {(key, *path) for key, value in values.items() for path in written_paths(value)}
    return {()}
