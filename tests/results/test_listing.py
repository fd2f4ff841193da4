import io
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from rich.console import Console

from results.listing import print_rows, print_trials
from tests.results.factories import plan_row, small_sweep, write_store


def _console(width: int = 140) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, width=width), file


def test_every_trial_is_a_line_with_its_status_and_reason(tmp_path: Path) -> None:
    console, file = _console()
    print_trials(write_store(tmp_path, small_sweep()).trials(), console)
    lines = [" ".join(line.split()) for line in file.getvalue().splitlines()]
    assert "weak-0 cell weak 0 diverged 10 1.5" in lines
    assert "weak-0 diverged: it diverged" in lines
    assert "late-0 cell late 0 pending" in lines
    assert "7 trials: 1 diverged, 5 ok, 1 pending" in file.getvalue()


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


def test_brackets_in_a_cell_are_shown_as_they_stand(tmp_path: Path) -> None:
    store = write_store(tmp_path, [])
    store.write_plan([plan_row(cell="encoder [old]/xlm [/x]")])
    console, file = _console()
    print_trials(store.trials(), console)
    assert "encoder [old]/xlm [/x]" in file.getvalue()
