"""From an axis as it is written to its points. In: lists and mappings of lists. Out: values with their places."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod

from pydantic import JsonValue

from search_spaces.problems import Place
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
            if isinstance(item, dict):
                yield from axis_points(item, inner)
            else:
                yield Point(value=item, places={(): inner})
    elif isinstance(values, dict):
        keys = sorted(values)
        for combination in product(*(list(axis_points(values[key], (*place, key))) for key in keys)):
            chosen = dict(zip(keys, combination, strict=True))
            places: dict[Path, Place] = {(): place}
            for key, point in chosen.items():
                places |= {(key, *path): where for path, where in point.places.items()}
            yield Point(value={key: point.value for key, point in chosen.items()}, places=places)
    else:
        yield Point(value=values, places={(): place})


def num_points(values: JsonValue) -> int:
    """Count the points of an axis without making them."""
    if isinstance(values, list):
        return sum(num_points(item) if isinstance(item, dict) else 1 for item in values)
    if isinstance(values, dict):
        return prod(num_points(value) for value in values.values())
    return 1


def written_paths(values: JsonValue) -> set[Path]:
    """List the settings that an axis sets at some point, relative to the axis; mappings themselves are left out."""
    if isinstance(values, list):
        return set().union(*(written_paths(item) if isinstance(item, dict) else {()} for item in values))
    if isinstance(values, dict):
        return {(key, *path) for key, value in values.items() for path in written_paths(value)}
    return {()}
