import io
from datetime import UTC, datetime

import pyarrow as pa
from rich.console import Console

from results.plain_table import print_rows


def _console(width: int = 140) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, width=width), file


def test_rows_of_a_query_are_shown_as_they_are() -> None:
    console, file = _console()
    table = pa.table(
        {
            "name": ["[red]not markup[/red]", None],
            "value": [1 / 3, 2e6],
            "at": [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), None],
            "seeds": [[0, 1], []],
        }
    )
    print_rows(table, console)
    lines = [line.split() for line in file.getvalue().splitlines()]
    assert lines[2] == ["[red]not", "markup[/red]", "0.333333", "2026-01-02", "03:04:05+00:00", "[0,", "1]"]
    assert lines[3] == ["2e+06", "[]"]


def test_of_many_rows_the_first_are_shown_and_the_rest_counted() -> None:
    console, file = _console()
    print_rows(pa.table({"n": list(range(1000))}), console)
    assert "199" in file.getvalue().split()
    assert "200" in file.getvalue().split()  # of the sentence below the rows
    assert "201" not in file.getvalue().split()
    assert "200 of 1000 rows; all of them: --format csv" in file.getvalue()


def test_what_is_too_wide_for_a_listing_is_folded_and_not_cut() -> None:
    console, file = _console(24)
    condition = "noise:uniform:0.5:site=embedding_output"
    print_rows(pa.table({"condition": [condition]}), console)
    assert condition in file.getvalue().replace("\n", "").replace(" ", "")
