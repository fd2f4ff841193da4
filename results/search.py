"""The cells of a sweep in the order in which they were planned or proposed, with what a search looks at.

In: the folder of a sweep. Out: standard output or a file, one row a cell, metric, selection and condition.
"""

import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow as pa
from rich.console import Console
from rich.text import Text

from results.formats import open_console, resolve_format, write_output
from results.grid import Entry, Grid, Line, print_grid
from results.queries import filter_table
from results.schema import MACRO, PENDING
from results.store import ResultStore
from results.views import Choice, choose_deltas, keep_values

SEARCH = pa.schema(
    [
        pa.field("place", pa.int64()),  # 1: the first that was planned
        pa.field("cell_id", pa.string()),
        pa.field("cell", pa.string()),
        pa.field("metric", pa.string()),  # null: the cell has no delta yet, or will have none
        pa.field("selection", pa.string()),
        pa.field("condition", pa.string()),
        pa.field("k", pa.int64()),  # paired seeds of the mean
        pa.field("mean_delta", pa.float64()),  # over all languages but the source language
        pa.field("worst_delta", pa.float64()),  # lowest of these
        pa.field("worst_language", pa.string()),
        pa.field("is_best", pa.bool_()),  # no other cell is better in one of the two and as good in the other
        pa.field("statuses", pa.string()),  # JSON: status -> number of the cell's trials
    ]
)
"""Columns of the table."""

_MEASURE = ["metric", "selection", "condition"]
_MEANING = (
    "Cells in the order in which they were planned or proposed. mean: mean delta over all languages but the source "
    "language, over k paired seeds; worst: the lowest of these languages' deltas. *: no other cell is as good in both "
    "and better in one. The best of many is partly luck: run it with fresh seeds before it is reported."
)


def show_search(folder: Path | str, choice: Choice, form: str | None = None, output: Path | None = None) -> None:
    """Show what a search found so far; of `choice` metric, condition, statuses and SQL are read."""
    form = resolve_format(form, output)
    snapshot = ResultStore.open(folder).snapshot()
    deltas = choose_deltas(snapshot, choice)
    for column in ("metric", "condition"):
        deltas = keep_values(deltas, column, getattr(choice, column))
    table = compute_search_order(snapshot.plan, snapshot.trials, deltas)
    table = table if choice.where is None else filter_table(table, choice.where)
    if form != "table":
        write_output(table, form, output)
        return
    with open_console(output) as console:
        _print_search(table.to_pandas(), console)


def compute_search_order(plan: pa.Table, trials: pa.Table, deltas: pa.Table) -> pa.Table:
    """List the cells but the baselines, each with its mean and its worst delta; columns of `SEARCH`."""
    rows = plan.select(["cell_id", "cell", "is_baseline", "source_language", "trial_id"]).to_pandas()
    rows = rows.merge(trials.select(["trial_id", "status"]).to_pandas(), on="trial_id", how="left")
    rows["status"] = rows["status"].fillna(PENDING)
    cells = rows[~rows["is_baseline"]].groupby("cell_id", sort=False)
    order = cells.agg(cell=("cell", "first"), source_language=("source_language", "first")).reset_index()
    counts = cells["status"].agg(lambda found: json.dumps(Counter(found), sort_keys=True))
    order["statuses"] = order["cell_id"].map(counts)
    order["place"] = range(1, len(order) + 1)
    found = order.merge(_summarise(deltas, order), on="cell_id", how="left").drop(columns="source_language")
    found["is_best"] = _find_best(found)
    return pa.Table.from_pandas(found[SEARCH.names], schema=SEARCH, preserve_index=False)


def _summarise(deltas: pa.Table, order: pd.DataFrame) -> pd.DataFrame:
    """Mean and lowest delta of each cell and measure; pairs of languages are left out."""
    columns = ["cell_id", *_MEASURE, "condition_language", "language", "k", "delta"]
    frame = deltas.select(columns).to_pandas().merge(order[["cell_id", "source_language"]], on="cell_id")
    frame = frame[frame["condition_language"].isna() & frame["delta"].notna()]
    frame = frame[frame["language"] != frame["source_language"]]
    mean = frame[frame["language"] == MACRO].rename(columns={"delta": "mean_delta"})
    others = frame[frame["language"] != MACRO].sort_values(["delta", "language"], kind="stable")
    worst = others.drop_duplicates(["cell_id", *_MEASURE])
    worst = worst.rename(columns={"delta": "worst_delta", "language": "worst_language"})
    key = ["cell_id", *_MEASURE]
    both: pd.DataFrame = mean[[*key, "k", "mean_delta"]].merge(worst[[*key, "worst_delta", "worst_language"]], on=key)
    return both


def _find_best(found: pd.DataFrame) -> list[bool]:
    """Whether no other cell of the same measure is at least as good in both and better in one."""
    best = dict.fromkeys(found.index, False)
    for _, same in found[found["mean_delta"].notna()].groupby(_MEASURE):
        values = same[["mean_delta", "worst_delta"]].to_numpy(float)
        for place, one in zip(same.index, values, strict=True):
            best[place] = not ((values >= one).all(axis=1) & (values > one).any(axis=1)).any()
    return list(best.values())


def _print_search(found: pd.DataFrame, console: Console) -> None:
    for measure, rows in found.groupby(_MEASURE, sort=False, dropna=False):
        title = "" if rows["mean_delta"].isna().all() else ", ".join(str(part) for part in measure)
        grid = Grid(
            title=f"Cells of the search: {title or 'no delta yet'}",
            columns=("#", "trials", "k", "mean", "worst", "language"),
            lines=tuple(_line(row) for _, row in rows.iterrows()),
            corner="cell",
            may_turn=False,
        )
        print_grid(grid, console)
    console.print(Text(_MEANING if len(found) else "No cell beside the baselines is planned yet.", style="dim"))


def _line(row: "pd.Series") -> Line:
    statuses = json.loads(row["statuses"])
    told = ", ".join(f"{number} {status}" for status, number in statuses.items())
    entries = {"#": Entry(text=str(row["place"])), "trials": Entry(text=told)}
    if pd.notna(row["mean_delta"]):
        mark = "*" if row["is_best"] else ""
        entries |= {
            "k": Entry(text=f"{row['k']:.0f}"),
            "mean": Entry(text=f"{row['mean_delta']:+.1f}{mark}"),
            "worst": Entry(text=f"{row['worst_delta']:+.1f}{mark}"),
            "language": Entry(text=str(row["worst_language"])),
        }
    return Line(label=str(row["cell"]), entries=entries)
