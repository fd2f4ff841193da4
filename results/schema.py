"""The columns of every table of the store, and the one way from rows to a table that is known to fit.

Units are in the names; scores, deltas and intervals are on a scale of 0 to 100.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from results.errors import RowError

SCHEMA_VERSION = 6
"""Raised when a column comes, or changes name, type or meaning; stands in every file's metadata and in sweep.json."""

READABLE_VERSIONS = (1, 2, 3, 4, 5, SCHEMA_VERSION)
"""Files of these versions are read; see `results.migration`."""

VERSION_KEY = b"xlt_schema_version"
_METADATA = {VERSION_KEY: str(SCHEMA_VERSION).encode()}

MACRO = "macro"
"""Stands in `language` for an unweighted mean: over all languages but the source language, or over pairs.

Where two sentences have a language each (`condition_language` is that of the second), every ordered pair is a row, and
there are two means over pairs, told apart by what stands in `condition_language`: `ALL_PAIRS` and `OFF_DIAGONAL`. The
source language counts like the others.
"""

ALL_PAIRS = "all"
"""In `condition_language` of a `macro` row: over all ordered pairs, those of a language with itself included."""

OFF_DIAGONAL = "off-diagonal"
"""In `condition_language` of a `macro` row: over the ordered pairs of two different languages."""

CLEAN = "clean"
"""Stands in `condition` for evaluation on the data as they are."""

PENDING = "pending"
"""Status of a planned trial that has not finished."""

_NAME = pa.dictionary(pa.int32(), pa.string())
_UTC = pa.timestamp("us", tz="UTC")


RUNG = pa.struct([pa.field("num_steps", pa.int64()), pa.field("score", pa.float64())])
"""After so many steps of the target stage: the primary metric on the source language's dev set, 0 to 100."""


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


_CELL_FIELDS = [
    pa.field("encoder", pa.string()),
    pa.field("target_task", pa.string()),
    pa.field("source_language", pa.string()),
    pa.field("intermediate_task", pa.string()),  # null: no intermediate stage
    pa.field("dose", pa.float64()),  # null: no arm, or a named one
    pa.field("level", pa.string()),  # name of the arm where it is no dose: `random`, `mid`, `trivial`, ...
    pa.field("noise_trim", pa.float64()),  # share of the hardest examples that were left out; null: no arm was drawn
    pa.field("method", pa.string()),
    pa.field("magnitude", pa.float64()),
    pa.field("axes", pa.string()),  # JSON: axis name -> value
]
"""What a cell is, in columns to group and filter by."""

CELL_COLUMNS = tuple(field.name for field in _CELL_FIELDS)

_STAGE_FIELDS = [
    pa.field("intermediate_key", pa.string()),  # trials with one key share one run: not independent
    pa.field("same_task", pa.bool_()),  # whether both stages train on one training set; null: no intermediate stage
    pa.field("waived", pa.list_(pa.string())),  # manipulation checks whose failure is accepted; null: no arm was drawn
]
"""What is to be known of a trial's intermediate stage, in columns to group and filter by."""

TRIAL_COLUMNS = (*CELL_COLUMNS, *(field.name for field in _STAGE_FIELDS))
"""What a trial is but for its seed."""

