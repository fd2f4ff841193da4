"""The contrasts table for people: family by family, primary first, exploratory rows as one line unless asked for.

In: rows of `schema.CONTRASTS`. Out: text on a rich console.
"""

from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from results.analysis import Analysis
from results.schema import CLEAN, MACRO
from results.statistics.measured import LAST
from results.statistics.units import ALL_RUNS
from results.statistics.verdicts import BETTER, NOT_TESTABLE, WORSE, claim_of, restrictions_of

Row = Mapping[Hashable, Any]

ROLES = ("primary", "secondary", "exploratory")
_ADJUSTMENTS = {"holm": "Holm", "bh": "Benjamini-Hochberg", "none": "not corrected"}
_STYLES = {BETTER: "green", WORSE: "red"}
_USUAL = (LAST, CLEAN)
_MIN_SEEDS = 2
_MAX_NAMED = 6
_MAX_REASONS = 10


@dataclass(frozen=True)
class _Block:
    """Rows of one family that make one table."""

    title: str
    rows: pd.DataFrame
    labels: str
    """The column that tells the rows apart."""


def print_contrasts(
    rows: pd.DataFrame,
    analysis: Analysis,
    shown: Collection[str],
    console: Console,
    *,
    num_pending: int = 0,
    missing: Collection[str] = (),
) -> None:
    """Print the contrasts of a sweep.

    Args:
        rows: of `schema.CONTRASTS`, maybe filtered.
        analysis: of the sweep.
        shown: roles whose rows are listed; families of the others are counted.
        console: to print on.
        num_pending: trials that have not finished.
        missing: declared contrasts of which there is no row at all.
    """
    if analysis.question:
        console.print(Text(f"Asked: {analysis.question}"), "")
    if rows.empty:
        console.print("No contrasts: no finished trial of a cell has a finished baseline of the same seed.")
        return
    for role in [role for role in ROLES if role in shown]:
        for _, family in rows[rows["role"] == role].groupby("family", sort=False):
            for block in _blocks(family):
                _print_block(block, console)
    for role in [role for role in ROLES if role not in shown]:
        for _, families in rows[rows["role"] == role].groupby(["metric", "selection", "condition"], sort=False):
            console.print(_count(families), highlight=False)
    if missing:
        names = ", ".join(f"'{name}'" for name in missing)
        console.print(Text(f"Nothing to say of {names}: no pair of its runs has finished, or a cell is not planned."))
    if num_pending:
        note = f"{num_pending} trials are pending: to look again until something stands out is to test again and again."
        console.print(Text(note, style="dim"))
    listed = rows[rows["role"].isin(shown)]
    of_methods = _method_notes(rows if listed.empty else listed, analysis)
    for note in [*_declaration_notes(analysis), *of_methods, *_failure_notes(rows)]:
        console.print(Text(note, style="dim"))


def _blocks(family: pd.DataFrame) -> Iterator[_Block]:
    """A table a task, metric, selection and condition; and a contrast, where it has rows of several languages."""
    for _, rows in family.groupby(["target_task", "metric", "selection", "condition"], sort=False, dropna=False):
        first = rows.iloc[0]
        about = [first["target_task"], first["metric"]]
        about += [value for value in (first["selection"], first["condition"]) if value not in _USUAL]
        size, adjustment = first["family_size"], _ADJUSTMENTS[first["adjustment"]]
        tested = f"{first['role']}, {size} tested, {adjustment}"
        title = f"{first['family']}: {', '.join(map(str, about))} ({tested})"
        if (rows["unit"] == MACRO).all():
            yield _Block(title, rows, "contrast")
            continue
        for name, part in rows.groupby("contrast", sort=False):
            own = title if str(name) in title else f"{title}: {name}"
            yield _Block(own, part, "language")


def _print_block(block: _Block, console: Console) -> None:
    if block.rows["k"].max() < _MIN_SEEDS:
        console.print(Text(f"{block.title}: none of {len(block.rows)} rows has two paired seeds", style="italic"))
        return
    console.print(Text(block.title, style="italic"))
    table = _table(block, is_narrow=False)
    if console.measure(table, options=console.options.update(max_width=1000)).maximum > console.width:
        table = _table(block, is_narrow=True)
    console.print(table)
    console.print()


