"""Deltas and mean scores as tables for people, with what a reader must know below them.

In: a store or its tables. Out: text on a rich console.
"""

from collections.abc import Collection, Iterable
from typing import Any

import pandas as pd
from rich.console import Console

from results.baselines import explain_missing_baselines
from results.grid import BASELINE_NOTE, Entry, Grid, Line, print_grid
from results.means import compute_chance, compute_means
from results.notes import (
    macro_meaning,
    print_condition_notes,
    print_delta_notes,
    print_robustness_notes,
    print_scored_note,
    print_store_notes,
)
from results.schema import ALL_PAIRS, MACRO, OFF_DIAGONAL
from results.snapshot import Snapshot, only_trial
from results.store import ResultStore

GROUP = ["target_task", "metric", "selection", "condition"]
"""What one table is about."""

_MACRO_COLUMNS = {"": MACRO, ALL_PAIRS: "all pairs", OFF_DIAGONAL: "off-diagonal"}
"""Name of the column of a mean over languages, or over pairs of them, by its `condition_language`."""
_DELTAS = "Deltas by language: "
_CHANCE = "chance: score of always giving the most frequent label, or a candidate at random."
_ONLY_PAIRS = "These are numbers of single pairs of languages; `xlt results matrix` shows them."


def render_deltas(store: ResultStore, console: Console) -> None:
    """Print what a sweep has found so far: the deltas of each task's primary metric, and where everything lies."""
    snapshot = store.snapshot()
    deltas = snapshot.deltas.to_pandas()
    primary = {task: metrics[0] for task, metrics in _metrics_by_task(snapshot).items()}
    deltas = deltas[deltas["metric"] == deltas["target_task"].map(primary)]
    print_deltas(snapshot, deltas, compute_means(snapshot.results), console)


def print_deltas(
    snapshot: Snapshot, deltas: pd.DataFrame, means: pd.DataFrame, console: Console, include: Collection[str] = ()
) -> None:
    """Print deltas as one table a task, metric, selection and condition, with notes.

    Args:
        snapshot: of the store.
        deltas: rows of `schema.DELTAS`, maybe filtered.
        means: of `compute_means` over the same trials; the baselines' are shown.
        console: to print on.
        include: statuses of runs that count as well.
    """
    means, shown = _with_columns(means), _primary_first(_with_columns(deltas), snapshot)
    for group, rows in by_group(shown):
        if rows["delta"].isna().all():
            num_cells = rows["cell_id"].nunique()
            title = f"{_DELTAS}{_describe_fully(group, snapshot)}: none of {num_cells} cells has a pair"
            console.print(title, highlight=False, soft_wrap=True)
            continue
        baselines = means[means["is_baseline"] & is_group(means, group)]
        lines: list[Line] = []
        for baseline_id, cells in rows.groupby("baseline_cell_id", sort=False):
            baseline = baselines[baselines["cell_id"] == baseline_id]
            lines += [_mean_line(str(name), part) for name, part in baseline.groupby("cell", sort=False)]
            lines += [_delta_line(part) for _, part in cells.groupby("cell_id", sort=False)]
        _print_group(_DELTAS, ("k", "mean"), group, rows, lines, snapshot, console)
    if deltas.empty:
        console.print("No deltas: no finished trial of a cell has a finished baseline of the same seed.")
        print_scored_note(snapshot, console)
    elif shown.empty:
        console.print(_ONLY_PAIRS)
    else:
        print_delta_notes(deltas, snapshot, console)
    for sentence in explain_missing_baselines(snapshot, include):
        console.print(sentence, style="bold", highlight=False, soft_wrap=True, markup=False)
    print_store_notes(snapshot, console)