PLAN = pa.schema(
    [
        _required("trial_id", pa.string()),
        _required("cell_id", pa.string()),
        _required("baseline_cell_id", pa.string()),
        _required("is_baseline", pa.bool_()),
        _required("cell", pa.string()),  # what varies, for people
        _required("seed", pa.int64()),
        _required("is_seeded", pa.bool_()),  # false: nothing is trained, so that this one trial stands for every seed
        *_CELL_FIELDS,
        *_STAGE_FIELDS,
        _required("spec", pa.string()),  # JSON of the TrialSpec
        _required("plan", pa.string()),  # JSON of the TrialPlan: all that a resume needs
        _required("languages", pa.list_(pa.string())),
        pa.field("supersedes", pa.string()),  # trial of the same training, scored on less; its row is no longer shown
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
        pa.field(
            "bits", pa.float64()
        ),  # mean difficulty of the arm of the intermediate stage, in its measure's unit; null: not known
        pa.field("failed_checks", pa.list_(pa.string())),  # of that arm, when it was trained on; null: no arm was drawn
        pa.field("size_kind", pa.string()),  # what the size is a share of: `embedding`, `weights` or `words`
        pa.field("size_mean", pa.float64()),  # of the perturbation as it really was, over the probed steps
        pa.field("size_max", pa.float64()),
        pa.field("loss_gap", pa.float64()),  # disturbed minus clean loss, mean over the probed steps
        pa.field("forwards_per_step", pa.float64()),
        pa.field("backwards_per_step", pa.float64()),
        pa.field("weight_gradients_per_step", pa.float64()),
        pa.field("device", pa.string()),
        pa.field("stage_keys", pa.list_(pa.string())),
        pa.field("stages", pa.string()),  # JSON: what each stage took
        pa.field("versions", pa.string()),  # JSON: library -> version
        pa.field("attempt", pa.int32()),  # 1 for the first
        pa.field("traceback", pa.string()),
        pa.field("launch_id", pa.string()),  # of the `xlt sweep run` or `resume` that wrote the row
        pa.field("host", pa.string()),  # that ran it
        pa.field("peak_bytes", pa.int64()),  # of device memory (CUDA) or of the process (CPU)
        pa.field("micro_batch_size", pa.int32()),  # examples in memory at a time; null: all of a step
        pa.field("rungs", pa.list_(RUNG)),  # dev scores on the way, where a scheduler looked at them
        pa.field("note", pa.string()),  # why a result was run again
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
        pa.field("condition_language", pa.string()),  # of the second sentence, where it has one of its own
        pa.field("value", pa.float64()),  # null: see reason
        _required("num_examples", pa.int32()),
        pa.field("reason", pa.string()),
        pa.field("num_units", pa.int64()),  # what the metric counts over: words, chunks, questions, queries, pairs
        pa.field("chance", pa.float64()),  # score of knowing nothing of the examples; null: the metric has none
        pa.field("fertility", pa.float64()),  # sub-words a word; null: words are not parted by spaces
        pa.field("tokens_per_character", pa.float64()),
        pa.field("unknown_rate", pa.float64()),  # share of unknown tokens, 0 to 1
    ],
    metadata=_METADATA,
)
"""One row a trial, language, metric, selection and condition."""

PREDICTIONS = pa.schema(
    [
        _required("trial_id", pa.string()),
        _required("language", pa.string()),
        _required("condition", _NAME),
        pa.field("condition_language", _NAME),  # of the second sentence, where it has one of its own
        _required("example_id", _NAME),
        _required("position", pa.int32()),  # the word's place in a sentence, a mined pair's among those of its example
        pa.field("gold", _NAME),  # null: mined, and no translation; of several answers the first
        pa.field("predicted", _NAME),  # null: a word beyond the maximal length, a pair not mined; counts as wrong
        _required("correct", pa.bool_()),  # wholly right: one of the answers, the first of the ranked
        pa.field(
            "outcome", pa.float32()
        ),  # by the primary metric, which is 100 * sum(outcome) / sum(weight); see below
        pa.field("weight", pa.float32()),  # null: 1, the metric is a mean
    ],
    metadata=_METADATA,
)
"""One row a scored unit: a text, a pair, a word of a sentence, a question, a query, or a pair that was mined.

`outcome` is null where the primary metric is no such ratio (a macro average over classes). Of a micro F1, `outcome` is
twice the hits that begin at the unit and `weight` what was predicted plus what is gold there.
"""

LANGUAGES = pa.schema(
    [
        _required("language", pa.string()),  # canonical code
        _required("name", pa.string()),
        pa.field("family", pa.string()),  # null: not known
        pa.field("script", pa.string()),  # ISO 15924
        pa.field("corpus_size", pa.float64()),  # in the pre-training corpus; null: not in it, or not known
        pa.field("corpus_unit", pa.string()),  # `GiB of CC-100`, ...
        pa.field("resource_band", pa.string()),  # absent, very low, low, mid, high; null: not known
        pa.field("source", pa.string()),  # of the size
    ],
    metadata=_METADATA,
)
"""One row a language that the sweep scores: what groups and slopes over languages are made from."""

DELTAS = pa.schema(
    [
        _required("cell_id", pa.string()),
        _required("baseline_cell_id", pa.string()),
        _required("cell", pa.string()),
        *_CELL_FIELDS,
        _required("language", pa.string()),  # `macro`: a mean, see `MACRO`
        _required("metric", pa.string()),
        _required("selection", pa.string()),
        _required("condition", pa.string()),
        pa.field("condition_language", pa.string()),  # of the second sentence; of `macro`: see `ALL_PAIRS`
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
        pa.field("mde", pa.float64()),  # smallest true delta that so many seeds, so far apart, find in 4 of 5 tries
        pa.field("delta_logit", pa.float64()),  # difference of log odds of the means; null at 0 and 100
        pa.field("error_reduction", pa.float64()),  # share of the baseline's errors that is gone, 1 at most
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
        if not row.keys() <= known:
            raise RowError(f"unknown column '{min(row.keys() - known)}'; the columns are {', '.join(schema.names)}")
        if empty := [name for name in required if row.get(name) is None]:
            raise RowError(f"column '{empty[0]}' needs a value in every row; given {dict(row)}")
    try:
        return pa.Table.from_pylist(rows, schema=schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise RowError(f"a value does not fit its column: {error}; the columns are\n{schema}") from error
