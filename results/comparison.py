"""What `xlt results published` and `xlt results scores --against published` show.

In: the published table, the folder of a sweep. Out: standard output or a file.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.text import Text

from results.errors import QueryError
from results.formats import open_console, resolve_format, write_output
from results.grid import Entry, Grid, Line, print_grid
from results.language_choice import keep_languages
from results.notes import print_store_notes
from results.published import (
    MEAN,
    TOLERANCE,
    baseline_cells,
    compare_with_published,
    encoder_name,
    find_obstacle,
    read_published,
    zero_shot_scores,
)
from results.queries import filter_table
from results.schema import CLEAN
from results.snapshot import Snapshot
from results.store import ResultStore
from results.tables import spread
from results.views import Choice, keep_values

_EXCEEDS = "!"
_MEANING = (
    "here: mean ± sd over k seeds. gap: here minus the mean of what was published. spread: how far apart published "
    f"scores of the same encoder, task, language and metric are, but at least {TOLERANCE:g} points. That is our "
    "choice: one source, or two that happen to agree, do not say how sure a number is. Published scores are of other "
    "hyper-parameters, many of one seed, some of a checkpoint chosen otherwise: a gap is a reason to look, not an "
    "error."
)


def show_published(
    *,
    task: str | None = None,
    encoder: str | None = None,
    language: str | None = None,
    form: str | None = None,
    output: Path | None = None,
) -> None:
    """Show published scores with their sources.

    Args:
        task: names by comma; none given: all.
        encoder: hub ids by comma, the owner may be left out; none given: all.
        language: canonical codes, or `mean`, by comma; none given: all.

    Raises:
        QueryError: a name that no published score has.
    """
    form = resolve_format(form, output)
    table = read_published()
    table = keep_values(table, "task", task)
    table = keep_values(table, "encoder", encoder and _full_names(encoder))
    table = keep_values(table, "language", language)
    if form != "table":
        write_output(table, form, output)
        return
    with open_console(output) as console:
        _print_published(table.to_pandas(), console)


def show_comparison(folder: Path | str, choice: Choice, form: str | None = None, output: Path | None = None) -> None:
    """Show a sweep's baselines beside published scores of the same encoder, task, metric and language.

    Raises:
        QueryError: a condition other than clean, of which there are no published scores.
    """
    if choice.condition not in (None, CLEAN):
        raise QueryError(f"no published scores under the condition '{choice.condition}'; there are: {CLEAN}")
    form = resolve_format(form, output)
    snapshot = ResultStore.open(folder).snapshot()
    whole = compare_with_published(snapshot, include=choice.statuses)
    table = keep_values(keep_languages(whole, choice.language, snapshot), "metric", choice.metric)
    table = table if choice.where is None else filter_table(table, choice.where)
    if form != "table":
        write_output(table, form, output)
        return
    with open_console(output) as console:
        print_comparison(table.to_pandas(), console)
        _print_obstacles(snapshot, set(whole["cell"].to_pylist()), console)
        print_store_notes(snapshot, console)


def print_comparison(rows: pd.DataFrame, console: Console) -> None:
    """Print one table a baseline, task, metric and selection; below them what gap and spread are, and the sources.

    Args:
        rows: of `compare_with_published`.
    """
    keys = ["cell", "encoder", "published_encoder", "target_task", "metric", "selection"]
    for (cell, encoder, published_encoder, *what), part in rows.groupby(keys, sort=False):
        taken = "" if encoder == published_encoder else f", taken for {published_encoder} by its name"
        grid = Grid(
            title=f"{cell} and published scores: {', '.join(map(str, what))}; {encoder}{taken}",
            columns=("k", "here", "published", "sources", "gap", "spread"),
            lines=tuple(_line(row) for row in part.to_dict("records")),
            corner="language",
            may_turn=False,
        )
        print_grid(grid, console)
    if rows.empty:
        console.print("Nothing here can be compared with a published score.")
    else:
        _print_notes(rows, console)


def _line(row: dict[Any, Any]) -> Line:
    low, high, exceeds = row["published_low"], row["published_high"], row["exceeds"]
    is_mean = row["language"] == MEAN
    entries = {
        "k": Entry(text=str(row["k"])),
        "here": Entry(text=f"{row['mean']:.1f}", spread=spread(row["sd"])),
        "published": Entry(text=f"{low:.1f}" if low == high else f"{low:.1f} to {high:.1f}"),
        "sources": Entry(text=str(row["num_published"])),
        "gap": Entry(text=f"{row['gap']:+z.1f}", mark=_EXCEEDS if exceeds else "", style="red" if exceeds else ""),
        "spread": Entry(text=f"{row['spread']:.1f}"),
    }
    return Line(label=f"mean of {row['num_languages']}" if is_mean else str(row["language"]), entries=entries)


def _print_notes(rows: pd.DataFrame, console: Console) -> None:
    count = f"{int(rows['exceeds'].sum())} of {len(rows)} gaps are larger than the published spread ({_EXCEEDS})."
    console.print(Text(f"{count} {_MEANING}", style="dim"))
    for source, notes in _sources(rows).items():
        console.print(Text(f"Source: {source}{f' ({notes})' if notes else ''}", style="dim"), soft_wrap=True)


def _sources(rows: pd.DataFrame) -> dict[str, str]:
    """Sources of the rows shown, with what is to be known of their numbers."""
    used = {source for sources in rows["sources"] for source in sources}
    notes = {note for notes in rows["notes"] for note in notes}
    table = zero_shot_scores()
    table = table[table["source"].isin(used) & table["encoder"].isin(set(rows["published_encoder"]))]
    return {
        str(source): "; ".join(note for note in dict.fromkeys(part["note"]) if note in notes)
        for source, part in table.groupby("source", sort=False)
    }


def _print_obstacles(snapshot: Snapshot, compared: set[str], console: Console) -> None:
    """Say of each baseline that is not among the cells compared why it is not."""
    published = zero_shot_scores()
    baselines = baseline_cells(snapshot)
    for _, row in baselines[~baselines["cell"].isin(compared)].iterrows():
        of_task = published[published["task"] == row["target_task"]]
        encoders = ", ".join(dict.fromkeys(of_task["encoder"]))
        reason = find_obstacle(row)
        if reason is None and encoder_name(row["encoder"]) not in set(of_task["encoder"].map(encoder_name)):
            reason = f"no published zero-shot score of '{row['encoder']}' on {row['target_task']} is known; " + (
                f"there are scores of {encoders}" if encoders else "there are none of any encoder"
            )
        text = f"Not compared, {row['cell']}: {reason or 'no published score of a language and metric that it has'}"
        console.print(Text(text, style="dim"), soft_wrap=True)


def _print_published(frame: pd.DataFrame, console: Console) -> None:
    """Print a paragraph an encoder, metric, setting and source: what it is, the scores by language, where from."""
    keys = ["task", "encoder", "setting", "metric", "source", "note"]
    for (task, encoder, setting, metric, source, note), part in frame.groupby(keys, sort=False):
        console.print(Text(f"{task}: {encoder}, {setting}, {metric}", style="bold"))
        # no-break spaces keep a language and its score in one line
        console.print(Text("  ".join(f"{row.language}\u00a0{row.value:.1f}" for row in part.itertuples())))
        console.print(Text(f"{source} ({note})" if note else f"{source}", style="dim"))
        console.print()
    console.print(f"{len(frame)} scores, 0 to 100; for programs: --format csv", style="dim", highlight=False)


def _full_names(encoders: str) -> str:
    """Hub ids, by comma, of encoders that may be given without their owner."""
    known: list[str] = read_published()["encoder"].unique().to_pylist()
    names = [name.strip() for name in encoders.split(",")]
    return ",".join(one for name in names for one in [one for one in known if encoder_name(one) == name] or [name])