def print_scores(snapshot: Snapshot, means: pd.DataFrame, console: Console, trial_id: str | None = None) -> None:
    """Print the mean score of every cell as one table a task, metric, selection and condition, with notes.

    Args:
        snapshot: of the store.
        means: of `compute_means`, maybe filtered.
        console: to print on.
        trial_id: the only trial that the notes are about; none given: all.
    """
    shown = _primary_first(_with_columns(means), snapshot)
    chance = _with_columns(compute_chance(only_trial(snapshot.results, trial_id)))
    has_chance = False
    for group, rows in by_group(shown):
        lines = [_mean_line(str(part["cell"].iloc[0]), part) for _, part in rows.groupby("cell_id", sort=False)]
        of_group = chance[is_group(chance, group)]
        if not of_group.empty:
            has_chance = True
            levels = zip(of_group["column"], of_group["chance"], strict=True)
            entries = {str(column): Entry(text=f"{level:.1f}", style="dim") for column, level in levels}
            lines.append(Line(label="chance", entries=entries))
        _print_group("Scores by language: ", ("k",), group, rows, lines, snapshot, console)
    if means.empty:
        console.print("No scores: no trial that was asked for has finished with status ok.")
        print_scored_note(snapshot, console)
    elif shown.empty:
        console.print(_ONLY_PAIRS)
    else:
        notes = f"0 to 100: mean ± sd over k seeds; macro: {macro_meaning(means, snapshot)}."
        console.print(f"{notes} {_CHANCE}" if has_chance else notes, highlight=False)
    print_store_notes(snapshot, console, trial_id)


def print_robustness(snapshot: Snapshot, rows: pd.DataFrame, console: Console) -> None:
    """Print what each condition takes from the clean scores, one table a task, metric, selection and condition.

    Args:
        rows: of `compute_robustness`, maybe filtered.
    """
    rows = _primary_first(_with_columns(rows.assign(condition_language="")), snapshot)
    for group, part in by_group(rows):
        lines = [_delta_line(cell) for _, cell in part.groupby("cell_id", sort=False)]
        _print_group("Change from clean scores: ", ("k", "mean"), group, part, lines, snapshot, console)
    if rows.empty:
        console.print("No scores under a condition other than clean, or none of a trial with clean scores.")
        print_scored_note(snapshot, console)
    else:
        print_robustness_notes(rows, snapshot, console)
    print_store_notes(snapshot, console)


