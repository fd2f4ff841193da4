"""Print rows as a table for people, or as csv or json for programs. In: rows of plain values. Out: stdout."""

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


class ListFormat(StrEnum):
    """How a list is written."""

    table = "table"
    csv = "csv"
    json = "json"


class SummaryFormat(StrEnum):
    """How a summary is written."""

    table = "table"
    json = "json"


Rows = Sequence[Mapping[str, Any]]


def print_rows(rows: Rows, columns: Sequence[str], output: ListFormat, *, empty: str) -> None:
    """Print rows on stdout.

    Args:
        rows: plain values by column.
        columns: in this order; stand above a csv even when there are no rows.
        output: for people or for programs.
        empty: said to people when there are no rows.
    """
    if output is ListFormat.json:
        print_json(list(rows))
    elif output is ListFormat.csv:
        writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    elif rows:
        table = Table(*columns, box=None, pad_edge=False, header_style="bold")
        for row in rows:
            table.add_row(*(Text(_as_text(row[column])) for column in columns))
        Console().print(table)
    else:
        Console().print(empty)


def print_json(value: Any) -> None:
    """Print one JSON value on stdout."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
