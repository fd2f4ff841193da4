"""When a sweep declared what it tests, and how much of it had run by then. In: a grown plan, the store. Out: a record.

Light: no torch, no ray.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import JsonValue

from results.schema import PLAN
from results.store import ResultStore
from results.table_files import read_tables
from sweeps.growth.extend import GrownPlan

_DATES = ("declared_at", "num_finished_when_declared")


def date_analysis(grown: GrownPlan, held: ResultStore | None) -> dict[str, JsonValue] | None:
    """Say when the analysis took its present form, and how many trials had finished then; none where there is none.

    What stays as it was keeps its date: trials that are scored on more are still the same cells.

    Args:
        grown: the plan that is about to be written.
        held: the sweep's store as it is; none for a new sweep.
    """
    analysis = grown.plan.analysis
    if analysis is None:
        return None
    before = held.sweep.get("analysis") if held else None
    if held and before and _comparable(analysis) == _comparable(before, _renamed_cells(grown, held)):
        return {**analysis, **{name: before[name] for name in _DATES}}
    finished = _count_finished(held) if held else 0
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {**analysis, "declared_at": now, "num_finished_when_declared": finished}


def _count_finished(held: ResultStore) -> int:
    """Trials that have results; one that was scored on more since then counts once, whichever has finished."""
    storage = held.storage
    parts = read_tables(storage, storage.list_names("plan", ".parquet"), PLAN, ["trial_id", "supersedes"])
    rows = (row for part in parts if part is not None for row in part.to_pylist())
    earlier = {row["trial_id"]: row["supersedes"] for row in rows if row["supersedes"] is not None}
    return len({_find_first(trial_id, earlier) for trial_id in held.finished()})


def _find_first(trial_id: str, earlier: Mapping[str, str]) -> str:
    """The trial at the beginning of a chain of trials that each supersede the one before."""
    seen = {trial_id}
    while (before := earlier.get(trial_id)) is not None and before not in seen:
        trial_id = before
        seen.add(trial_id)
    return trial_id


def explain_late_declaration(store: ResultStore) -> str | None:
    """Say that results were there before it was declared what they are to test; none where it is not so."""
    analysis = store.sweep.get("analysis") or {}
    finished = analysis.get("num_finished_when_declared")
    if not finished:
        return None
    return (
        f"analysis: {finished} trials had finished when it took its present form ({analysis['declared_at']}); whoever "
        "reads the results is told"
    )


def _renamed_cells(grown: GrownPlan, held: ResultStore) -> dict[str, str]:
    """New ids of cells whose trials are superseded, by their old ones."""
    planned = held.plan()
    cells: dict[str, str] = dict(zip(planned["trial_id"].to_pylist(), planned["cell_id"].to_pylist(), strict=True))
    superseding = [trial for trial in grown.plan.trials if trial.supersedes in cells]
    return {cells[trial.supersedes or ""]: trial.plan.cell_id for trial in superseding}


def _comparable(analysis: Mapping[str, JsonValue], renamed: Mapping[str, str] = {}) -> JsonValue:
    """The declaration without its dates, in the newest cell ids."""
    plain = json.loads(json.dumps({key: value for key, value in analysis.items() if key not in _DATES}))
    for contrast in plain["contrasts"]:
        terms = [(renamed.get(term["cell_id"], term["cell_id"]), term["weight"]) for term in contrast["terms"]]
        contrast["terms"] = sorted(terms)
    comparable: JsonValue = plain
    return comparable
