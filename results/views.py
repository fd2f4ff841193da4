"""What each command under `xlt results` shows: choose rows, then print them for people or write them for programs.

In: the folder of a store, a choice of rows, a format. Out: standard output or a file.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from results.baselines import explain_missing_baselines
from results.deltas import compute_deltas
from results.errors import QueryError
from results.failures import compute_failures
from results.formats import open_console, resolve_format, write_output
from results.language_choice import choose_languages, keep_languages
from results.listing import print_failures, print_trials
from results.matrix import pair_means, print_matrices
from results.means import compute_means, split_statuses
from results.pivot import show_pivot
from results.queries import filter_table
from results.robustness import compute_robustness
from results.schema import MACRO
from results.snapshot import Snapshot, only_trial
from results.store import ResultStore
from results.tables import print_deltas, print_robustness, print_scores

logger = logging.getLogger(__name__)

_LEFT_OUT_OF_SCORES = ("traceback", "stages", "versions", "stage_keys")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which rows are shown."""

    language: str | None = None
    """Codes and groups, by comma (`results.language_choice`); none given: all."""
    metric: str | None = None
    """Names, by comma; none given: all."""
    condition: str | None = None
    """Names of conditions, by comma; none given: all."""
    where: str | None = None
    """SQL condition."""
    include: str | None = None
    """Statuses beside `ok` that count, by comma."""
    pivot: str | None = None
    """What stands side by side (`results.pivot`); none given: the usual table."""
    value: str | None = None
    """Of a pivot, the column of numbers; none given: the score or delta."""
    trial_id: str | None = None
    """Of scores: the only trial that is shown; none given: all."""

    @property
    def statuses(self) -> tuple[str, ...]:
        """Those of `include`."""
        return split_statuses(self.include)


def show_scores(folder: Path | str, choice: Choice, form: str | None = None, output: Path | None = None) -> None:
    """Show mean scores by cell, or every score where a program reads."""
    form = resolve_format(form, output)
    snapshot = ResultStore.open(folder).snapshot()
    whole = keep_values(snapshot.results.drop_columns(list(_LEFT_OUT_OF_SCORES)), "metric", choice.metric)
    whole = keep_values(whole, "condition", choice.condition)
    whole = only_trial(whole, choice.trial_id)
    table = whole if choice.where is None else filter_table(whole, choice.where)
    if form != "table" or choice.pivot is not None:
        _write_rows(keep_languages(table, choice.language, snapshot), "value", choice, form, output)
        return
    means = compute_means(table, include=choice.statuses)
    if _has_cut_trials(whole, table):
        means = means[means["language"] != MACRO]  # a mean over the languages that are left would mislead
    if choice.language is not None:
        means = means[means["language"].isin(choose_languages(choice.language, means["language"], snapshot))]
    with open_console(output) as console:
        print_scores(snapshot, means, console, choice.trial_id)


def show_deltas(folder: Path | str, choice: Choice, form: str | None = None, output: Path | None = None) -> None:
    """Show deltas by cell and language."""
    form = resolve_format(form, output)
    snapshot = ResultStore.open(folder).snapshot()
    table = choose_deltas(snapshot, choice)
    table = _keep_chosen(table, choice, snapshot)
    if form != "table" or choice.pivot is not None:
        for sentence in explain_missing_baselines(snapshot, choice.statuses):
            logger.warning(sentence)
        _write_rows(table, "delta", choice, form, output)
        return
    means = compute_means(snapshot.results, include=choice.statuses)
    with open_console(output) as console:
        print_deltas(snapshot, table.to_pandas(), means, console, choice.statuses)


def show_robustness(folder: Path | str, choice: Choice, form: str | None = None, output: Path | None = None) -> None:
    """Show scores under conditions minus clean scores by cell and language."""
    form = resolve_format(form, output)
    snapshot = ResultStore.open(folder).snapshot()
    table = compute_robustness(snapshot.plan, snapshot.trials, snapshot.scores, include=choice.statuses)
    table = _keep_chosen(table, choice, snapshot)
    if form != "table":
        write_output(table, form, output)
        return
    with open_console(output) as console:
        print_robustness(snapshot, table.to_pandas(), console)


