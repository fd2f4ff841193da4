"""What `xlt results benchmark` shows: the averages of a benchmark, a line a cell, and what was refused and why.

In: folders of sweeps, a benchmark. Out: standard output or a file.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.text import Text

from results.averages import BenchmarkDefinition, compute_averages
from results.formats import open_console, resolve_format, write_output
from results.grid import Entry, Grid, Line, print_grid
from results.notes import count_statuses
from results.schema import CLEAN
from results.snapshot import Snapshot
from results.storage import open_storage
from results.store import ResultStore
from results.tables import spread


def show_averages(
    folders: Sequence[Path | str],
    benchmark: BenchmarkDefinition,
    *,
    condition: str | None = None,
    include: Collection[str] = (),
    form: str | None = None,
    output: Path | None = None,
) -> None:
    """Show a benchmark's averages of the cells of several sweeps; a folder given twice counts once."""
    form = resolve_format(form, output)
    storages = [open_storage(folder) for folder in folders]
    distinct = {str(one.local_folder.resolve()) if one.local_folder else one.uri: one for one in storages}
    snapshots = [ResultStore.open(storage).snapshot() for storage in distinct.values()]
    table = compute_averages(snapshots, benchmark, condition=condition or CLEAN, include=include)
    if form != "table":
        write_output(table, form, output)
        return
    with open_console(output) as console:
        print_averages(snapshots, benchmark, table.to_pandas(), console)


def print_averages(
    snapshots: Sequence[Snapshot], benchmark: BenchmarkDefinition, rows: pd.DataFrame, console: Console
) -> None:
    """Print one table an encoder and selection, below it what is missing where, and how averages are made.

    Args:
        rows: of `compute_averages`.
    """
    for (encoder, selection, condition), group in rows.groupby(["encoder", "selection", "condition"], sort=False):
        names = tuple(dict.fromkeys(group["name"]))
        has_value = set(group.loc[group["value"].notna(), "name"])
        lines = [_line(str(cell), part) for cell, part in group.groupby("cell", sort=False)]
        grid = Grid(
            title=f"{benchmark.title}: {encoder}, {selection}, {condition}",
            columns=tuple(name for name in names if name in has_value),
            lines=tuple(lines),
        )
        if has_value:
            print_grid(grid, console)
        else:
            console.print(f"{grid.title}: no average can be made")
        _print_refusals(group, console)
    notes = "0 to 100, over exactly the official languages, English included where it is scored; ±: sd over seeds."
    console.print(Text(f"{notes} {benchmark.note} Definition: {benchmark.source}.", style="dim"))
    for snapshot in snapshots:
        statuses = Counter(snapshot.trials["status"].to_pylist())
        counts = Text.assemble(f"{snapshot.uri}: ", count_statuses(statuses))
        console.print(counts, soft_wrap=True)


def _line(cell: str, rows: pd.DataFrame) -> Line:
    known = rows[rows["value"].notna()].to_dict("records")
    entries = {str(row["name"]): Entry(text=f"{row['value']:.1f}", spread=spread(row["sd"])) for row in known}
    return Line(label=cell, entries=entries)


def _print_refusals(rows: pd.DataFrame, console: Console) -> None:
    """Say once for all cells that lack the same why there is no average of a task, and which means that leaves out."""
    tasks = rows[(rows["level"] == "task") & rows["value"].isna()]
    num_cells = rows["cell"].nunique()
    for (name, reason), part in tasks.groupby(["name", "reason"], sort=False):
        where = "" if len(part) == num_cells else f" ({'; '.join(part['cell'])})"
        console.print(Text(f"No average of {name}{where}: {reason}", style="dim"), soft_wrap=True)
    means = rows[(rows["level"] != "task") & rows["value"].isna()]
    if not means.empty:
        names = ", ".join(dict.fromkeys(means["name"]))
        console.print(Text(f"Refused, since tasks are missing: {names}", style="dim"), soft_wrap=True)
    console.print()
