"""What a cell of a search came to: the values that the search maximises, from the deltas of its trials.

In: a store, a cell's trials and its baseline's. Out: a `CellOutcome`. Light: no optuna, no ray.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from results.damage import trial_file
from results.deltas import compute_deltas
from results.schema import CLEAN, MACRO, PLAN, SCORES, TRIALS, make_table
from results.store import ResultStore
from results.table_files import read_tables
from search_spaces.searches import Objective, OptunaSearch
from sweeps.planning.plan import PlannedTrial
from sweeps.tables.rows import plan_row
from xlt_core.tasks import load_task

_SELECTION = "last"
_WITHOUT_TRUE_SCORES = ("stopped_early", "diverged")


@dataclass(frozen=True)
class CellOutcome:
    """How a cell ended."""

    state: Literal["complete", "pruned", "failed"]
    """`pruned`: worse than every complete one, since a trial was stopped early or its training diverged; `failed`:
    nothing is known."""
    values: tuple[float, ...] = ()
    """One an objective, of a complete cell."""
    reason: str = ""
    """Why it is not complete."""


def judge_cell(
    store: ResultStore, trials: Sequence[PlannedTrial], baselines: Sequence[PlannedTrial], search: OptunaSearch
) -> CellOutcome:
    """Judge a cell whose trials and whose baseline's have ended.

    Trials whose training collapsed (`degenerate`) count with the scores that they have: a setting under which some
    seeds collapse is as good as what one may expect of it.
    """
    if not trials or trials[0].is_baseline:
        return CellOutcome("complete", (0.0,) * len(search.objectives))
    both = [*trials, *baselines]
    rows = _read(store, both, "trials", TRIALS)
    own = {trial.trial_id for trial in trials}
    statuses = sorted({row["status"] for row in rows.to_pylist() if row["trial_id"] in own})
    if lost := [status for status in _WITHOUT_TRUE_SCORES if status in statuses]:
        return CellOutcome("pruned", reason=f"a trial is {lost[0]}")
    plan = make_table([plan_row(trial) for trial in both], PLAN)
    deltas = compute_deltas(plan, rows, _read(store, both, "scores", SCORES), include=("degenerate",)).to_pylist()
    task = load_task(trials[0].plan.spec.target.task)
    metric = search.metric or task.metrics[0]
    by_language: dict[str, float] = {
        row["language"]: row["delta"] for row in deltas if _is_looked_at(row, metric) and row["delta"] is not None
    }
    by_language.pop(task.source_language, None)
    mean = by_language.pop(MACRO, None)
    if mean is None:
        return CellOutcome("failed", reason=f"no pair of runs has a {metric}; trials ended as {', '.join(statuses)}")
    values: dict[Objective, float] = {"mean_delta": mean, "worst_delta": min(by_language.values())}
    return CellOutcome("complete", tuple(values[objective] for objective in search.objectives))


def _read(store: ResultStore, trials: Sequence[PlannedTrial], table: str, schema: pa.Schema) -> pa.Table:
    """Rows of these trials; those whose files are damaged or gone are left out: the next launch runs them again."""
    names = [trial_file(table, trial.trial_id) for trial in trials]
    parts = read_tables(store.storage, names, schema, on_damaged=lambda _name, _error: None)
    return pa.concat_tables([schema.empty_table(), *(part for part in parts if part is not None)])


def _is_looked_at(row: dict[str, Any], metric: str) -> bool:
    looked_at = {"metric": metric, "selection": _SELECTION, "condition": CLEAN, "condition_language": None}
    return all(row[column] == value for column, value in looked_at.items())
