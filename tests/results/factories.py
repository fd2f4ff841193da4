"""Rows and small sweeps for the tests of `results`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from results.predictions import PredictionColumns, prediction_table
from results.schema import PENDING, PLAN, SCORES, VERSION_KEY, make_table
from results.store import ResultStore

LANGUAGES = ("en", "de", "sw")

NEW_IN_VERSION = {
    2: {
        "trials": (
            "size_kind",
            "size_mean",
            "size_max",
            "loss_gap",
            "forwards_per_step",
            "backwards_per_step",
            "weight_gradients_per_step",
        ),
        "predictions": ("condition", "condition_language"),
    },
    3: {
        "plan": ("is_seeded",),
        "scores": ("num_units", "chance", "fertility", "tokens_per_character", "unknown_rate"),
        "predictions": ("outcome",),
    },
    4: {
        "plan": ("level", "noise_trim", "intermediate_key", "same_task", "waived"),
        "trials": ("bits", "failed_checks"),
        "deltas": ("level", "noise_trim"),
    },
    5: {
        "plan": ("supersedes",),
        "trials": ("launch_id", "host", "peak_bytes", "micro_batch_size", "rungs", "note"),
    },
    6: {"predictions": ("weight",), "deltas": ("mde", "delta_logit", "error_reduction")},
}
"""Columns by version and table."""


def plan_row(cell_id: str = "base", seed: int = 0, **changes: Any) -> dict[str, Any]:
    """A planned trial of a cell; cells are compared with the cell `base`."""
    row = {
        "trial_id": f"{cell_id}-{seed}",
        "cell_id": cell_id,
        "baseline_cell_id": "base",
        "is_baseline": cell_id == "base",
        "cell": f"cell {cell_id}",
        "seed": seed,
        "is_seeded": True,
        "encoder": "mini",
        "target_task": "xnli",
        "source_language": "en",
        "intermediate_task": None,
        "dose": None,
        "level": None,
        "noise_trim": None,
        "method": "none" if cell_id == "base" else "gaussian",
        "magnitude": 0.0 if cell_id == "base" else 0.5,
        "axes": "{}",
        "spec": "{}",
        "plan": "{}",
        "languages": list(LANGUAGES),
    }
    return row | changes


def trial_row(trial_id: str, status: str = "ok", **changes: Any) -> dict[str, Any]:
    return {"trial_id": trial_id, "status": status, "wall_seconds": 1.5, "num_steps": 10, "attempt": 1} | changes


def score_row(trial_id: str, language: str, value: float | None, **changes: Any) -> dict[str, Any]:
    row = {
        "trial_id": trial_id,
        "language": language,
        "metric": "accuracy",
        "selection": "last",
        "condition": "clean",
        "value": value,
        "num_examples": 0 if value is None else 100,
        "reason": "no test data" if value is None else None,
    }
    return row | changes


@dataclass
class Run:
    """One trial of a made-up sweep."""

    cell: str
    seed: int
    values: dict[str, float | None]
    """By language."""
    status: str = "ok"


def make_tables(runs: Sequence[Run]) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Plan, trials and scores of the runs, as `compute_deltas` takes them."""
    plan = make_table([plan_row(run.cell, run.seed) for run in runs], PLAN)
    trials = pa.table({"trial_id": plan["trial_id"], "status": pa.array([run.status for run in runs], pa.string())})
    rows = [
        score_row(f"{run.cell}-{run.seed}", language, value)
        for run in runs
        if run.status != PENDING
        for language, value in run.values.items()
    ]
    return plan, trials, make_table(rows, SCORES)


def write_store(folder: Path, runs: Sequence[Run]) -> ResultStore:
    """A store that holds the runs; those pending are planned only."""
    store = ResultStore.create(folder, {"name": "made-up", "sweep_id": "s1"})
    store.write_plan([plan_row(run.cell, run.seed) for run in runs])
    for run in runs:
        if run.status != PENDING:
            trial_id = f"{run.cell}-{run.seed}"
            rows = [score_row(trial_id, language, value) for language, value in run.values.items()]
            reason = None if run.status == "ok" else f"it {run.status}"
            store.publish_trial(trial_row(trial_id, run.status, reason=reason), rows)
    return store


