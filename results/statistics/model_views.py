"""What `xlt results slopes`, `curves`, `surface` and `selections` show.

In: the place of a store, a choice of rows, a format. Out: standard output or a file.
"""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa

from results.analysis import Analysis
from results.formats import open_console, resolve_format, write_output
from results.queries import filter_table
from results.schema import MACRO
from results.statistics.best_magnitude import compute_best_magnitudes
from results.statistics.curves import compute_curves
from results.statistics.mixed_model import compute_effects
from results.statistics.model_listing import print_curves, print_selections, print_slopes, print_surfaces
from results.statistics.selections import compare_selections
from results.statistics.surfaces import compute_surfaces
from results.store import ResultStore
from results.views import Choice, keep_values


def show_slopes(folder: Path | str, choice: Choice, form: str | None = None, output: Path | None = None) -> None:
    """Show effects and their slopes on the size of the corpus; of `choice` condition and SQL are read."""
    form = resolve_format(form, output)
    store = ResultStore.open(folder)
    table = _keep(compute_effects(store.snapshot(), Analysis.from_sweep(store.sweep)), choice)
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
        write_output(_keep(table, choice), form, output)
        return
    points = _keep(compute_curves(snapshot, analysis), replace(choice, where=None) if best else choice)
    magnitudes = _keep(compute_best_magnitudes(snapshot, analysis), choice if best else replace(choice, where=None))
    with open_console(output) as console:
        print_curves(_frame(points), _frame(magnitudes), console)


def show_surface(folder: Path | str, choice: Choice, form: str | None = None, output: Path | None = None) -> None:
    """Show deltas by arm and magnitude."""
    form = resolve_format(form, output)
    store = ResultStore.open(folder)
    table = compute_surfaces(store.snapshot(), Analysis.from_sweep(store.sweep))
    if form != "table":
        write_output(_keep(table, choice), form, output)
        return
    with open_console(output) as console:
        print_surfaces(_frame(_keep(table, _mean_unless_asked(choice, table))), console)


def show_selections(folder: Path | str, choice: Choice, form: str | None = None, output: Path | None = None) -> None:
    """Show ways to choose a checkpoint side by side."""
    form = resolve_format(form, output)
    store = ResultStore.open(folder)
    table = compare_selections(store.snapshot(), Analysis.from_sweep(store.sweep))
    if form != "table":
        write_output(_keep(table, choice), form, output)
        return
    with open_console(output) as console:
        print_selections(_frame(_keep(table, _mean_unless_asked(choice, table))), console)


def _keep(table: pa.Table, choice: Choice) -> pa.Table:
    for column in ("condition", "language"):
        if column in table.column_names:
            table = keep_values(table, column, getattr(choice, column))
    return table if choice.where is None else filter_table(table, choice.where)


def _mean_unless_asked(choice: Choice, table: pa.Table) -> Choice:
    asked = choice.language is not None or table.num_rows == 0
    return choice if asked else replace(choice, language=MACRO)


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    return frame
