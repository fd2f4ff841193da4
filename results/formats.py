"""Where output goes, and as what: CSV, JSON and Parquet for programs, a console for people; to a file or to stdout."""

import csv
import io
import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from results.errors import FormatError, StorageError
from results.files import publish_bytes

FORMATS = ("table", "csv", "json", "parquet")
"""`table` is for people; see `results.tables`."""

_FILE_WIDTH = 160
"""Characters a line of a table that goes to a file."""


def resolve_format(given: str | None, output: Path | None) -> str:
    """Pick the format: the one given, else the one that the output file's name ends with, else `table`.

    Raises:
        FormatError: unknown format.
    """
    suffix = output.suffix.lstrip(".") if output is not None else ""
    chosen = given or (suffix if suffix in FORMATS else "table")
    if chosen not in FORMATS:
        raise FormatError(f"unknown format '{chosen}'; known: {', '.join(FORMATS)}")
    return chosen


def write_output(table: pa.Table, chosen: str, output: Path | None) -> None:
    """Write a table as `csv`, `json` or `parquet` to a file (atomically), or to standard output.

    Raises:
        FormatError: Parquet to a terminal, or the file cannot be written.
        DiskFullError: no room for the file.
    """
    if output is None and chosen == "parquet" and sys.stdout.isatty():
        raise FormatError("Parquet is not for a terminal; add `-o FILE.parquet`, or send the output to a file")
    content = encode_table(table, chosen)
    if output is not None:
        write_file(content, output)
    else:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


@contextmanager
def open_console(output: Path | None) -> Iterator[Console]:
    """Give a console on standard output, or one whose text is published as a file at the end."""
    if output is None:
        yield Console()
        return
    text = io.StringIO()
    yield Console(file=text, width=_FILE_WIDTH)
    write_file(text.getvalue().encode(), output)


def write_file(content: bytes, output: Path) -> None:
    """Write to a file that a person named: whole or not at all, but devices and pipes are written to as they stand.

    Raises:
        FormatError: it cannot be written.
        DiskFullError: no room for the file.
    """
    try:
        if output.exists() and not output.is_file():
            output.write_bytes(content)  # renaming another file to /dev/null would replace it
        else:
            publish_bytes(content, output.resolve())  # behind a link, not in its place
    except StorageError as error:
        raise FormatError(f"{error}, or another file with -o") from error
    except OSError as error:
        raise FormatError(
            f"{output} cannot be written ({error.strerror or error}); give another file with -o"
        ) from error


def encode_table(table: pa.Table, chosen: str) -> bytes:
    """Encode a table; null is empty in CSV and `null` in JSON, lists are JSON inside CSV."""
    if chosen == "parquet":
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        return bytes(sink.getvalue())
    rows = [{name: _plain(value) for name, value in row.items()} for row in table.to_pylist()]
    if chosen == "json":
        lines = ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
        return f"[\n{lines}\n]\n".encode()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.column_names)
    for row in rows:
        cells = row.values()
        writer.writerow(
            [json.dumps(cell, ensure_ascii=False) if isinstance(cell, list | dict) else cell for cell in cells]
        )
    return text.getvalue().encode()


def _plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime() | date():
            return value.isoformat()
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case None | bool() | int() | str():
            return value
        case _:
            return str(value)
