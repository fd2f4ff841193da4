"""Curves, surfaces, slopes and selections for people. In: rows of `statistics.schema`. Out: text on a rich console."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from math import isnan
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from results.grid import Entry as GridEntry
from results.grid import Grid, Line, print_grid
from results.schema import CLEAN
from results.statistics.measured import LAST
from results.tables import delta_entry, spread

Row = Mapping[Hashable, Any]

_ABOUT = ["target_task", "metric", "selection", "condition"]
_MARKS = "*: the interval of this number alone excludes 0; not corrected for how many there are."


def print_curves(curves: pd.DataFrame, best: pd.DataFrame, console: Console) -> None:
    """Print measured deltas by magnitude and language, series by series, and the best magnitudes below them."""
    measured = curves[curves["is_measured"]] if len(curves) else curves
    if measured.empty:
        console.print("No curve: no cell that differs from another in magnitude alone has a finished baseline.")
        return
    for (series, *about), rows in measured.groupby(["series", *_ABOUT], sort=False):
        lines = [
            Line(label=f"magnitude {magnitude:g}", entries=_by_language(part))
            for magnitude, part in rows.groupby("magnitude")
        ]
        title = f"Deltas along the magnitude: {series} ({_describe(about)})"
        columns = tuple(dict.fromkeys(rows["language"]))
        print_grid(Grid(title=title, columns=columns, lines=tuple(lines), corner="", may_turn=False), console)
        own = best[(best["series"] == series) & (best[_ABOUT] == list(about)).all(axis="columns")]
        if len(own):
            _print_best(own, console)
    notes = [f"Delta ± half of the 95 % interval; macro: mean over all but the source language. {_MARKS}"]
    notes += [f"Intervals: {'. '.join(_distinct(measured['ci_method']))}."]
    notes += [f"Best magnitude: {'. '.join(_distinct(best['method_note']))}."] if len(best) else []
    _print_notes(notes, console)


def print_surfaces(surfaces: pd.DataFrame, console: Console) -> None:
    """Print measured deltas by arm and magnitude, a table a series and language."""
    measured = surfaces[surfaces["is_measured"]] if len(surfaces) else surfaces
    if measured.empty:
        console.print("No surface: it takes cells of at least two magnitudes and two arms of an intermediate task.")
        return
    for (series, language, *about), rows in measured.groupby(["series", "language", *_ABOUT], sort=False):
        arms = rows["level"].where(rows["dose"].isna(), rows["dose"].map(lambda dose: f"dose {dose:g}"))
        lines = [
            Line(label=str(arm), entries={f"{row['magnitude']:g}": _delta(row) for row in part.to_dict("records")})
            for arm, part in rows.groupby(arms, sort=False)
        ]
        title = f"Deltas by arm and magnitude: {series}, {language} ({_describe(about)})"
        columns = tuple(f"{magnitude:g}" for magnitude in sorted(set(rows["magnitude"])))
        print_grid(Grid(title=title, columns=columns, lines=tuple(lines), corner="arm", may_turn=False), console)
    notes = [f"Delta against the baseline ± half of the 95 % interval. {_MARKS}"]
    notes += [f"Intervals: {'. '.join(_distinct(measured['ci_method']))}."]
    _print_notes(notes, console)


def print_selections(rows: pd.DataFrame, console: Console) -> None:
    """Print the selections of every cell below each other, a table a task, condition and language."""
    if rows.empty:
        console.print("Only one way to choose a checkpoint was scored in runs that are ok: nothing to compare.")
        return
    for (language, *about), part in rows.groupby(["language", "target_task", "metric", "condition"], sort=False):
        lines = [
            Line(label=f"{row['cell']}, {row['selection']}", entries=_selection_entries(row))
            for row in part.to_dict("records")
        ]
        title = f"Ways to choose a checkpoint: {language} ({_describe(about)})"
        columns = ("k", "mean", "delta", "minus last")
        print_grid(Grid(title=title, columns=columns, lines=tuple(lines), may_turn=False), console)
    notes = [
        "mean ± sd over k seeds; delta: against the baseline chosen alike; minus last: the same runs under this "
        f"selection minus under `last`; ± half of the 95 % interval. {_MARKS}",
        f"Intervals: {'. '.join(_distinct(rows['ci_method']))}.",
    ]
    if rows["is_oracle"].any():
        notes.append("target_oracle chose on data of the target languages: an upper bound, no zero-shot result.")
    _print_notes(notes, console)


def print_slopes(effects: pd.DataFrame, console: Console) -> None:
    """Print the models of all series, then the slope of each cell's effect on the size of the corpus."""
    fixed = effects[effects["kind"] == "slope"] if len(effects) else effects
    if fixed.empty:
        console.print("No effect: no finished cell has a finished baseline of the same seed.")
        return
    models = fixed[fixed["cell_id"].isna()]
    for (series, *about), rows in models.groupby(["series", *_ABOUT], sort=False):
        first = rows.iloc[0]
        counts = f"{first['num_languages']} languages, {first['num_seeds']} seeds"
        _print_terms(f"Effects: {series} ({_describe(about)}; {counts})", "term", rows, console)
    of_cells = fixed[fixed["cell_id"].notna() & fixed["term"].str.endswith(":log_corpus")]
    for key, rows in of_cells.groupby(_ABOUT, sort=False):
        _print_terms(f"Each cell's delta by tenfold corpus ({_describe(key)})", "series", rows, console)
    problems = [f"{row['series']}: {row['problem']}" for row in models[models["problem"].notna()].to_dict("records")]
    notes = [
        "points, 95 %, p: of this row alone, not corrected. log odds: the same on the logit scale, on which a low "
        "baseline is no headroom. without one: least and largest estimate with one language left out.",
        "log_corpus: one unit is ten times the corpus; terms without it are effects at the mean size. Sizes are of the "
        "corpus that is named below, whatever the encoder was pre-trained on. perturbed, "
        "intermediate: any against none; magnitude: per doubling; dose: from easy to hard.",
        *(f"Method: {note}." for note in _distinct(_whole(models if len(models) else fixed)["method_note"])[:3]),
        *(f"Careful: {problem}." for problem in dict.fromkeys(problems)),
    ]
    _print_notes(notes, console)


