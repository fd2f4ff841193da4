"""Cells that a search draws: one value of every list and range of the axes. In: a `SearchSpace`. Out: `Cell`s, checked.

Every list draws one of its items, and a mapping among the items one of each of its own lists: `[none, {task: world,
dose: [0, 0.5, 1]}]` draws `none` half of the time.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from pydantic import JsonValue

from search_spaces.axes import Point, is_multiplied_out, join_points
from search_spaces.cell_checks import check_cells
from search_spaces.cells import Cell, CellReader, layer_of
from search_spaces.grid import check_axes, count_combinations, grid_cells
from search_spaces.problems import Place, Problem, SpaceError
from search_spaces.ranges import Range, is_range, read_range
from search_spaces.settings import Path
from search_spaces.space import SearchSpace
from xlt_core.spec import TrialSpec
from xlt_core.streams import numpy_generator

_MAX_REFERENCE_CELLS = 1000
_MAX_DRAWS_IN_VAIN = 500


class Chooser(Protocol):
    """Decides what a cell is made of; asked for one thing after the other, always in the same order."""

    def choose(self, name: str, path: Path, options: Sequence[JsonValue], /) -> int:
        """Choose one of the items of a list, by its place.

        Args:
            name: of the list: the dotted key; within an item of another list, with the place of that: `axis[1].dose`.
            path: of the setting that it is for.
            options: the items, two or more.
        """
        ...

    def draw(self, name: str, path: Path, numbers: Range, /) -> float:
        """Give a number of a range.

        Args:
            name: as of `choose`.
            path: as of `choose`.
            numbers: the range.
        """
        ...


class RandomChooser:
    """Draws uniformly."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator

    def choose(self, _name: str, _path: Path, options: Sequence[JsonValue], /) -> int:
        """See `Chooser`."""
        return int(self._generator.integers(len(options)))

    def draw(self, _name: str, _path: Path, numbers: Range, /) -> float:
        """See `Chooser`."""
        return numbers.at(float(self._generator.random()))


class _FirstChooser:
    """Chooses the first of everything, and the low end of a range."""

    def choose(self, _name: str, _path: Path, _options: Sequence[JsonValue], /) -> int:
        return 0

    def draw(self, _name: str, _path: Path, numbers: Range, /) -> float:
        return numbers.low


def draw_cell(space: SearchSpace, chooser: Chooser) -> Cell:
    """Make the cell that `chooser` chooses.

    Raises:
        SpaceError: it is no valid trial, or its baseline is none; names every place.
    """
    reader = CellReader(space)
    layers = [
        layer_of(name, _draw_point(space.axes[name], ("axes", name), name, tuple(name.split(".")), chooser))
        for name in sorted(space.axes)
    ]
    cell = reader.read(layers)
    if cell is None:
        raise SpaceError(reader.problems, lambda _: f"space '{space.name}'")
    return cell


def _draw_point(values: JsonValue, place: Place, name: str, path: Path, chooser: Chooser) -> Point:
    if is_range(values):
        numbers = read_range(values)
        return Point(value=numbers.as_setting(chooser.draw(name, path, numbers)), places={(): place})
    if isinstance(values, list):
        index = chooser.choose(name, path, values) if len(values) > 1 else 0
        item = values[index]
        if not isinstance(item, dict):  # a list in a list is a value
            return Point(value=item, places={(): (*place, index)})
        return _draw_point(item, (*place, index), f"{name}[{index}]" if len(values) > 1 else name, path, chooser)
    if is_multiplied_out(values):
        points = {
            key: _draw_point(values[key], (*place, key), f"{name}.{key}", (*path, key), chooser)
            for key in sorted(values)
        }
        return join_points(points, place)
    return Point(value=values, places={(): place})


def planned_cells(space: SearchSpace) -> list[Cell]:
    """Make the cells that are known before the sweep begins.

    `factorial`: all; `random`: those drawn; `optuna`: the baseline of the first value of every axis, since every cell
    is compared with some baseline and most spaces have only this one.

    Raises:
        SpaceError: as `reference_cells`; or there are not as many different cells as are to be drawn.
    """
    if space.search.num_cells is None:
        return grid_cells(space)
    reference_cells(space)
    if space.search.random is not None:
        return list(_draw_different(space, space.search.random.num_cells, space.search.random.seed))
    first = draw_cell(space, _FirstChooser()).baseline
    return [Cell(first, first)]


def reference_cells(space: SearchSpace) -> list[Cell]:
    """Make cells that show what the space can make: the grid with both ends of ranges, or where it is large a sample.

    Raises:
        SpaceError: one of them is no valid trial, or an axis is empty or changes nothing; names every place.
    """
    check_axes(space)
    if count_combinations(space) <= _MAX_REFERENCE_CELLS:
        return grid_cells(space)
    cells: list[Cell] = []
    problems: list[Problem] = []
    for index in range(_MAX_REFERENCE_CELLS):
        try:
            cells.append(draw_cell(space, RandomChooser(numpy_generator(0, "reference_cells", index))))
        except SpaceError as error:
            problems += error.problems
    check_cells(space, cells, problems)
    return cells


def draw_sequence(space: SearchSpace, seed: int, start: int = 0) -> Iterator[Cell]:
    """Draw cells without end, equal ones among them; each depends on the seed and its place alone.

    Raises:
        SpaceError: a cell is no valid trial.
    """
    index = start
    while True:
        yield draw_cell(space, RandomChooser(numpy_generator(seed, "random_cells", index)))
        index += 1


def _draw_different(space: SearchSpace, num_cells: int, seed: int) -> Iterator[Cell]:
    """Draw so many different cells that are no baselines.

    Raises:
        SpaceError: so many are not found.
    """
    found: set[TrialSpec] = set()
    in_vain = 0
    for cell in draw_sequence(space, seed):
        if len(found) == num_cells:
            return
        is_new = cell.spec != cell.baseline and cell.spec not in found
        in_vain = 0 if is_new else in_vain + 1
        if is_new:
            found.add(cell.spec)
            yield cell
        elif in_vain == _MAX_DRAWS_IN_VAIN:
            message = (
                f"given {num_cells}; found {len(found)} different cells beside the baselines, and no other in "
                f"{in_vain} further draws. Give {len(found)} or fewer, more values or ranges in the axes, or "
                "search: factorial"
            )
            raise SpaceError([Problem(("search", "random", "num_cells"), message)], lambda _: f"space '{space.name}'")
