"""Deltas and mean scores as tables for people, with what a reader must know below them.

In: a store or its tables. Out: text on a rich console.
"""

import json
from collections import Counter
from collections.abc import Iterable

import pandas as pd
from rich.console import Console
from rich.text import Text

from results.grid import BASELINE_NOTE, Entry, Grid, Line, layout_grid
from results.means import MEASURE, compute_means
from results.schema import MACRO, PENDING
from results.snapshot import Snapshot
from results.store import ResultStore

_GROUP = ["target_task", *MEASURE]
_STATUS_STYLES = {"ok": "green", PENDING: "dim"}
_FAILED_STYLE = "red"
_FEW_SEEDS = 5


def render_deltas(store: ResultStore, console: Console) -> None:
    """Print what a sweep has found so far: the deltas of the first metric, and where everything lies."""
    snapshot = store.snapshot()
    metrics = snapshot.scores["metric"].to_pylist()
    deltas = snapshot.deltas.to_pandas()
    if metrics:
        deltas = deltas[deltas["metric"] == metrics[0]]
    print_deltas(snapshot, deltas, compute_means(snapshot.results), console)


def print_deltas(snapshot: Snapshot, deltas: pd.DataFrame, means: pd.DataFrame, console: Console) -> None:
    """Print deltas as one table a task, metric, selection and condition, with notes.

    Args:
        deltas: rows of `schema.DELTAS`, maybe filtered.
        means: of `compute_means` over the same trials; the baselines' are shown.
    """
    for group, rows in _groups(deltas):
        baselines = means[means["is_baseline"] & _is_group(means, group)]
        lines: list[Line] = []
        for baseline_id, cells in rows.groupby("baseline_cell_id", sort=False):
            baseline = baselines[baselines["cell_id"] == baseline_id]
            lines += [_mean_line(str(name), part) for name, part in baseline.groupby("cell", sort=False)]
            lines += [_delta_line(part) for _, part in cells.groupby("cell_id", sort=False)]
        title = "Deltas by language: " + _describe_group(group)
        columns = ("k", "mean", *_order_languages(rows))
        _print_grid(Grid(title=title, columns=columns, lines=tuple(lines)), console)
    if deltas.empty:
        console.print("No deltas: no finished trial of a cell has a finished baseline of the same seed.")
    else:
        _print_delta_notes(deltas, console)
    _print_store_notes(snapshot, console)


def print_scores(snapshot: Snapshot, means: pd.DataFrame, console: Console) -> None:
    """Print the mean score of every cell as one table a task, metric, selection and condition, with notes.

    Args:
        means: of `compute_means`, maybe filtered.
    """
    for group, rows in _groups(means):
        lines = [_mean_line(str(part["cell"].iloc[0]), part) for _, part in rows.groupby("cell_id", sort=False)]
        columns = ("k", *_order_languages(rows))
        title = "Scores by language: " + _describe_group(group)
        _print_grid(Grid(title=title, columns=columns, lines=tuple(lines)), console)
    if means.empty:
        console.print("No scores: no trial that was asked for has finished with status ok.")
    else:
        console.print("0 to 100: mean ± sd over k seeds; macro: mean over all but the source language.")
    _print_store_notes(snapshot, console)


def _groups(frame: pd.DataFrame) -> Iterable[tuple[pd.Series, pd.DataFrame]]:
    """Rows by task, metric, selection and condition, each with its names."""
    frame = frame.assign(condition_language=frame["condition_language"].fillna(""))
    for _, rows in frame.groupby(_GROUP, sort=False, dropna=False):
        yield rows[_GROUP].iloc[0], rows


def _is_group(frame: pd.DataFrame, group: "pd.Series") -> "pd.Series":
    return (frame[_GROUP].fillna("") == group.fillna("")).all(axis="columns")


def _describe_group(group: "pd.Series") -> str:
    return ", ".join(str(value) for value in group if value)


def _order_languages(rows: pd.DataFrame) -> tuple[str, ...]:
    """Languages that have a value: `macro`, the source language, the others by name."""
    value = "delta" if "delta" in rows else "mean"
    present = set(rows.loc[rows[value].notna(), "language"])
    source = rows["source_language"].iloc[0]
    first = [language for language in (MACRO, source) if language in present]
    return (*first, *sorted(present - set(first)))


