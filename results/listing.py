"""Plain listings for people: the trials of a sweep, and how often they failed.

In: Arrow tables. Out: text on a rich console.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console, JustifyMethod
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from results.notes import count_statuses, size_notes, status_style
from results.plain_table import as_text, is_number, new_table

_PARTS = (" · ",)
"""Where a label is broken into its parts."""
_WORDS = (" · ", " ")
_RARE_COUNTS = ("num_stopped_early", "num_oom", "num_infra")


class _Measure(NamedTuple):
    """How a column of trials is shown."""

    header: str
    form: str


_MEASURES = {
    "num_steps": _Measure("steps", "d"),
    "final_train_loss": _Measure("loss", ".3f"),
    "source_dev_score": _Measure("dev", ".1f"),
    "wall_seconds": _Measure("seconds", ".1f"),
}
_SIZES = {"size_mean": _Measure("size", ".3g"), "loss_gap": _Measure("loss gap", "+.3f")}


def print_trials(trials: pa.Table, console: Console) -> None:
    """Print one row a trial; below them why trials are not simply `ok`, and the number of each status.

    How large perturbations were is shown where some trial says it and the console has room.
    """
    sizes = _sizes(trials)
    table = _trials_table(trials, _MEASURES | sizes)
    if not _fits(table, console):
        sizes, table = {}, _trials_table(trials, _MEASURES)
    console.print(table)
    console.print()
    for row in trials.filter(pc.is_valid(trials["reason"])).to_pylist():
        reason = Text(f"{row['trial_id']}  {row['status']}: {row['reason']}", style=status_style(row["status"]))
        console.print(reason, soft_wrap=True)
    console.print(count_statuses(Counter(trials["status"].to_pylist())))
    notes = "loss: at the end of training; dev: score on the source language's dev set, 0 to 100."
    if sizes:
        notes += f" {size_notes(trials['size_kind'].to_pylist())}"
    console.print(notes, style="dim", highlight=False)


def _trials_table(trials: pa.Table, measures: Mapping[str, _Measure]) -> Table:
    table = new_table()
    table.add_column("trial", no_wrap=True)
    table.add_column("cell", overflow="fold")
    table.add_column("seed", justify="right")
    table.add_column("status", no_wrap=True)
    for measure in measures.values():
        table.add_column(measure.header, justify="right", no_wrap=True)
    for row in trials.to_pylist():
        table.add_row(
            row["trial_id"],
            Text(row["cell"].replace(" · ", "\n")),
            str(row["seed"]),
            Text(row["status"], style=status_style(row["status"])),
            *(_number(row[name], measure.form) for name, measure in measures.items()),
        )
    return table


def print_failures(failures: pa.Table, by: Sequence[str], console: Console) -> None:
    """Print how often training failed, a row a cell or a combination of the columns `by`.

    Args:
        failures: of `results.failures.compute_failures`.
        by: what it was pooled by; none: cells.
    """
    measured = _sizes(failures)
    broken_at: tuple[str, ...]
    for broken_at, sizes in (((), measured), (_PARTS, measured), (_WORDS, measured), (_WORDS, {})):
        table = _failures_table(failures, by or ("cell",), sizes, broken_at)
        if _fits(table, console):
            break
    console.print(table)
    console.print()
    notes = (
        "failed: degenerate or diverged, of all trials that are ok, degenerate or diverged; interval: exact "
        "(Clopper-Pearson). Trials that ran out of memory, lost their machine or were stopped are left out of it."
    )
    if sizes:
        notes += f" {size_notes(failures['size_kind'].to_pylist())}"
    console.print(notes, style="dim", highlight=False)


def _failures_table(
    failures: pa.Table, labels: Sequence[str], sizes: Mapping[str, _Measure], broken_at: Sequence[str]
) -> Table:
    """Lay out one line a row, or more where labels and headers are broken at the separators `broken_at`."""

    def broken(text: str) -> str:
        for separator in broken_at:
            text = text.replace(separator, "\n")
        return text

    counts = [name for name in failures.column_names if name.startswith("num_")]
    shown = [name for name in counts if name not in _RARE_COUNTS or (pc.sum(failures[name]).as_py() or 0) > 0]
    table = new_table()
    for name in labels:
        justify: JustifyMethod = "right" if is_number(failures.schema.field(name)) else "left"
        table.add_column(Text(name), justify=justify, overflow="fold")
    headers = [name.removeprefix("num_").replace("_", " ") for name in shown]
    for header in (*headers, "failed %", "95\u00a0% interval", *(measure.header for measure in sizes.values())):
        table.add_column(broken(header), justify="right", no_wrap=True)
    for row in failures.to_pylist():
        table.add_row(
            *(Text(broken(as_text(row[name]))) for name in labels),
            *(str(row[name]) for name in shown),
            *_share(row["share_failed"], row["share_low"], row["share_high"]),
            *(_number(row[name], measure.form) for name, measure in sizes.items()),
        )
    return table


def _sizes(table: pa.Table) -> dict[str, _Measure]:
    """Those of the measures of size that some row has."""
    return {name: measure for name, measure in _SIZES.items() if table[name].null_count < table.num_rows}


def _share(share: float | None, low: float, high: float) -> tuple[str, str]:
    """A share and its interval in per cent; blank where there is nothing to take a share of."""
    return ("", "") if share is None else (f"{100 * share:.0f}", f"{100 * low:.0f} to {100 * high:.0f}")


def _fits(table: Table, console: Console) -> bool:
    return Measurement.get(console, console.options.update(max_width=10_000), table).maximum <= console.width


def _number(value: Any, form: str) -> str:
    return "" if value is None else format(value, form)
