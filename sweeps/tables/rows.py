"""Between trials and the store's tables: planned trials and results to rows, and planned trials back from rows.

In: `PlannedTrial`, `TrialResult`. Out: rows of `results.schema`. Light: no torch, no ray.
"""

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pyarrow as pa

from results.predictions import join_prediction_tables, prediction_table
from results.store import ResultStore
from sweeps.planning.plan import PlannedTrial
from sweeps.tables.prediction_rows import lay_out_predictions
from sweeps.units.failures import Failure
from xlt_core.canonical import canonical_json
from xlt_core.canonical_spec import depends_on_seed
from xlt_core.plan import TrialPlan
from xlt_core.result import ArmRecord, PerturbationRecord, TrialResult
from xlt_core.spec import StageSpec
from xlt_core.tasks import load_task

Row = dict[str, Any]


def plan_row(trial: PlannedTrial) -> Row:
    """Make the row of a planned trial (`schema.PLAN`)."""
    spec = trial.plan.spec
    intermediate = spec.intermediate
    return {
        "trial_id": trial.trial_id,
        "cell_id": trial.plan.cell_id,
        "baseline_cell_id": trial.baseline_cell_id,
        "is_baseline": trial.is_baseline,
        "cell": trial.cell,
        "seed": spec.seed,
        "is_seeded": depends_on_seed(spec),
        "encoder": spec.encoder.source,
        "target_task": load_task(spec.target.task).name,
        "source_language": load_task(spec.target.task).source_language,
        "intermediate_task": load_task(intermediate.task).name if intermediate else None,
        **_arm_columns(intermediate),
        "method": spec.target.perturbation.method,
        "magnitude": spec.target.perturbation.magnitude,
        "axes": canonical_json(trial.axes),
        "intermediate_key": next((stage.key for stage in trial.plan.stages if stage.kind == "intermediate"), None),
        "same_task": trial.plan.same_task,
        "spec": spec.model_dump_json(),
        "plan": trial.plan.model_dump_json(),
        "languages": list(trial.plan.languages),
        "supersedes": trial.supersedes,
    }


def _arm_columns(stage: StageSpec | None) -> Row:
    """What an intermediate stage is trained on a part of; nothing where there is none, or it is all."""
    dose = stage.dose if stage else None
    difficulty = stage.difficulty if stage and dose is not None else None
    return {
        "dose": None if isinstance(dose, str) else dose,
        "level": dose if isinstance(dose, str) else None,
        "noise_trim": difficulty.noise_trim if difficulty else None,
        "waived": list(difficulty.waive) if difficulty else None,
    }


def planned_trial(row: Mapping[str, Any]) -> PlannedTrial:
    """Read a planned trial back from its row; the inverse of `plan_row`."""
    return PlannedTrial(
        plan=TrialPlan.model_validate_json(row["plan"]),
        axes=json.loads(row["axes"]),
        cell=row["cell"],
        baseline_cell_id=row["baseline_cell_id"],
        is_baseline=row["is_baseline"],
        supersedes=row["supersedes"],
    )


def publish_result(
    store: ResultStore, result: TrialResult, *, attempt: int, launch_id: str | None = None, note: str | None = None
) -> None:
    """Publish what a trial gave back; the trial is finished when this returns.

    Args:
        store: of the sweep.
        result: of the trial.
        attempt: at it in this launch, from 1.
        launch_id: of the launch that ran it.
        note: why a result was run again.

    Raises:
        DiskFullError: no room; the trial stays unfinished.
    """
    rows = lay_out_result(result, attempt=attempt, launch_id=launch_id, note=note)
    store.publish_trial(rows.trial, rows.scores, rows.predictions)


class ResultRows(NamedTuple):
    """What a trial leaves in the tables."""

    trial: Row
    scores: list[Row]
    predictions: pa.Table


def lay_out_result(
    result: TrialResult, *, attempt: int, launch_id: str | None = None, note: str | None = None
) -> ResultRows:
    """Make the rows of what a trial gave back; arguments as those of `publish_result`."""
    named: Row = {"attempt": attempt, "launch_id": launch_id, "note": note}
    return ResultRows(_trial_row(result) | named, _score_rows(result), _predictions(result))


def publish_failure(
    store: ResultStore,
    trial_id: str,
    failure: Failure,
    *,
    attempt: int,
    launch_id: str | None = None,
    note: str | None = None,
) -> None:
    """Publish that a trial has no result, and why; arguments as those of `publish_result`.

    Raises:
        DiskFullError: no room; the trial stays unfinished.
    """
    row = {
        "trial_id": trial_id,
        "status": failure.status,
        "reason": failure.reason,
        "started_at": datetime.now(UTC),
        "attempt": attempt,
        "traceback": failure.traceback or None,
        "launch_id": launch_id,
        "host": platform.node(),
        "micro_batch_size": failure.micro_batch_size,
        "note": note,
    }
    store.publish_trial(row, [])


def _trial_row(result: TrialResult) -> Row:
    return {
        "trial_id": result.trial_id,
        "status": result.status,
        "reason": result.reason,
        "started_at": datetime.fromisoformat(result.started_at),
        "wall_seconds": result.wall_seconds,
        "train_seconds": result.train_seconds,
        "evaluate_seconds": result.evaluate_seconds,
        "num_steps": result.num_steps,
        "final_train_loss": result.final_train_loss,
        "source_dev_score": result.source_dev_score,
        **_arm_record_columns(result.arm or ArmRecord()),
        **_perturbation_columns(result.perturbation or PerturbationRecord()),
        "device": result.device,
        "stage_keys": [stage.stage_key for stage in result.stages],
        "stages": canonical_json([asdict(stage) for stage in result.stages]),
        "versions": canonical_json(dict(result.versions)),
        "host": result.host or None,
        "peak_bytes": result.peak_bytes,
        "micro_batch_size": result.micro_batch_size,
        "rungs": [asdict(rung) for rung in result.rungs] or None,
    }


def _arm_record_columns(record: ArmRecord) -> Row:
    """How hard the arm was that the intermediate stage was trained on, and which of its checks failed."""
    failed = record.failed_checks
    return {"bits": record.mean_difficulty, "failed_checks": None if failed is None else list(failed)}


def _perturbation_columns(record: PerturbationRecord) -> Row:
    return {
        "size_kind": record.size_kind,
        "size_mean": record.size_mean,
        "size_max": record.size_max,
        "loss_gap": record.loss_gap,
        "forwards_per_step": record.num_forwards,
        "backwards_per_step": record.num_backwards,
        "weight_gradients_per_step": record.num_weight_gradients,
    }


def _score_rows(result: TrialResult) -> list[Row]:
    return [{"trial_id": result.trial_id, **asdict(score)} for score in result.scores]


def _predictions(result: TrialResult) -> pa.Table:
    return join_prediction_tables(
        [prediction_table(lay_out_predictions(result.trial_id, one)) for one in result.predictions]
    )
