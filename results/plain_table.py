"""Any Arrow table for people, as it is. In: a table. Out: lines on a rich console. Light: imports no pandas."""

from datetime import datetime
from typing import Any

import pyarrow as pa
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

_MAX_ROWS = 200
_NUMBERS = (pa.types.is_floating, pa.types.is_integer, pa.types.is_decimal)


def print_rows(table: pa.Table, console: Console) -> None:
    """Print any table, at most 200 rows of it."""
    grid = new_table()
    for field in table.schema:
        grid.add_column(field.name, justify="right" if is_number(field) else "left", overflow="fold")
    for row in table.slice(0, _MAX_ROWS).to_pylist():
        grid.add_row(*(Text(as_text(value)) for value in row.values()))
    console.print(grid)
    if table.num_rows > _MAX_ROWS:
        console.print(f"{_MAX_ROWS} of {table.num_rows} rows; all of them: --format csv", style="dim", highlight=False)


def new_table() -> Table:
    """Begin a table of rich in this package's style."""
    return Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)


def is_number(field: pa.Field) -> bool:
    """Whether a column holds numbers, which stand at the right."""
    return any(is_kind(field.type) for is_kind in _NUMBERS)


def as_text(value: Any) -> str:
    """A value as it is shown; nothing for null."""
    if value is None:
        return ""
    if isinstance(value, float):
        return format(value, ".6g")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return str(value)