def _table(block: _Block, *, is_narrow: bool) -> Table:
    """A line a row; a narrow one has columns closer together and groups in two lines, so that no word is broken."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False, collapse_padding=is_narrow)
    table.add_column(block.labels, overflow="fold")
    for name in ("k", "delta", "95 %", "corrected", "p", "mde"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row in block.rows.to_dict("records"):
        label = _label(row, block.labels)
        label = label.replace(":", ":\n", 1) if is_narrow and row["unit"] == "group" else label
        table.add_row(Text(label), *_cells(row), style=_STYLES.get(row["verdict"], ""))
    return table


def _label(row: Row, column: str) -> str:
    pairs = row["condition_language"]
    parts = [row[column], *([f"{pairs} pairs"] if isinstance(pairs, str) else [])]
    return ", ".join([*parts, *(["all runs"] if row["runs"] == ALL_RUNS else [])])


def _cells(row: Row) -> list[str]:
    return [
        _seeds(row),
        _number(row["delta"], "+z.1f"),
        _range(row["ci_low"], row["ci_high"]),
        _range(row["ci_adjusted_low"], row["ci_adjusted_high"]),
        "<.001" if row["p_adjusted"] < 0.001 else _number(row["p_adjusted"], ".3f").removeprefix("0"),
        _number(row["mde"], ".1f"),
        row["verdict"].partition(" (")[0] + ("*" if restrictions_of(row["verdict"]) else ""),
    ]


def _seeds(row: Row) -> str:
    """Paired seeds, of how many, and the intermediate runs behind them where these are fewer."""
    k, failed = row["k"], row["k_failed"]
    shared = f" ({row['num_intermediate_runs']:g})" if row["num_intermediate_runs"] < k else ""
    return (f"{k} of {k + failed}" if failed else str(k)) + shared


def _number(value: float, form: str) -> str:
    return "" if pd.isna(value) else format(value, form)


def _range(low: float, high: float) -> str:
    return "" if pd.isna(low) else f"{low:+z.1f} to {high:+z.1f}"


def _count(families: pd.DataFrame) -> Text:
    """How many rows of the families of one metric, selection and condition stand out, and which."""
    first, names = families.iloc[0], families["family"].unique()
    rows = families[families["runs"] != ALL_RUNS]
    found = rows[rows["verdict"].map(claim_of).isin([BETTER, WORSE])]
    found = found.reindex(found["p_adjusted"].sort_values(kind="stable").index)
    named = [f"{row['contrast']} in {row['language']} {row['delta']:+.1f}" for row in found.to_dict("records")]
    more = ", ..." if len(named) > _MAX_NAMED else ""
    which = f": {', '.join(named[:_MAX_NAMED])}{more}" if named else ""
    measure = ", ".join([first["metric"], *(one for one in first[["selection", "condition"]] if one not in _USUAL)])
    if len(names) == 1:
        what = f"{names[0]} ({first['role']}, {_ADJUSTMENTS[first['adjustment']]})"
        return Text(f'{what}: {len(found)} of {len(rows)} stand out{which}. List them: --family "{names[0]}"')
    what = f"{len(names)} {first['role']} families of {measure}"
    return Text(f"{what}: {len(found)} of {len(rows)} rows stand out{which}. List them: --role {first['role']}")


def _declaration_notes(analysis: Analysis) -> list[str]:
    if not analysis.contrasts:
        return ["No contrast was declared before the sweep ran: whatever stands out is exploratory."]
    if analysis.num_finished_when_declared:
        return [
            f"What is tested was declared when {analysis.num_finished_when_declared} trials had finished: "
            "it is not pre-declared."
        ]
    return []


def _method_notes(rows: pd.DataFrame, analysis: Analysis) -> list[str]:
    notes = [
        "delta: in points; 95 %: interval of this row alone; corrected, p: for how many rows its family tests; mde: "
        "the smallest true difference that 4 of 5 such sweeps would find; k: paired seeds.",
        f"better, worse: the corrected interval excludes 0. equivalent: within ± {analysis.margin:g} points; no loss: "
        f"not below -{analysis.margin:g} (one-sided tests, corrected within the family, too). undecided is no claim of "
        "no difference.",
    ]
    if (rows["num_intermediate_runs"] < rows["k"]).any():
        notes.append("k (n): the seeds share n runs of the intermediate stage, and the interval is over these.")
    if restrictions := sorted({one for verdict in rows["verdict"].unique() for one in restrictions_of(verdict)}):
        notes.append(f"*: no claim, since it holds for this alone: {', '.join(restrictions)}.")
    if methods := rows["ci_method"].dropna().unique().tolist():
        notes.append(f"Intervals: {'. '.join(methods)}.")
    return notes


def _failure_notes(rows: pd.DataFrame) -> list[str]:
    """Which languages are not compared, and that failed runs are counted in rows of their own."""
    notes = []
    if (rows["runs"] == ALL_RUNS).any():
        notes.append("all runs: degenerate runs count at their scores, diverged ones at chance.")
    refused = rows[(rows["verdict"] == NOT_TESTABLE) & rows["failed_runs"].str.contains("unlike test examples")]
    reasons = [
        f"Not compared: {row['contrast']} in {row['language']}: {row['failed_runs'].removeprefix('none; ')}."
        for row in refused.drop_duplicates(["contrast", "language"]).to_dict("records")
    ]
    more = len(reasons) - _MAX_REASONS
    notes += reasons[:_MAX_REASONS] + ([f"and {more} others; see the column failed_runs."] if more > 0 else [])
    return notes
