"""Tables for a paper: cells by languages, or contrasts one by one, before they are written as LaTeX or Markdown.

In: `Evidence`. Out: a `PaperTable`. An entry is bold only where its corrected interval excludes zero.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results.errors import QueryError
from results.report.evidence import Evidence
from results.report.figures.view import (
    LAST,
    focus,
    is_declared,
    language_order,
    main_contrasts,
    name_rows,
    primary_metrics,
)
from results.report.figures.words import families_note, intervals_note, seeds_note
from results.schema import CLEAN, MACRO
from results.statistics.verdicts import BETTER, WORSE

CLAIMS = (BETTER, WORSE)
"""Verdicts that rest on a corrected interval that excludes zero, and are not restricted to what was looked at."""
_MEAN = "mean"
_FEW_LINES = 8
"""So few cells may head columns, where languages are more."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A number with what is said about it; NaN: it is not known."""

    value: float
    digits: int = 1
    spread: float = math.nan
    """Behind ±; NaN: none."""
    is_signed: bool = True
    is_claim: bool = False
    """Whether the corrected interval excludes zero: bold."""
    is_reduced: bool = False
    """Whether runs failed, so that fewer pairs are behind it: a dagger."""


@dataclass(frozen=True)
class Span:
    """An interval."""

    low: float
    high: float


Shown = Entry | Span | str | None
"""What may stand in a column; None: nothing."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row: its label, then an entry or a text a column."""

    label: str
    entries: tuple[Shown, ...]
    starts_block: bool = False
    """Whether a rule stands above."""


@dataclass(frozen=True, kw_only=True)
class PaperTable:
    """What is written in either form."""

    corner: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    caption: str
    label: str
    """To refer to it by."""


def make_cell_table(evidence: Evidence) -> PaperTable:
    """Cells and declared contrasts by languages; a few cells stand side by side where languages are many.

    Raises:
        QueryError: there are no deltas.
    """
    rows = main_contrasts(evidence)
    rows = rows[rows["unit"].isin(["macro", "language"]) & rows["delta"].notna()]
    if rows.empty:
        raise QueryError(
            "there are no deltas to make a table of: no cell has a run that ended well beside its baseline's"
        )
    rows = rows.assign(name=name_rows(rows))
    codes = [code for code in (MACRO, *language_order(evidence, rows["language"])) if rows["language"].eq(code).any()]
    headings = [_MEAN if code == MACRO else code for code in codes]
    entries = {(row.name, row.language): _delta_entry(row) for row in rows.itertuples(index=False)}
    bases = _baselines(evidence, codes)
    lines = [Line(label=name, entries=tuple(base.get(code) for code in codes)) for name, base in bases.items()]
    for _, block in rows.groupby(~is_declared(rows)):
        for place, name in enumerate(block["name"].unique()):
            own = tuple(entries.get((name, code)) for code in codes)
            lines.append(Line(label=name, entries=own, starts_block=place == 0 and bool(lines)))
    table = PaperTable(
        corner="cell",
        columns=tuple(headings),
        lines=tuple(lines),
        caption=_cell_caption(rows, bool(bases)),
        label="tab:deltas",
    )
    return _turned(table) if len(lines) <= _FEW_LINES < len(codes) else table


def make_contrast_table(evidence: Evidence) -> PaperTable:
    """Declared contrasts one by one; where none was declared, all cells, said to be exploratory.

    Raises:
        QueryError: there is nothing to be compared.
    """
    from results.report.figures.contrasts import headline_rows, name_contrasts

    rows = headline_rows(evidence)
    if rows.empty:
        raise QueryError("there are no contrasts to make a table of: no cell has a run that ended well")
    columns = ("delta", "95 % interval", "corrected interval", "p", "p, corrected", "verdict", "MDE", "k")
    lines = [
        Line(label=name, entries=_contrast_entries(row))
        for name, row in zip(name_contrasts(rows), rows.itertuples(), strict=True)
    ]
    kind = "Declared contrasts" if is_declared(rows).any() else "No contrast was declared; all cells, exploratory"
    caption = (
        f"{kind}: differences in points, mean over all languages but the source language. MDE: the smallest true "
        f"difference found in four of five such sweeps. {_legend(rows)} {seeds_note(rows)}. {intervals_note(rows)} "
        f"{families_note(rows)}"
    )
    return PaperTable(corner="contrast", columns=columns, lines=tuple(lines), caption=caption, label="tab:contrasts")


def _delta_entry(row: Any) -> Entry:
    return Entry(
        value=row.delta,
        spread=(row.ci_high - row.ci_low) / 2,
        is_claim=row.verdict in CLAIMS,
        is_reduced=row.k_failed > 0,
    )


def _contrast_entries(row: Any) -> tuple[Shown, ...]:
    return (
        Entry(value=row.delta, is_claim=row.verdict in CLAIMS, is_reduced=row.k_failed > 0),
        Span(row.ci_low, row.ci_high),
        Span(row.ci_adjusted_low, row.ci_adjusted_high),
        Entry(value=row.p, digits=3, is_signed=False),
        Entry(value=row.p_adjusted, digits=3, is_signed=False),
        str(row.verdict),
        Entry(value=row.mde, is_signed=False),
        Entry(value=row.k, digits=0, is_signed=False),
    )


def _baselines(evidence: Evidence, codes: Sequence[str]) -> dict[str, Mapping[str, Entry]]:
    """Means of the baselines by language, ± standard deviation over seeds."""
    scores = evidence.scores
    scores = scores[scores["is_baseline"].astype(bool) & scores["condition_language"].eq("")]
    scores = focus(scores, primary_metrics(evidence))
    scores = scores[scores["language"].isin(codes)] if len(scores) else scores
    return {
        f"baseline: {label}": {
            language: Entry(value=mean, spread=sd, is_signed=False)
            for language, mean, sd in zip(part["language"], part["mean"], part["sd"], strict=True)
        }
        for label, part in scores.groupby("cell", sort=False)
    }


def _turned(table: PaperTable) -> PaperTable:
    """Rows as columns."""
    lines = [
        Line(label=heading, entries=tuple(line.entries[place] for line in table.lines), starts_block=place == 1)
        for place, heading in enumerate(table.columns)
    ]
    return PaperTable(
        corner="language",
        columns=tuple(line.label for line in table.lines),
        lines=tuple(lines),
        caption=table.caption,
        label=table.label,
    )


def _legend(rows: pd.DataFrame) -> str:
    failed = " †: pairs were lost to failed runs." if (rows["k_failed"] > 0).any() else ""
    return f"Bold: better or worse; the interval corrected for the number of comparisons excludes zero.{failed}"


def _cell_caption(rows: pd.DataFrame, has_baseline: bool) -> str:
    first = "The baselines' rows are means ± standard deviation over seeds. " if has_baseline else ""
    measure = sorted({(row.target_task, row.metric, row.selection, row.condition) for row in _measures(rows)})
    named = "; ".join(
        ", ".join([str(task), metric, *([] if selection == LAST else [selection]), *([] if how == CLEAN else [how])])
        for task, metric, selection, how in measure
    )
    return (
        f"Cell minus its baseline in points ± half of the 95 % interval ({named}). {first}Mean: over all languages but "
        f"the source language. Languages from the largest corpus to none, the source language first. "
        f"{_legend(rows)} {seeds_note(rows)}. {intervals_note(rows)} {families_note(rows)}"
    )


def _measures(rows: pd.DataFrame) -> Any:
    measure = ["target_task", "metric", "selection", "condition"]
    return rows[measure].fillna({"target_task": "several tasks"}).drop_duplicates().itertuples()