def small_sweep() -> list[Run]:
    """A baseline and two cells with two seeds; one run diverged, one is pending, Turkish has no data."""
    return [
        Run("base", 0, {"en": 90.0, "de": 80.0, "sw": 60.0, "tr": None}),
        Run("base", 1, {"en": 91.0, "de": 81.0, "sw": 62.0, "tr": None}),
        Run("strong", 0, {"en": 88.0, "de": 76.0, "sw": 52.0, "tr": None}),
        Run("strong", 1, {"en": 89.5, "de": 77.0, "sw": 54.5, "tr": None}),
        Run("weak", 0, {}, status="diverged"),
        Run("weak", 1, {"en": 90.5, "de": 82.0, "sw": 63.0, "tr": None}),
        Run("late", 0, {}, status=PENDING),
    ]


def columns_newer_than(version: int, table: str) -> list[str]:
    """Columns of a table that came after a version of the schema."""
    return [
        name for added_in, columns in NEW_IN_VERSION.items() if added_in > version for name in columns.get(table, ())
    ]


def make_older(table: pa.Table, version: int, name: str) -> pa.Table:
    """A table as an earlier version of the schema wrote it: without the columns that came later."""
    metadata = (table.schema.metadata or {}) | {VERSION_KEY: str(version).encode()}
    older = table.drop_columns(columns_newer_than(version, name))
    fields = [field.with_nullable(field.nullable and field.name != "gold") for field in older.schema]
    return pa.Table.from_arrays(older.columns, schema=pa.schema(fields, metadata=metadata))


def rewrite_as_version(store: ResultStore, version: int) -> None:
    """Give a store the files that an earlier version of the schema had."""
    description = json.loads((store.folder / "sweep.json").read_text())
    (store.folder / "sweep.json").write_text(json.dumps(description | {"schema_version": version}))
    for path in store.folder.glob("*/*.parquet"):
        pq.write_table(make_older(pq.read_table(path), version, path.parent.name), path)


def label_table(
    trial_id: str = "base-0",
    *,
    language: str = "de",
    gold: Sequence[int] = (0, 1),
    predicted: Sequence[int] = (1, 1),
    labels: Sequence[str] = ("no", "yes"),
    **changes: Any,
) -> pa.Table:
    """Predictions of labels, one unit an example; examples are named by the language and their number."""
    of, found = np.array(gold), np.array(predicted)
    columns = {
        "example_ids": [f"{language}-{place}" for place in range(len(of))],
        "examples": np.arange(len(of)),
        "positions": np.zeros(len(of), np.int32),
        "correct": of == found,
    }
    return prediction_table(
        PredictionColumns(
            trial_id=trial_id, language=language, names=labels, gold=of, predicted=found, **columns | changes
        )
    )


def pair_rows(trial_id: str, values: Mapping[tuple[str, str], float | None], **changes: Any) -> list[dict[str, Any]]:
    """Scores of sentence pairs in two languages, by language of the first and of the second sentence."""
    return [
        score_row(trial_id, first, value, condition="generalized", condition_language=second, **changes)
        for (first, second), value in values.items()
    ]


def generalized_sweep(folder: Path) -> ResultStore:
    """A baseline and a cell with two seeds, scored in three languages clean and in all nine pairs of them.

    Pair (i, j) of the baseline's seed s scores 10 (i + 1) + j + s, the cell's one more where i = j, else two less.
    """
    store = ResultStore.create(folder, {"name": "made-up", "sweep_id": "s1"})
    store.write_plan([plan_row(cell, seed) for cell in ("base", "strong") for seed in (0, 1)])
    for cell, on, off in (("base", 0.0, 0.0), ("strong", 1.0, -2.0)):
        for seed in (0, 1):
            pairs = {
                (first, second): 10.0 * (i + 1) + j + seed + (on if i == j else off)
                for i, first in enumerate(LANGUAGES)
                for j, second in enumerate(LANGUAGES)
            }
            trial_id = f"{cell}-{seed}"
            clean = [score_row(trial_id, language, pairs[language, language]) for language in LANGUAGES]
            store.publish_trial(trial_row(trial_id), clean + pair_rows(trial_id, pairs))
    return store
