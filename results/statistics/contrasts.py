"""The contrasts table: what differs from what, in which languages, how sure that is, and what it may be called.

In: a store's tables and predictions, what its sweep set out to test. Out: `schema.CONTRASTS`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results.analysis import Analysis
from results.means import counted_statuses
from results.schema import make_table
from results.snapshot import Snapshot
from results.statistics.comparisons import Comparison, list_comparisons
from results.statistics.corrections import PValues, correct_by_runs
from results.statistics.estimation import Numbers, estimate_rows
from results.statistics.families import FamilyKey, choose_metrics, find_family
from results.statistics.groups import list_units
from results.statistics.measured import Measure, Measured, Measurements, collect_scores, measure_runs, spots_of
from results.statistics.pairing import PairedRuns, Run, list_runs, pair_runs
from results.statistics.rows import Facts, make_rows, read_facts
from results.statistics.schema import CONTRASTS
from results.statistics.units import ALL_RUNS, Draft, draft_units

TRAINING_FAILED = ("degenerate", "diverged")
"""Statuses that count in rows of all runs: at their scores, or at chance."""


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """A comparison and its runs."""

    comparison: Comparison
    task: str
    source: str
    """The source language."""
    trials: Collection[str]
    """All that are planned, whatever became of them."""
    ok: PairedRuns
    """Runs that went well."""
    all: PairedRuns | None
    """With those whose training failed; none where none did."""


@dataclass(frozen=True)
class _Batch:
    """Rows of one measure."""

    drafts: Sequence[Draft]
    keys: Sequence[FamilyKey]
    numbers: Numbers


def compute_contrasts(snapshot: Snapshot, analysis: Analysis, *, include: Collection[str] = ()) -> pa.Table:
    """Compute every declared contrast and every delta, by unit, metric, selection and condition.

    Rows of `runs` "ok" leave pairs with a failed run out. Where training failed in some, there are rows of `runs` "all"
    beside them, in which degenerate runs count at their scores and diverged ones at chance.

    Args:
        snapshot: of the store.
        analysis: what is tested.
        include: statuses of runs that count beside `ok` everywhere, of `means.SCORED`.

    Returns:
        Columns of `schema.CONTRASTS`: declared contrasts in their order, then deltas in the order of the plan; means
        over languages first, then groups, then languages.
    """
    plan = snapshot.plan
    tasks = dict(zip(plan["trial_id"].to_pylist(), plan["target_task"].to_pylist(), strict=True))
    runs, counted = list_runs(plan, snapshot.trials), counted_statuses(include)
    compared = [_compare(one, runs, counted) for one in list_comparisons(plan, analysis)]
    measurements = _with_outcomes(collect_scores(snapshot.scores, tasks), snapshot, compared)
    tested = choose_metrics(measurements.metrics, analysis)
    batches = []
    for measure in measurements.scores:
        drafts = list(_draft_measure(compared, measurements, measure, snapshot.languages))
        numbers = estimate_rows(drafts, analysis)
        keys = [find_family(draft, analysis, tested) for draft in drafts]
        batches.append(_Batch([draft.lighten() for draft in drafts], keys, numbers))
    facts = read_facts(snapshot.languages, snapshot.trials)
    return _as_table(batches, compared, facts, analysis)


def _compare(comparison: Comparison, runs: Mapping[str, Sequence[Run]], counted: tuple[str, ...]) -> _Compared:
    cells = [runs[term.cell_id] for term in comparison.terms]
    is_delta = comparison.kind == "deltas"
    ok = pair_runs(cells, counted, is_delta=is_delta)
    has_failed = any(state.removeprefix("baseline ") in TRAINING_FAILED for state in ok.lost)
    return _Compared(
        comparison=comparison,
        task=str(comparison.labels["target_task"]),
        source=str(comparison.labels["source_language"]),
        trials={run.trial_id for of_cell in cells for run in of_cell},
        ok=ok,
        all=pair_runs(cells, (*counted, *TRAINING_FAILED), is_delta=is_delta) if has_failed else None,
    )


def _with_outcomes(measurements: Measurements, snapshot: Snapshot, compared: Iterable[_Compared]) -> Measurements:
    """Add what the runs that are compared answered; each file is read once, in the order of the plan."""
    needed = {trial_id for one in compared for trial_id in (one.all or one.ok).trial_ids}
    reader = snapshot.outcomes
    outcomes = reader.read([trial_id for trial_id in snapshot.finished_ids if trial_id in needed])
    return replace(measurements, outcomes=outcomes, ids=reader.ids)


def _draft_measure(
    compared: Iterable[_Compared], measurements: Measurements, measure: Measure, languages: pa.Table
) -> Iterator[Draft]:
    """Rows of one metric, selection and condition."""
    for one in compared:
        if measure.metric not in measurements.metrics.get(one.task, ()):
            continue
        yield from _draft_runs(one, one.ok, measurements, measure, languages)
        if one.all is not None:
            for draft in _draft_runs(one, one.all, measurements, measure, languages):
                yield replace(draft, runs=ALL_RUNS)


def _draft_runs(
    compared: _Compared, paired: PairedRuns, measurements: Measurements, measure: Measure, languages: pa.Table
) -> Iterator[Draft]:
    """Rows of one comparison; none of what has not finished."""
    spots = spots_of(measurements, measure, compared.trials)
    found = {spot: measure_runs(measurements, paired, compared.task, measure, spot) for spot in spots}
    scored = {seed for one in found.values() if isinstance(one, Measured) for seed in one.paired.seeds}
    num_seeds, paired = len(paired.seeds), paired.keep(np.array([seed in scored for seed in paired.seeds], np.bool_))
    single = [spot.language for spot in spots if not spot.condition_language]
    units = list_units(languages, single, compared.source)
    for draft in draft_units(compared.comparison, measure, paired, found, units):
        if draft.paired.seeds or draft.paired.lost or draft.reason:
            yield replace(draft, num_unscored=num_seeds - len(draft.paired.seeds))


def _as_table(batches: Sequence[_Batch], compared: Sequence[_Compared], facts: Facts, analysis: Analysis) -> pa.Table:
    """Correct for how many are tested, then put the rows in order."""
    drafts = [draft for batch in batches for draft in batch.drafts]
    keys = [key for batch in batches for key in batch.keys]
    tested = PValues(
        p=_join([batch.numbers.p for batch in batches]),
        p_no_loss=_join([batch.numbers.p_no_loss for batch in batches]),
        p_equivalence=_join([batch.numbers.p_equivalence for batch in batches]),
    )
    corrected = correct_by_runs(drafts, keys, tested, analysis.alpha)
    rows: list[dict[str, Any]] = []
    for batch in batches:
        own = corrected.take(np.arange(len(rows), len(rows) + len(batch.drafts)))
        rows += make_rows(batch.drafts, batch.numbers, own, batch.keys, facts, analysis)
    place = {id(one.comparison): number for number, one in enumerate(compared)}
    order = sorted(range(len(rows)), key=lambda row: place[id(drafts[row].comparison)])  # stable
    return make_table([_without_nan(rows[row]) for row in order], CONTRASTS)


def _join(arrays: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    return np.concatenate([np.empty(0), *arrays])


def _without_nan(row: Mapping[str, Any]) -> dict[str, Any]:
    """NaN is null; it alone is unlike itself."""
    return {name: None if isinstance(value, float) and value != value else value for name, value in row.items()}