def show_matrix(
    folder: Path | str,
    choice: Choice,
    *,
    cell: str | None,
    deltas: bool,
    form: str | None = None,
    output: Path | None = None,
) -> None:
    """Show scores, or deltas, of pairs of languages: a matrix a cell.

    Args:
        cell: name or id of a cell, or one part of names (`magnitude 0.5`); none given: all.
        deltas: differences to the baseline.
    """
    form = resolve_format(form, output)
    snapshot = ResultStore.open(folder).snapshot()
    if deltas:
        table = choose_deltas(snapshot, choice)
        table = table.filter(pc.is_valid(table["condition_language"]))
    else:
        table = pair_means(compute_means(snapshot.results, include=choice.statuses))
    table = keep_values(table, "metric", choice.metric)
    table = table if cell is None else _keep_cell(table, cell)
    if form != "table":
        write_output(table, form, output)
        return
    with open_console(output) as console:
        print_matrices(snapshot, table.to_pandas(), console)


def show_failures(
    folder: Path | str,
    by: str | None = None,
    where: str | None = None,
    form: str | None = None,
    output: Path | None = None,
) -> None:
    """Show how often training failed.

    Args:
        by: columns or axes by comma, all others are pooled; none given: a row a cell.
        where: SQL condition on the trials that count.
    """
    form = resolve_format(form, output)
    trials = ResultStore.open(folder).trials()
    names = list(dict.fromkeys(name.strip() for name in (by or "").split(",") if name.strip()))
    failures = compute_failures(trials if where is None else filter_table(trials, where), names)
    if form != "table":
        write_output(failures, form, output)
        return
    with open_console(output) as console:
        print_failures(failures, names, console)


def show_trials(
    folder: Path | str, where: str | None = None, form: str | None = None, output: Path | None = None
) -> None:
    """Show every planned trial with what became of it."""
    form = resolve_format(form, output)
    table = ResultStore.open(folder).trials()
    table = table if where is None else filter_table(table, where)
    if form != "table":
        write_output(table, form, output)
        return
    with open_console(output) as console:
        print_trials(table, console)


def _write_rows(table: pa.Table, value: str, choice: Choice, form: str, output: Path | None) -> None:
    if choice.pivot is None:
        write_output(table, form, output)
    else:
        show_pivot(table, choice.pivot, choice.value or value, form, output)


def choose_deltas(snapshot: Snapshot, choice: Choice) -> pa.Table:
    """Deltas of the trials whose statuses count."""
    if not choice.statuses:
        return snapshot.deltas
    return compute_deltas(snapshot.plan, snapshot.trials, snapshot.scores, include=choice.statuses)


def keep_values(table: pa.Table, column: str, wanted: str | None) -> pa.Table:
    """Keep the rows whose value is among those wanted.

    Args:
        wanted: values by comma; none given: all.

    Raises:
        QueryError: a value that no row has.
    """
    if wanted is None:
        return table
    chosen = _choose(column, wanted, table[column].unique().to_pylist())
    return table.filter(pc.is_in(table[column], value_set=pa.array(chosen, pa.string())))


def _choose(column: str, wanted: str, present: Iterable[str]) -> list[str]:
    """Split values given by comma.

    Raises:
        QueryError: a value that no row has.
    """
    known = sorted(set(present))
    chosen = [name.strip() for name in wanted.split(",") if name.strip()]
    if unknown := [name for name in chosen if name not in known]:
        raise QueryError(f"no {column} '{unknown[0]}' in these results; there are: {', '.join(known) or 'none yet'}")
    return chosen


def _keep_chosen(table: pa.Table, choice: Choice, snapshot: Snapshot) -> pa.Table:
    for column in ("metric", "condition"):
        table = keep_values(table, column, getattr(choice, column))
    table = keep_languages(table, choice.language, snapshot)
    return table if choice.where is None else filter_table(table, choice.where)


def _keep_cell(table: pa.Table, wanted: str) -> pa.Table:
    """Keep the rows of the cells that have this id, this name, or this part of a name.

    Raises:
        QueryError: there are none.
    """
    ids, names = table["cell_id"].to_pylist(), table["cell"].to_pylist()
    kept = [wanted in (cell_id, name, *name.split(" · ")) for cell_id, name in zip(ids, names, strict=True)]
    if not any(kept):
        known = "; ".join(dict.fromkeys(names)) or "none yet"
        raise QueryError(f"no cell '{wanted}' with scores of pairs of languages; there are: {known}")
    return table.filter(pa.array(kept, pa.bool_()))


def _has_cut_trials(whole: pa.Table, kept: pa.Table) -> bool:
    """Tell whether some trial lost some, but not all, of its rows of one metric, selection and condition."""
    key = ["trial_id", "metric", "selection", "condition"]
    before = whole.group_by(key).aggregate([([], "count_all")])
    after = kept.group_by(key).aggregate([([], "count_all")])
    both = after.join(before, key, right_suffix="_before")
    return bool(pc.any(pc.not_equal(both["count_all"], both["count_all_before"])).as_py())
