"""Plain listings for people: the trials of a sweep, and whatever a query gave.

In: Arrow tables. Out: text on a rich console.
"""

from collections import Counter
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from results.tables import count_statuses, status_style

_MAX_ROWS = 200
_NUMBERS = (pa.types.is_floating, pa.types.is_integer, pa.types.is_decimal)


def print_trials(trials: pa.Table, console: Console) -> None:
    """Print one row a trial; below them why trials are not simply `ok`, and the number of each status."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("trial", no_wrap=True)
    table.add_column("cell")
    table.add_column("seed", justify="right")
    table.add_column("status", no_wrap=True)
    for name in ("steps", "loss", "dev", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in trials.to_pylist():
        table.add_row(
            row["trial_id"],
            Text(row["cell"].replace(" · ", "\n")),
            str(row["seed"]),
            Text(row["status"], style=status_style(row["status"])),
            _number(row["num_steps"], "d"),
            _number(row["final_train_loss"], ".3f"),
            _number(row["source_dev_score"], ".1f"),
            _number(row["wall_seconds"], ".1f"),
        )
    console.print(table)
    console.print()
    for row in trials.filter(pc.is_valid(trials["reason"])).to_pylist():
        reason = Text(f"{row['trial_id']}  {row['status']}: {row['reason']}", style=status_style(row["status"]))
        console.print(reason, soft_wrap=True)
    console.print(count_statuses(Counter(trials["status"].to_pylist())))
    console.print(
        "loss: at the end of training; dev: score on the source language's dev set, 0 to 100.",
        style="dim",
        highlight=False,
    )


def print_rows(table: pa.Table, console: Console) -> None:
    """Print any table, at most 200 rows of it."""
    grid = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for field in table.schema:
        is_number = any(is_kind(field.type) for is_kind in _NUMBERS)
        grid.add_column(field.name, justify="right" if is_number else "left")
    for row in table.slice(0, _MAX_ROWS).to_pylist():
        grid.add_row(*(Text(_cell(value)) for value in row.values()))
    console.print(grid)
    if table.num_rows > _MAX_ROWS:
        console.print(f"{_MAX_ROWS} of {table.num_rows} rows; all of them: --format csv", style="dim", highlight=False)


def _number(value: Any, form: str) -> str:
    return "" if value is None else format(value, form)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return format(value, ".6g")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return str(value)
