"""Scores and predictions that a trial takes over from the one that it supersedes, which was scored on less.

In: the store and the new trial's plan. Out: what need not be scored again, and rows as a whole run would leave them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from results.damage import trial_file
from results.predictions import join_prediction_tables
from results.schema import PLAN, PREDICTIONS, SCORES
from results.store import ResultStore
from results.table_files import read_tables
from sweeps.tables.rows import Row, lay_out_result
from xlt_core.conditions.checks import select_test_sets
from xlt_core.conditions.spec import ConditionSettings, GeneralizedSpec
from xlt_core.plan import TrialPlan
from xlt_core.result import TrialResult

COMPLETE = ("ok", "degenerate")
"""Statuses of trials that were trained to the end."""
STOPPED = "stopped_early"

Scored = frozenset[tuple[str, str]]
"""Pairs of a language and the name of a condition."""

_Block = TypeVar("_Block")
_OF_THE_CHAIN = ("trial_id", "supersedes", "plan")


class Course(NamedTuple):
    """How far a trial was trained that another supersedes: the other is trained as far, whatever a scheduler says."""

    stop_at_step: int | None
    """None: to the end."""
    stop_reason: str


def read_course(store: ResultStore, predecessor: str) -> Course | None:
    """Read how far a trial was trained; none where it has no scores that could be taken over."""
    row = store.read_trial(predecessor, ["status", "num_steps", "reason"])
    if row is None or row["status"] not in (*COMPLETE, STOPPED):
        return None
    if row["status"] in COMPLETE:
        return Course(None, "")
    return Course(row["num_steps"], row["reason"].partition("; ")[0])  # what follows is said again


def known_scores(store: ResultStore, predecessor: str, plan: TrialPlan, stop_at_step: int | None = None) -> Scored:
    """Languages and conditions of a plan that a superseded trial, or one that this superseded, is scored on.

    The earlier trial's spec must be the plan's but for what is scored, its target stage the same; that data and code
    are still the same was seen when the plan was made beside it. Under a condition of two languages all scores are
    known or none: with another language there are other pairs for each.

    Args:
        store: of the sweep.
        predecessor: the superseded trial.
        plan: of the one that supersedes it.
        stop_at_step: where training of that one is stopped; only scores of as much training hold for it.
    """
    earlier = _find_scored(store, predecessor, plan, stop_at_step)
    if earlier is None or not store.storage.exists(trial_file("predictions", earlier)):
        return frozenset()  # scores without their predictions would be half a result
    scores = _read(store, "scores", earlier, SCORES)
    pairs = frozenset(zip(scores["language"].to_pylist(), scores["condition"].to_pylist(), strict=True))
    known: set[tuple[str, str]] = set()
    for condition in plan.spec.evaluation.conditions:
        asked = {(language, condition.name) for language in _languages(condition, plan)}
        there = {pair for pair in pairs if pair[1] == condition.name}
        if not isinstance(condition, GeneralizedSpec) or asked == there:
            known |= asked & there
    return frozenset(known)


def _find_scored(store: ResultStore, predecessor: str, plan: TrialPlan, stop_at_step: int | None) -> str | None:
    """Of a trial and those that it superseded, the last that has scores which hold for a plan."""
    parts = read_tables(store.storage, store.storage.list_names("plan", ".parquet"), PLAN, _OF_THE_CHAIN)
    planned = pa.concat_tables(part for part in parts if part is not None)
    place_of = {trial_id: place for place, trial_id in enumerate(planned["trial_id"].to_pylist())}  # the newest row
    earlier: str | None = predecessor
    while earlier is not None and earlier in place_of:
        (row,) = planned.slice(place_of[earlier], 1).to_pylist()
        course = read_course(store, earlier)
        if course is not None:
            is_same = _is_comparable(TrialPlan.model_validate_json(row["plan"]), plan)
            return earlier if is_same and course.stop_at_step == stop_at_step else None
        earlier = row["supersedes"]
    return None


def publish_merged(
    store: ResultStore, plan: TrialPlan, result: TrialResult, predecessor: str, known: Scored, **named: Any
) -> None:
    """Publish a trial that was scored on what is not known, with the rows of its predecessor for what is.

    Args:
        store: of the sweep.
        plan: of the trial.
        result: of the trial, without scores of what is known; one that diverged has all of its own.
        predecessor: as `known_scores` was given it.
        known: what that gave.
        **named: as `rows.publish_result` takes them.

    Raises:
        DiskFullError: no room; the trial stays unfinished.
    """
    rows = lay_out_result(result, **named)
    stop_at_step = result.num_steps if result.status == STOPPED else None
    earlier = _find_scored(store, predecessor, plan, stop_at_step) if result.status != "diverged" else None
    if earlier is None:
        store.publish_trial(rows.trial, rows.scores, rows.predictions)
        return
    scores = merge_scores(plan, known, _read(store, "scores", earlier, SCORES).to_pylist(), rows.scores)
    predictions = merge_predictions(plan, known, _read(store, "predictions", earlier, PREDICTIONS), rows.predictions)
    store.publish_trial(rows.trial, scores, predictions)


def merge_scores(plan: TrialPlan, known: Scored, earlier: Iterable[Mapping[str, Any]], new: Iterable[Row]) -> list[Row]:
    """Rows of `schema.SCORES` in the order of a whole run: what is known from `earlier`, all else from `new`."""
    blocks: dict[tuple[str, str], list[Row]] = {}
    for row in earlier:
        if (row["language"], row["condition"]) in known:
            blocks.setdefault((row["language"], row["condition"]), []).append({**row, "trial_id": plan.trial_id})
    for row in new:
        if (row["language"], row["condition"]) not in known:
            blocks.setdefault((row["language"], row["condition"]), []).append(row)
    return [row for block in _in_order(plan, blocks) for row in block]


def merge_predictions(plan: TrialPlan, known: Scored, earlier: pa.Table, new: pa.Table) -> pa.Table:
    """As `merge_scores`, of `schema.PREDICTIONS`."""
    place = earlier.schema.get_field_index("trial_id")
    renamed = earlier.set_column(place, earlier.schema.field(place), pa.repeat(plan.trial_id, earlier.num_rows))
    blocks = {pair: block for pair, block in _split(new).items() if pair not in known}
    blocks |= {pair: block for pair, block in _split(renamed).items() if pair in known}
    return join_prediction_tables(_in_order(plan, blocks))


def _read(store: ResultStore, table: str, trial_id: str, schema: pa.Schema) -> pa.Table:
    """The rows of one trial, superseded or not; none where it left no file."""
    (rows,) = read_tables(store.storage, [trial_file(table, trial_id)], schema)
    return schema.empty_table() if rows is None else rows


def _split(predictions: pa.Table) -> dict[tuple[str, str], pa.Table]:
    """The rows of each language and condition."""
    found = predictions.group_by(["language", "condition"]).aggregate([])
    pairs = zip(found["language"].to_pylist(), found["condition"].to_pylist(), strict=True)
    return {
        pair: predictions.filter(
            pc.and_(pc.equal(predictions["language"], pair[0]), pc.equal(predictions["condition"], pair[1]))
        )
        for pair in pairs
    }


def _in_order(plan: TrialPlan, blocks: Mapping[tuple[str, str], _Block]) -> list[_Block]:
    """Conditions and languages as they are scored, one after the other."""
    pairs = (
        (language, condition.name)
        for condition in plan.spec.evaluation.conditions
        for language in _languages(condition, plan)
    )
    return [blocks[pair] for pair in pairs if pair in blocks]


def _languages(condition: ConditionSettings, plan: TrialPlan) -> tuple[str, ...]:
    return select_test_sets(condition, plan.spec, plan.languages).languages


def _is_comparable(earlier: TrialPlan, later: TrialPlan) -> bool:
    """Whether two trials differ in the languages and conditions that they are scored on, and in nothing else."""
    scored = {"languages": later.spec.evaluation.languages, "conditions": later.spec.evaluation.conditions}
    evaluation = earlier.spec.evaluation.model_copy(update=scored)
    same_spec = earlier.spec.model_copy(update={"evaluation": evaluation}) == later.spec
    return same_spec and earlier.target_stage.key == later.target_stage.key