def _mean_line(label: str, rows: pd.DataFrame) -> Line:
    """Mean ± standard deviation of a cell by language."""
    is_baseline = bool(rows["is_baseline"].iloc[0])
    entries = {
        str(row["language"]): Entry(text=f"{row['mean']:.1f}", spread=_spread(row["sd"]))
        for row in rows.to_dict("records")
    }
    entries["k"] = Entry(text=str(rows["k"].max()))
    return Line(label=f"{label} {BASELINE_NOTE}" if is_baseline else label, entries=entries, is_baseline=is_baseline)


def _delta_line(rows: pd.DataFrame) -> Line:
    """Delta ± half the interval of a cell by language, marked where the interval excludes 0."""
    entries: dict[str, Entry] = {}
    for row in rows[rows["delta"].notna()].to_dict("records"):
        differs = row["ci_low"] > 0 or row["ci_high"] < 0
        entries[str(row["language"])] = Entry(
            text=f"{row['delta']:+z.1f}",
            mark="*" if differs else "",
            spread=_spread((row["ci_high"] - row["ci_low"]) / 2),
            style=("green" if row["delta"] > 0 else "red") if differs else "",
        )
        if row["language"] == MACRO:
            entries["mean"] = Entry(text=f"{row['cell_mean']:.1f}", spread=_spread(row["cell_sd"]))
    k, k_failed = rows["k"].max(), rows["k_failed"].max()
    entries["k"] = Entry(text=f"{k} of {k + k_failed}" if k_failed else str(k))
    return Line(label=str(rows["cell"].iloc[0]), entries=entries)


def _spread(value: float) -> str:
    return "" if pd.isna(value) else f"±{value:.1f}"


def _print_grid(grid: Grid, console: Console) -> None:
    for block in layout_grid(grid, console):
        console.print(block.title)
        console.print(block.table)
        console.print()


def _print_delta_notes(deltas: pd.DataFrame, console: Console) -> None:
    notes = [
        "Baseline: mean ± sd over seeds. Other rows: cell minus baseline in points, paired by seed (k pairs).",
        "macro: mean over all but the source language; mean: the cell's own macro score ± sd.",
    ]
    if deltas["ci_method"].notna().any():
        notes.append("±: half of the 95 % interval (t over seeds, k-1 df), not adjusted for the number of comparisons.")
        notes.append("*: the interval excludes 0.")
        if deltas["k"].max() < _FEW_SEEDS:
            notes.append(
                f"With fewer than {_FEW_SEEDS} seeds an interval is a rough guide, and a narrow one may be luck."
            )
    else:
        notes.append("No intervals: they need at least two paired seeds.")
    lost: Counter[str] = Counter()
    for text in deltas.drop_duplicates("cell_id")["failures"]:
        lost.update({status: number for status, number in json.loads(text).items() if status != "unscored"})
    if lost:
        counts = ", ".join(f"{number} {status}" for status, number in sorted(lost.items()))
        notes.append(f"Pairs lost to failed runs: {counts}; see `xlt results trials`.")
        if any("degenerate" in status for status in lost):
            notes.append("Degenerate runs have scores: --include-degenerate counts them.")
    console.print(" ".join(notes), style="dim", highlight=False)


def _print_store_notes(snapshot: Snapshot, console: Console) -> None:
    """Say what became of the trials, which languages no trial of a task scored, and where the files lie."""
    statuses = Counter(snapshot.trials["status"].to_pylist())
    console.print(count_statuses(statuses))
    scores = snapshot.results.select(["target_task", "language", "value", "reason"]).to_pandas()
    is_scored = scores["value"].notna().groupby([scores["target_task"], scores["language"]]).transform("any")
    reasons = scores[~is_scored].drop_duplicates(["target_task", "language"])
    for reason, rows in reasons.groupby("reason", sort=False):
        languages = " ".join(sorted(set(rows["language"])))
        console.print(Text(f"Not scored ({reason}): {languages}", style="dim"), soft_wrap=True)
    where = f'Everything lies in {snapshot.folder}; for SQL: xlt results query {snapshot.folder} "SELECT ..."'
    console.print(Text(where), soft_wrap=True)


def count_statuses(statuses: Counter[str]) -> Text:
    """Say how many trials there are, and how many of each status."""
    text = Text(f"{statuses.total()} trials: ")
    for place, (status, number) in enumerate(sorted(statuses.items())):
        text.append(", " if place else "").append(f"{number} {status}", style=status_style(status))
    return text


def status_style(status: str) -> str:
    """Colour of a status."""
    return _STATUS_STYLES.get(status, _FAILED_STYLE)