def print_failure_tests(tests: pd.DataFrame, console: Console) -> None:
    """Print each cell's failures beside its baseline's, and each series' along the magnitudes."""
    if tests.empty:
        console.print("No training failed: there is nothing to test.")
        return
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
    table.add_column("failed more often", overflow="fold")
    for name in ("failed", "baseline", "p"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in tests.to_dict("records"):
        is_cell = row["kind"] == "cell"
        label = row["series"] if is_cell else f"trend over magnitudes: {row['series']}"
        baseline = f"{row['base_failed']:.0f} of {row['base_ended']:.0f}" if is_cell else ""
        table.add_row(str(label), f"{row['num_failed']} of {row['num_ended']}", baseline, _p(row["p"]))
    console.print(table)
    console.print()
    _print_notes([f"{note}." for note in _distinct(tests["p_method"])], console)


def _print_terms(title: str, label: str, rows: pd.DataFrame, console: Console) -> None:
    """Print one table, or two below each other where the names of terms would have to be broken for one."""
    whole = _whole(rows)
    logits = {row[label]: row for row in whole[whole["outcome"] == "logit"].to_dict("records")}
    lines: dict[str, list[str]] = {}
    for row in whole[whole["outcome"] == "delta"].to_dict("records"):
        others = rows[rows["left_out"].notna() & (rows["outcome"] == "delta") & (rows[label] == row[label])]["estimate"]
        logit = logits.get(row[label], {})
        lines[str(row[label])] = [
            _number(row["estimate"], "+z.2f"),
            _range(row),
            _number(row["df"], ".0f"),
            _p(row["p"]),
            f"{others.min():+z.2f} to {others.max():+z.2f}" if len(others) else "",
            _number(logit.get("estimate", float("nan")), "+z.3f"),
            _p(logit.get("p", float("nan"))),
        ]
    head = "cell" if label == "series" else label
    table = _term_table(head, lines, slice(0, None))
    fits = console.measure(table, options=console.options.update(max_width=1000)).maximum <= console.width
    parts = [table] if fits else [_term_table(head, lines, slice(0, 4)), _term_table(head, lines, slice(4, None))]
    for number, part in enumerate(parts):
        console.print(Text(f"{title} (continued)" if number else title, style="italic"))
        console.print(part)
        console.print()


def _term_table(head: str, lines: Mapping[str, Sequence[str]], columns: slice) -> Table:
    """A line a term, with some of the columns."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
    table.add_column(head, overflow="fold")
    for name in ("points", "95 %", "df", "p", "without one", "log odds", "p")[columns]:
        table.add_column(name, justify="right", no_wrap=True)
    for name, values in lines.items():
        table.add_row(name, *values[columns])
    return table


def _whole(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of all languages."""
    return rows[rows["left_out"].isna()]


def _print_best(rows: pd.DataFrame, console: Console) -> None:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
    for name in ("language", "best", "may be", "corrected gain", "95 %", "k"):
        table.add_column(name, justify="left" if name == "language" else "right", no_wrap=True)
    for row in rows.to_dict("records"):
        low, high = row["low"], row["high"]
        table.add_row(
            str(row["language"]),
            f"{row['best_magnitude']:g}",
            "" if isnan(low) else f"{low:g}" if low == high else f"{low:g} to {high:g}",
            _number(row["gain"], "+z.1f"),
            _range({"ci_low": row["gain_low"], "ci_high": row["gain_high"]}),
            str(row["k"]),
        )
    console.print(table)
    console.print()


def _by_language(rows: pd.DataFrame) -> dict[str, GridEntry]:
    return {str(row["language"]): _delta(row) for row in rows.to_dict("records")}


def _delta(row: Row) -> GridEntry:
    if isnan(row["ci_low"]):
        return GridEntry(text=f"{row['delta']:+z.1f}")
    return delta_entry(row["delta"], row["ci_low"], row["ci_high"])


def _selection_entries(row: Row) -> dict[str, GridEntry]:
    entries = {
        "k": GridEntry(text=str(row["k"])),
        "mean": GridEntry(text=f"{row['mean']:.1f}", spread=spread(row["sd"])),
    }
    for column, name in (("delta", "delta"), ("minus last", "minus_last")):
        if not isnan(row[name]):
            entries[column] = _delta({"delta": row[name], "ci_low": row[f"{name}_low"], "ci_high": row[f"{name}_high"]})
    return entries


def _describe(about: Sequence[Any]) -> str:
    return ", ".join(str(value) for value in about if value not in (LAST, CLEAN))


def _distinct(texts: "pd.Series[str]") -> list[str]:
    return [str(text).rstrip(".") for text in dict.fromkeys(texts)]


def _number(value: float, form: str) -> str:
    return "" if isnan(value) else format(value, form)


def _range(row: Row) -> str:
    return "" if isnan(row["ci_low"]) else f"{row['ci_low']:+z.2f} to {row['ci_high']:+z.2f}"


def _p(value: float) -> str:
    if isnan(value):
        return ""
    return "<.001" if value < 0.001 else f"{value:.3f}".removeprefix("0")


def _print_notes(notes: Iterable[str], console: Console) -> None:
    for note in notes:
        console.print(Text(note, style="dim"))
