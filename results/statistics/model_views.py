"""What `xlt results slopes`, `curves`, `surface` and `selections` show.

In: the place of a store, a choice of rows, a format. Out: standard output or a file.
"""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa

from results.analysis import Analysis
from results.formats import open_console, resolve_format, write_output
from results.language_choice import keep_languages
from results.queries import filter_table
from results.schema import MACRO
from results.snapshot import Snapshot
from results.statistics.best_magnitude import compute_best_magnitudes
from results.statistics.curves import compute_curves
from results.statistics.failure_rates import compute_failure_tests
from results.statistics.mixed_model import compute_effects
from results.statistics.model_listing import (
    print_curves,
    print_failure_tests,
    print_selections,
    print_slopes,
    print_surfaces,
)
from results.statistics.selections import compare_selections
from results.statistics.surfaces import compute_surfaces
from results.store import ResultStore
from results.views import Choice, keep_values


def show_slopes(folder: Path | str, choice: Choice, form: str | None = None, output: Path | None = None) -> None:
    """Show effects and their slopes on the size of the corpus; of `choice` condition and SQL are read."""
    form = resolve_format(form, output)
    store = ResultStore.open(folder)
    snapshot = store.snapshot()
    table = _keep(compute_effects(snapshot, Analysis.from_sweep(store.sweep)), choice, snapshot)
    if form != "table":
        write_output(table, form, output)
        return
    with open_console(output) as console:
        print_slopes(_frame(table), console)


def show_curves(
    folder: Path | str, choice: Choice, form: str | None = None, output: Path | None = None, *, best: bool = False
) -> None:
    """Show measured points of the curves, and the best magnitudes; programs get one of the two tables.

    Args:
        best: whether programs get the best magnitudes, and SQL is about them.
    """
    form = resolve_format(form, output)
    store = ResultStore.open(folder)
    snapshot, analysis = store.snapshot(), Analysis.from_sweep(store.sweep)
    if form != "table":
        table = (compute_best_magnitudes if best else compute_curves)(snapshot, analysis)
        write_output(_keep(table, choice, snapshot), form, output)
        return
    points = _keep(compute_curves(snapshot, analysis), replace(choice, where=None) if best else choice, snapshot)
    magnitudes = _keep(
        compute_best_magnitudes(snapshot, analysis), choice if best else replace(choice, where=None), snapshot
    )
    with open_console(output) as console:
        print_curves(_frame(points), _frame(magnitudes), console)


def show_surface(folder: Path | str, choice: Choice, form: str | None = None, output: Path | None = None) -> None:
    """Show deltas by arm and magnitude."""
    form = resolve_format(form, output)
    store = ResultStore.open(folder)
    snapshot = store.snapshot()
    table = compute_surfaces(snapshot, Analysis.from_sweep(store.sweep))
    if form != "table":
        write_output(_keep(table, choice, snapshot), form, output)
        return
    with open_console(output) as console:
        print_surfaces(_frame(_keep(table, _mean_unless_asked(choice, table), snapshot)), console)


def show_selections(folder: Path | str, choice: Choice, form: str | None = None, output: Path | None = None) -> None:
    """Show ways to choose a checkpoint side by side."""
    form = resolve_format(form, output)
    store = ResultStore.open(folder)
    snapshot = store.snapshot()
    table = compare_selections(snapshot, Analysis.from_sweep(store.sweep))
    if form != "table":
        write_output(_keep(table, choice, snapshot), form, output)
        return
    with open_console(output) as console:
        print_selections(_frame(_keep(table, _mean_unless_asked(choice, table), snapshot)), console)


def _keep(table: pa.Table, choice: Choice, snapshot: Snapshot) -> pa.Table:
    if "condition" in table.column_names:
        table = keep_values(table, "condition", choice.condition)
    if "language" in table.column_names:
        table = keep_languages(table, choice.language, snapshot)
    return table if choice.where is None else filter_table(table, choice.where)


def _mean_unless_asked(choice: Choice, table: pa.Table) -> Choice:
    asked = choice.language is not None or table.num_rows == 0
    return choice if asked else replace(choice, language=MACRO)


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    return frame


def show_failure_tests(folder: Path | str, form: str | None = None, output: Path | None = None) -> None:
    """Show whether cells fail more often than their baselines, and whether failures go with magnitude."""
    form = resolve_format(form, output)
    table = compute_failure_tests(ResultStore.open(folder).snapshot())
    if form != "table":
        write_output(table, form, output)
        return
    with open_console(output) as console:
        print_failure_tests(_frame(table), console)
