"""Language by language: scores or deltas of sentence pairs whose sentences are in two languages, one matrix a cell.

In: means over seeds (`results.means`) or deltas. Out: a table for programs, or text on a rich console.
"""

from typing import Any

import pandas as pd
import pyarrow as pa
from rich.console import Console
from rich.text import Text

from results.grid import BASELINE_NOTE, Entry, Grid, Line, print_grid
from results.notes import interval_notes, print_scored_note, print_store_notes
from results.schema import ALL_PAIRS, MACRO, OFF_DIAGONAL
from results.snapshot import Snapshot
from results.tables import GROUP, by_group, delta_entry, describe_group, spread

_CORNER = "1st \\ 2nd"
_MEANS = {ALL_PAIRS: "all ordered pairs", OFF_DIAGONAL: "without the diagonal"}


def pair_means(means: pd.DataFrame) -> pa.Table:
    """Means of pairs of languages for programs: one row a cell and ordered pair, and the `macro` rows of each cell."""
    cell = ["cell_id", "cell", "is_baseline", "source_language"]
    rows = means[means["condition_language"] != ""].assign(is_language=means["language"] != MACRO)
    rows["place"] = rows.groupby("cell_id", sort=False).ngroup()
    rows = rows.sort_values(["place", *GROUP, "is_language", "language", "condition_language"])
    rows = rows[[*cell, *GROUP, "language", "condition_language", "num_examples", "k", "mean", "sd"]]
    return pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None)


def print_matrices(snapshot: Snapshot, frame: pd.DataFrame, console: Console) -> None:
    """Print a matrix for every cell, task, metric, selection and condition, and below it the means over its pairs.

    Args:
        frame: of `pair_means`, or rows of `schema.DELTAS` that have a `condition_language`.
    """
    is_delta = "delta" in frame
    value = "delta" if is_delta else "mean"
    rows = frame[frame[value].notna()]
    for group, of_group in by_group(rows):
        for _, of_cell in of_group.groupby("cell_id", sort=False):
            _print_matrix(of_cell, describe_group(group), console)
    if rows.empty:
        console.print(
            f"No {'deltas' if is_delta else 'scores'} of pairs of languages: they need finished trials that were "
            "evaluated under the condition `generalized`, a sentence in each of two languages.",
            soft_wrap=True,
        )
        print_scored_note(snapshot, console)
    else:
        notes = ["Rows: language of the first sentence; columns: of the second.", _count_examples(rows)]
        if is_delta:
            notes += ["Cell minus baseline in points, paired by seed (k pairs).", *interval_notes(rows)]
        else:
            notes += ["0 to 100: mean over k seeds. ±: sd over seeds of the mean over pairs."]
        console.print(" ".join(notes), style="dim", highlight=False)
    print_store_notes(snapshot, console)


def _count_examples(rows: pd.DataFrame) -> str:
    """Say of how many examples a number is."""
    counts = rows.loc[rows["language"] != MACRO, "num_examples"]
    low, high = f"{counts.min():,}", f"{counts.max():,}"
    if low == high:
        return f"{high} examples a pair."
    return f"{low} to {high} examples a pair: those that both languages have, with the same label."


def _print_matrix(rows: pd.DataFrame, group: str, console: Console) -> None:
    """Print one cell's matrix and means."""
    is_macro = rows["language"] == MACRO
    lines: dict[str, Line] = {}
    for row in rows[~is_macro].to_dict("records"):
        first, second = str(row["language"]), str(row["condition_language"])
        entry = _entry(row)
        style = entry.style or ("bold" if first == second else "")
        line = lines.setdefault(first, Line(label=first))
        line.entries[second] = Entry(text=entry.text, mark=entry.mark, style=style)
    source = str(rows["source_language"].iloc[0])
    label = str(rows["cell"].iloc[0])
    is_baseline = "is_baseline" in rows and bool(rows["is_baseline"].iloc[0])
    grid = Grid(
        title=f"{label} {BASELINE_NOTE}: {group}" if is_baseline else f"{label}: {group}",
        columns=_ordered({second for line in lines.values() for second in line.entries}, source),
        lines=tuple(lines[language] for language in _ordered(lines.keys(), source)),
        corner=_CORNER,
        may_turn=False,
    )
    if lines:
        print_grid(grid, console)
    k, k_failed = rows["k"].max(), rows["k_failed"].max() if "k_failed" in rows else 0
    parts = [f"k {k} of {k + k_failed}" if k_failed else f"k {k}"]
    for row in rows[is_macro].to_dict("records"):
        entry = _entry(row)
        parts.append(f"{_MEANS[str(row['condition_language'])]} {entry.text}{entry.mark} {entry.spread}".rstrip())
    console.print(Text("; ".join(parts)))
    console.print()


def _entry(row: dict[Any, Any]) -> Entry:
    if "delta" in row:
        return delta_entry(row["delta"], row["ci_low"], row["ci_high"])
    return Entry(text=f"{row['mean']:.1f}", spread=spread(row["sd"]))


def _ordered(languages: "set[str] | Any", source: str) -> tuple[str, ...]:
    """The source language, then the others by name."""
    return tuple(sorted(languages, key=lambda language: (language != source, language)))
