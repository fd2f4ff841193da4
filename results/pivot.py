"""Long tables turned wide: one column a language (or cell, condition, seed, ...). In: rows as `--format csv` has them.

Out: what tells the rows apart, then a column each with one number.
"""

from pathlib import Path
from typing import Any

import pyarrow as pa

from results.errors import QueryError
from results.formats import open_console, write_output
from results.grid import Entry, Grid, Line, print_grid

TURNED = ("language", "cell", "condition", "seed", "metric", "selection")
"""What can stand side by side."""

_KEYS = ("target_task", "cell_id", "cell", "seed", "metric", "selection", "condition", "condition_language", "language")
"""What tells rows apart."""
_DECIMALS = 2
"""Of numbers that are shown to people."""


def show_pivot(table: pa.Table, turned: str, value: str, form: str, output: Path | None) -> None:
    """Show a table turned wide; see `pivot_table`."""
    wide = pivot_table(table, turned, value)
    if form != "table":
        write_output(wide, form, output)
        return
    with open_console(output) as console:
        print_grid(_make_grid(wide, value), console)


def _make_grid(wide: pa.Table, value: str) -> Grid:
    """Put a wide table into a grid: what is the same in all rows is its title, what is not labels its lines."""
    keys = [name for name in wide.column_names if name in _KEYS and name != "cell_id"]
    same = [name for name in keys if len(wide[name].unique()) == 1]
    columns = [name for name in wide.column_names if name not in _KEYS]
    lines = [
        Line(
            label=" · ".join(str(row[name]) for name in keys if name not in same),
            entries={name: Entry(text=f"{row[name]:.{_DECIMALS}f}") for name in columns if row[name] is not None},
        )
        for row in wide.to_pylist()
    ]
    title = ", ".join(str(wide[name][0]) for name in same)
    return Grid(
        title=f"{value}: {title}",
        columns=tuple(columns),
        lines=tuple(lines),
        corner=" · ".join(name for name in keys if name not in same),
    )


def pivot_table(table: pa.Table, turned: str, value: str) -> pa.Table:
    """Make a column of each value that `turned` has.

    Args:
        table: long; a number a row.
        turned: one of `TURNED` that the table has.
        value: the column of the numbers.

    Returns:
        The columns that tell rows apart (without those that are null in all), then the new ones, both in the order in
        which they come first.

    Raises:
        QueryError: an unknown column, or two numbers for one place.
    """
    names = [name for name in TURNED if name in table.column_names]
    if turned not in names:
        raise QueryError(f"--pivot {turned} is not possible; these rows have {', '.join(names)}")
    numbers = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    if value not in numbers:
        raise QueryError(f"--value {value} is no column of numbers; there are: {', '.join(numbers)}")
    gone = {"cell": ("cell", "cell_id")}.get(turned, (turned,))
    keys = [name for name in _KEYS if name in table.column_names and name not in gone]
    keys = [name for name in keys if table[name].null_count < table.num_rows]
    places: dict[tuple[Any, ...], dict[str, float | None]] = {}
    columns: dict[str, None] = {}
    for row in table.select([*keys, turned, value]).to_pylist():
        of_row = places.setdefault(tuple(row[name] for name in keys), {})
        column = f"seed {row[turned]}" if turned == "seed" else str(row[turned])
        columns.setdefault(column)
        if column in of_row:
            at = ", ".join(str(row[name]) for name in keys)
            raise QueryError(
                f"two rows for {at} and {turned} '{column}'; leave one out with --where, or use --format csv"
            )
        of_row[column] = row[value]
    of_keys = {
        name: pa.array([place[i] for place in places], table.schema.field(name).type) for i, name in enumerate(keys)
    }
    wide = {name: pa.array([row.get(name) for row in places.values()], pa.float64()) for name in columns}
    return pa.table(of_keys | wide)
