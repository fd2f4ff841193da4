"""The columns of every table of the store, and the one way from rows to a table that is known to fit.

Units are in the names; scores, deltas and intervals are on a scale of 0 to 100.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from results.errors import RowError

SCHEMA_VERSION = 1
"""Raised when a column changes its name, type or meaning; stands in every file's metadata and in sweep.json."""

VERSION_KEY = b"xlt_schema_version"
_METADATA = {VERSION_KEY: str(SCHEMA_VERSION).encode()}

MACRO = "macro"
"""Stands in `language` for the unweighted mean over all languages but the source language."""

PENDING = "pending"
"""Status of a planned trial that has not finished."""

_NAME = pa.dictionary(pa.int32(), pa.string())
_UTC = pa.timestamp("us", tz="UTC")


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


_CELL_FIELDS = [
    pa.field("encoder", pa.string()),
    pa.field("target_task", pa.string()),
    pa.field("source_language", pa.string()),
    pa.field("intermediate_task", pa.string()),  # null: no intermediate stage
    pa.field("dose", pa.float64()),
    pa.field("method", pa.string()),
    pa.field("magnitude", pa.float64()),
    pa.field("axes", pa.string()),  # JSON: axis name -> value
]
"""What a cell is, in columns to group and filter by."""

CELL_COLUMNS = tuple(field.name for field in _CELL_FIELDS)

PLAN = pa.schema(
    [
        _required("trial_id", pa.string()),
        _required("cell_id", pa.string()),
        _required("baseline_cell_id", pa.string()),
        _required("is_baseline", pa.bool_()),
        _required("cell", pa.string()),  # what varies, for people
        _required("seed", pa.int64()),
        *_CELL_FIELDS,
        _required("spec", pa.string()),  # JSON of the TrialSpec
        _required("plan", pa.string()),  # JSON of the TrialPlan: all that a resume needs
        _required("languages", pa.list_(pa.string())),
    ],
    metadata=_METADATA,
)
"""One row a planned trial."""

TRIALS = pa.schema(
    [
        _required("trial_id", pa.string()),
        _required("status", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("started_at", _UTC),
        pa.field("wall_seconds", pa.float64()),
        pa.field("train_seconds", pa.float64()),
        pa.field("evaluate_seconds", pa.float64()),
        pa.field("num_steps", pa.int64()),
        pa.field("final_train_loss", pa.float64()),
        pa.field("source_dev_score", pa.float64()),
        pa.field("device", pa.string()),
        pa.field("stage_keys", pa.list_(pa.string())),
        pa.field("stages", pa.string()),  # JSON: what each stage took
        pa.field("versions", pa.string()),  # JSON: library -> version
        pa.field("attempt", pa.int32()),  # 1 for the first
        pa.field("traceback", pa.string()),
    ],
    metadata=_METADATA,
)
"""One row a finished trial; its file is the mark that the trial is finished."""

SCORES = pa.schema(
    [
        _required("trial_id", pa.string()),
        _required("language", pa.string()),
        _required("metric", pa.string()),
        _required("selection", pa.string()),  # which checkpoint
        _required("condition", pa.string()),  # how it was evaluated
        pa.field("condition_language", pa.string()),
        pa.field("value", pa.float64()),  # null: see reason
        _required("num_examples", pa.int32()),
        pa.field("reason", pa.string()),
    ],
    metadata=_METADATA,
)
"""One row a trial, language, metric, selection and condition."""

PREDICTIONS = pa.schema(
    [
        _required("trial_id", pa.string()),
        _required("language", pa.string()),
        _required("example_id", _NAME),
        _required("position", pa.int32()),  # 0 for a pair, the word's place for a sentence
        _required("gold", _NAME),
        pa.field("predicted", _NAME),  # null: a word beyond the maximal length; counts as wrong
        _required("correct", pa.bool_()),
    ],
    metadata=_METADATA,
)
"""One row a scored unit: a pair, or a word of a sentence."""

DELTAS = pa.schema(
    [
        _required("cell_id", pa.string()),
        _required("baseline_cell_id", pa.string()),
        _required("cell", pa.string()),
        *_CELL_FIELDS,
        _required("language", pa.string()),  # `macro`: mean over all but the source language
        _required("metric", pa.string()),
        _required("selection", pa.string()),
        _required("condition", pa.string()),
        pa.field("condition_language", pa.string()),
        _required("num_examples", pa.int64()),
        _required("k", pa.int32()),  # paired seeds
        _required("k_failed", pa.int32()),  # pairs lost because a run of theirs failed
        _required("seeds", pa.list_(pa.int64())),
        pa.field("base_mean", pa.float64()),
        pa.field("base_sd", pa.float64()),
        pa.field("cell_mean", pa.float64()),
        pa.field("cell_sd", pa.float64()),
        pa.field("delta", pa.float64()),
        pa.field("delta_sd", pa.float64()),
        pa.field("ci_low", pa.float64()),
        pa.field("ci_high", pa.float64()),
        pa.field("ci_method", pa.string()),  # null: no interval, k < 2
        _required("failures", pa.string()),  # JSON: status -> number of lost pairs
    ],
    metadata=_METADATA,
)
"""One row a cell other than its baseline, language, metric, selection and condition."""


def make_table(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Turn rows into a table that has exactly the columns of `schema`; what a row leaves out is null.

    Raises:
        RowError: an unknown column, a required column without a value, or a value of another type.
    """
    rows = list(rows)
    known = set(schema.names)
    required = [field.name for field in schema if not field.nullable]
    for row in rows:
        if unknown := sorted(row.keys() - known):
            raise RowError(f"unknown column '{unknown[0]}'; the columns are {', '.join(schema.names)}")
        if empty := [name for name in required if row.get(name) is None]:
            raise RowError(f"column '{empty[0]}' needs a value in every row; given {dict(row)}")
    try:
        return pa.Table.from_pylist(rows, schema=schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise RowError(f"a value does not fit its column: {error}; the columns are\n{schema}") from error