def _with_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the column of the table that a row goes to; single pairs of languages are left to `results.matrix`."""
    second = frame["condition_language"].fillna("")
    is_macro = frame["language"] == MACRO
    column = frame["language"].where(~is_macro, second.map(_MACRO_COLUMNS))
    return frame.assign(column=column)[is_macro | (second == "")]


def _metrics_by_task(snapshot: Snapshot) -> dict[str, list[str]]:
    """Metrics of each task, its primary one first, as trials report them."""
    frame = snapshot.results.select(["target_task", "metric"]).to_pandas().drop_duplicates()
    return {str(task): list(metrics) for task, metrics in frame.groupby("target_task", sort=False)["metric"]}


def _primary_first(frame: pd.DataFrame, snapshot: Snapshot) -> pd.DataFrame:
    """Rows in the order in which their tasks report their metrics; otherwise as they were."""
    places = {(task, name): i for task, names in _metrics_by_task(snapshot).items() for i, name in enumerate(names)}
    place = [places[key] for key in zip(frame["target_task"], frame["metric"], strict=True)]
    return frame.assign(place=place).sort_values("place", kind="stable").drop(columns="place")


def _describe_fully(group: "pd.Series", snapshot: Snapshot) -> str:
    """Name a group, and say which metric is the primary one where a task has several."""
    metrics = _metrics_by_task(snapshot)[str(group["target_task"])]
    is_primary = len(metrics) > 1 and group["metric"] == metrics[0]
    marked = group.where(group.index != "metric", f"{group['metric']} (primary)")
    return describe_group(marked if is_primary else group)


def by_group(frame: pd.DataFrame) -> Iterable[tuple[pd.Series, pd.DataFrame]]:
    """Rows by task, metric, selection and condition, each with its names."""
    for _, rows in frame.groupby(GROUP, sort=False, dropna=False):
        yield rows[GROUP].iloc[0], rows


def is_group(frame: pd.DataFrame, group: "pd.Series") -> "pd.Series":
    """Tell which rows are of one group."""
    return (frame[GROUP].fillna("") == group.fillna("")).all(axis="columns")


def describe_group(group: "pd.Series") -> str:
    """Name a group in a title."""
    return ", ".join(str(value) for value in group if value)


def _print_group(
    title: str,
    first: tuple[str, ...],
    group: "pd.Series",
    rows: pd.DataFrame,
    lines: list[Line],
    snapshot: Snapshot,
    console: Console,
) -> None:
    filled = [column for column in first if any(column in line.entries for line in lines)]
    whole_title = title + _describe_fully(group, snapshot)
    print_grid(Grid(title=whole_title, columns=(*filled, *_order_columns(rows)), lines=tuple(lines)), console)
    has_pairs = bool(rows["column"].isin([_MACRO_COLUMNS[ALL_PAIRS], _MACRO_COLUMNS[OFF_DIAGONAL]]).any())
    print_condition_notes(str(group["condition"]), has_pairs, snapshot.uri, console)


def _order_columns(rows: pd.DataFrame) -> tuple[str, ...]:
    """Columns that have a value: the means over languages, the source language, the others by name."""
    value = "delta" if "delta" in rows else "mean"
    present = set(rows.loc[rows[value].notna(), "column"])
    source = rows["source_language"].iloc[0]
    first = [column for column in (*_MACRO_COLUMNS.values(), source) if column in present]
    return (*first, *sorted(present - set(first)))


def _mean_line(label: str, rows: pd.DataFrame) -> Line:
    """Mean ± standard deviation of a cell by language."""
    is_baseline = bool(rows["is_baseline"].iloc[0])
    entries = {
        str(column): Entry(text=f"{mean:.1f}", spread=spread(sd)) for column, mean, sd in _values(rows, "mean", "sd")
    }
    entries["k"] = Entry(text=str(rows["k"].max()))
    return Line(label=f"{label} {BASELINE_NOTE}" if is_baseline else label, entries=entries, is_baseline=is_baseline)


def _delta_line(rows: pd.DataFrame) -> Line:
    """Delta ± half the interval of a cell by language, marked where the interval excludes 0."""
    entries: dict[str, Entry] = {}
    for column, delta, low, high, mean, sd in _values(rows, "delta", "ci_low", "ci_high", "cell_mean", "cell_sd"):
        if pd.isna(delta):
            continue
        entries[str(column)] = delta_entry(delta, low, high)
        if column in (MACRO, _MACRO_COLUMNS[ALL_PAIRS]):
            entries["mean"] = Entry(text=f"{mean:.1f}", spread=spread(sd))
    k, k_failed = rows["k"].max(), rows["k_failed"].max() if "k_failed" in rows else 0
    entries["k"] = Entry(text=f"{k} of {k + k_failed}" if k_failed else str(k))
    return Line(label=str(rows["cell"].iloc[0]), entries=entries)


def _values(rows: pd.DataFrame, *names: str) -> Iterable[tuple[Any, ...]]:
    """Name of the column of the table, and the values named, row by row; ten times as quick as whole records."""
    return zip(*(rows[name].tolist() for name in ("column", *names)), strict=True)


def delta_entry(delta: float, low: float, high: float) -> Entry:
    """Delta ± half the interval, marked where the interval excludes 0."""
    differs = low > 0 or high < 0
    return Entry(
        text=f"{delta:+z.1f}",
        mark="*" if differs else "",
        spread=spread((high - low) / 2),
        style=("green" if delta > 0 else "red") if differs else "",
    )


def spread(value: float) -> str:
    """What stands behind a number for its spread; nothing where it has none."""
    return "" if pd.isna(value) else f"±{value:.1f}"
