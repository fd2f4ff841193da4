"""The grid of a space: one cell for every combination of axis points. In: `SearchSpace`. Out: `Cell`s, checked.

Where a search draws from ranges, the grid holds the two ends of each.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod

from search_spaces.axes import at_ends, axis_points, find_ranges, num_points, value_at
from search_spaces.cell_checks import check_cells
from search_spaces.cells import Cell, CellReader, Layer, layer_of
from search_spaces.problems import Place, Problem, SpaceError
from search_spaces.ranges import read_range
from search_spaces.settings import Path
from search_spaces.space import SearchSpace
from xlt_core.canonical import canonical_json
from xlt_core.spec import TrialSpec

MAX_NUM_COMBINATIONS = 100_000
"""More than anyone runs; guards against a grid that was not meant."""


def grid_cells(space: SearchSpace) -> list[Cell]:
    """Make and check the cell of every combination; cells that mean the same are still apart.

    Raises:
        SpaceError: a cell or its baseline is no valid trial, or an axis is empty or changes nothing; names every place.
    """
    check_axes(space)
    num_combinations = count_combinations(space)
    if num_combinations > MAX_NUM_COMBINATIONS:
        message = (
            f"{num_combinations:,} combinations; at most {MAX_NUM_COMBINATIONS:,}. Give fewer values, or a search: "
            "{random: {num_cells: 20}}"
        )
        raise SpaceError([Problem(("axes",), message)], lambda _: f"space '{space.name}'")
    names = sorted(space.axes)
    axes = [_axis_layers(name, space) for name in names]
    reader = CellReader(space)
    cells: list[Cell] = []
    for indices in product(*(range(len(layers)) for layers in axes)):
        chosen = [layers[index] for layers, index in zip(axes, indices, strict=True)]
        cell = reader.read(chosen, indices)
        if cell is not None:
            cells.append(cell)
    problems = reader.problems or list(_idle_values(dict(zip(names, axes, strict=True)), cells))
    check_cells(space, cells, problems)
    return cells


def check_axes(space: SearchSpace) -> None:
    """Check what can be seen of axes without making cells.

    Raises:
        SpaceError: an empty list, a range that is none, or one where every cell is to be made.
    """
    problems = [
        Problem(("axes", name), "a list in it is empty; give at least one value")
        for name, values in space.axes.items()
        if not num_points(values)
    ]
    for name, values in space.axes.items():
        for place, written in find_ranges(values, ("axes", name)):
            try:
                read_range(written)
            except ValueError as error:
                problems.append(Problem(place, str(error)))
            else:
                if space.search.num_cells is None:
                    problems.append(Problem(place, _RANGE_IN_FACTORIAL))
    if problems:
        raise SpaceError(problems, lambda _: f"space '{space.name}'")


_RANGE_IN_FACTORIAL = (
    "a range has no list of values, and 'search: factorial' runs every one. Give a list, or let cells be drawn: "
    "search: {random: {num_cells: 20}}"
)


def count_combinations(space: SearchSpace) -> int:
    """Count the combinations of all axes; of a range its two ends."""
    ranges = sum(1 for name, values in space.axes.items() for _ in find_ranges(values, (name,)))
    return prod([num_points(values) for values in space.axes.values()]) << ranges  # times two for each


def _axis_layers(name: str, space: SearchSpace) -> list[Layer]:
    points = axis_points(space.axes[name], ("axes", name))
    return [layer_of(name, end) for point in points for end in at_ends(point)]


def _idle_values(axes: Mapping[str, Sequence[Layer]], cells: Sequence[Cell]) -> Iterator[Problem]:
    """Find axes of several values, and lists of several inside an axis, along which no cell ever changes."""
    for position, (name, layers) in enumerate(axes.items()):
        variations = {("axes", name): (), **_inner_lists(layers)}
        for place, path in variations.items():
            values, along = set(), dict[object, set[TrialSpec]]()
            for cell in cells:
                layer = layers[cell.point_indices[position]]
                if path and layer.places.get(path, ())[:-1] != place:
                    continue  # of another item of the axis
                elsewhere = cell.point_indices[:position] + cell.point_indices[position + 1 :]
                along.setdefault((elsewhere, _choices_beside(layer, path)), set()).add(cell.spec)
                values.add(canonical_json(value_at(layer.value, path)))
            if len(values) > 1 and all(len(specs) == 1 for specs in along.values()):
                yield Problem(
                    place,
                    f"none of its {len(values)} values changes a trial: the setting is not read beside the others "
                    "(a perturbation of magnitude 0, a method that does not use it, no intermediate task)",
                )
                if not path:
                    break  # what is inside an idle axis is idle, too


def _inner_lists(layers: Sequence[Layer]) -> dict[Place, Path]:
    """Where lists inside an axis are written, and the key that each of them varies."""
    written = [(path, place) for layer in layers for path, place in layer.places.items()]
    return {place[:-1]: path for path, place in written if path and isinstance(place[-1], int)}


def _choices_beside(layer: Layer, path: Path) -> frozenset[tuple[Path, Place]]:
    """Which items were chosen for a point but for those at `path`; at `()`, which is all of it, none are left."""
    return frozenset((inner, place) for inner, place in layer.places.items() if inner[: len(path)] != path)
