"""What `xlt results compare` shows: deltas of several sweeps, a line each, what is between them, and what differs.

In: folders of sweeps. Out: standard output or a file.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from rich.console import Console
from rich.text import Text

from results.comparing import compare_sweeps
from results.errors import QueryError
from results.formats import open_console, resolve_format, write_output
from results.grid import Grid, Line, print_grid
from results.language_choice import keep_languages
from results.queries import filter_table
from results.schema import ALL_PAIRS, MACRO, OFF_DIAGONAL
from results.several import NamedStore, open_stores
from results.tables import by_group, delta_entry, describe_group
from results.views import Choice, keep_values

_MACROS = {ALL_PAIRS: "all pairs", OFF_DIAGONAL: "off-diagonal"}
_MAX_DIFFERENCES = 12
"""So many are listed of what differs between two sweeps."""


def show_sweeps_compared(
    folders: Sequence[str], choice: Choice, form: str | None = None, output: Path | None = None
) -> None:
    """Show the deltas of sweeps beside those of the first.

    Raises:
        QueryError: fewer than two sweeps, or a value that no row has.
    """
    if len(folders) < 2:
        raise QueryError("one sweep cannot be compared with itself; give two folders or more: xlt results compare A B")
    form = resolve_format(form, output)
    stores = open_stores(folders)
    table = _keep(compare_sweeps(stores, include=choice.statuses), choice, stores)
    if form != "table":
        write_output(table, form, output)
        return
    with open_console(output) as console:
        print_comparisons(stores, table.to_pandas(), console)


def _keep(table: pa.Table, choice: Choice, stores: Sequence[NamedStore]) -> pa.Table:
    for column in ("metric", "condition"):
        table = keep_values(table, column, getattr(choice, column))
    snapshots = [one.store.snapshot() for one in stores]
    knowing = next((snapshot for snapshot in snapshots if snapshot.languages.num_rows), snapshots[0])
    table = keep_languages(table, choice.language, knowing)
    return table if choice.where is None else filter_table(table, choice.where)


def print_comparisons(stores: Sequence[NamedStore], rows: pd.DataFrame, console: Console) -> None:
    """Print one grid a sweep, task, metric, selection and condition, and below what a reader must know.

    Args:
        rows: of `compare_sweeps`.
    """
    second = rows["condition_language"].fillna("")
    is_macro = rows["language"] == MACRO
    rows = rows.assign(column=rows["language"].where(~is_macro, second.map({"": MACRO} | _MACROS)))
    rows = rows[is_macro | (second == "")]
    for (sweep, reference), of_sweep in rows.groupby(["sweep", "reference"], sort=False):
        for group, part in by_group(of_sweep):
            both = part[part["cell_id"].notna() & part["reference_cell_id"].notna()]
            if not both.empty:
                lines = [
                    line for _, of_cell in both.groupby("reference_cell_id", sort=False) for line in _lines(of_cell)
                ]
                columns = tuple(dict.fromkeys(both["column"]))
                title = f"{sweep} against {reference}: {describe_group(group)}"
                print_grid(Grid(title=title, columns=columns, lines=tuple(lines)), console)
        _print_notes(of_sweep, str(sweep), str(reference), console)
    if rows.empty:
        console.print("No deltas: no finished trial of a cell has a finished baseline of the same seed.")
    for one in stores[1:]:
        _print_settings(stores[0], one, console)


def _lines(rows: pd.DataFrame) -> Iterator[Line]:
    """A cell's delta in the reference, in the other sweep, and what is between them."""
    label, reference, sweep = (str(rows[name].iloc[0]) for name in ("reference_cell", "reference", "sweep"))
    sides = (
        (f"{label} · {reference}", "reference_delta", "reference_ci_low", "reference_ci_high"),
        (f"{label} · {sweep}", "delta", "ci_low", "ci_high"),
        (f"{label} · {sweep} - {reference}", "difference", "difference_ci_low", "difference_ci_high"),
    )
    for name, value, low, high in sides:
        shown = rows[rows[value].notna()]
        entries = zip(shown["column"], shown[value], shown[low], shown[high], strict=True)
        yield Line(label=name, entries={str(column): delta_entry(*numbers) for column, *numbers in entries})


def _print_notes(rows: pd.DataFrame, sweep: str, reference: str, console: Console) -> None:
    notes = [
        "Deltas in points, each against the baseline of its own sweep, ± half of the 95 % interval; below, their "
        "difference with Welch's interval: seeds of two sweeps do not pair. *: the interval excludes 0, not adjusted "
        "for the number of comparisons."
    ]
    methods = [method for method in rows["ci_method"].dropna().unique() if method.startswith("none: ")]
    notes += [f"No interval of some differences: {method.removeprefix('none: ')}." for method in methods]
    for side, other, name in (("cell", "reference_cell", sweep), ("reference_cell", "cell", reference)):
        alone = rows.loc[rows[other + "_id"].isna(), side].drop_duplicates()
        if len(alone):
            notes.append(f"Only in {name}: {'; '.join(alone)}.")
    different: dict[str, list[str]] = {}
    for label, text in rows[["cell", "differs"]].dropna().drop_duplicates().itertuples(index=False):
        for name, (left, right) in json.loads(text).items():
            cells = different.setdefault(f"{name} ({reference}: {left}; {sweep}: {right})", [])
            if label not in cells:
                cells.append(label)
    notes += [f"Not the same: {what} of {_some(cells)}." for what, cells in different.items()]
    console.print(Text(" ".join(notes), style="dim"))
    console.print()


def _some(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} cells"


def _print_settings(reference: NamedStore, other: NamedStore, console: Console) -> None:
    """Say in which settings and versions two sweeps are not the same."""
    sides = [
        _flatten({name: one.store.sweep.get(name) for name in ("versions", "space")}) for one in (reference, other)
    ]
    names = [name for name in dict.fromkeys([*sides[0], *sides[1]]) if sides[0].get(name) != sides[1].get(name)]
    shown = [
        f"{name.removeprefix('space.')} {sides[0].get(name, 'not given')} / {sides[1].get(name, 'not given')}"
        for name in names
        if name not in ("space.name", "space.description")
    ]
    if shown:
        rest = f"; and {len(shown) - _MAX_DIFFERENCES} more" if len(shown) > _MAX_DIFFERENCES else ""
        listed = "; ".join(shown[:_MAX_DIFFERENCES])
        console.print(Text(f"Settings and versions, {reference.name} / {other.name}: {listed}{rest}", style="dim"))


def _flatten(value: Any, prefix: str = "") -> dict[str, str]:
    """Values by dotted key, as JSON."""
    if not isinstance(value, Mapping) or not value:
        return {prefix: json.dumps(value, ensure_ascii=False)}
    flat: dict[str, str] = {}
    for name, part in value.items():
        flat |= _flatten(part, f"{prefix}.{name}" if prefix else str(name))
    return flat
