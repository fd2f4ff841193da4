"""From predictions to their table: one row a scored unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results.schema import CLEAN, PREDICTIONS


@dataclass(frozen=True, kw_only=True)
class PredictionColumns:
    """One row a unit of one trial, language and condition. N rows.

    Names stand beside indices into them; an index of -1 is null in the table.
    """

    trial_id: str
    language: str
    example_ids: Sequence[str]
    examples: npt.NDArray[np.integer[Any]]
    """Indices into `example_ids`, shape (N,)."""
    positions: npt.NDArray[np.integer[Any]]
    """Of the units in their example, shape (N,)."""
    names: Sequence[str]
    """What `gold` and `predicted` are indices into."""
    gold: npt.NDArray[np.integer[Any]]
    predicted: npt.NDArray[np.integer[Any]]
    correct: npt.NDArray[np.bool_]
    outcomes: npt.NDArray[np.float32] | None = None
    """Numerators of the primary metric, shape (N,)."""
    weights: npt.NDArray[np.float32] | None = None
    """Its denominators, shape (N,); none: every unit counts once."""
    condition: str = CLEAN
    """How the language was evaluated."""
    condition_language: str | None = None
    """Language of the second sentence, where it has one of its own."""


def prediction_table(rows: PredictionColumns) -> pa.Table:
    """Make the table of one trial, language and condition."""
    num_rows = len(rows.gold)
    first = np.zeros(num_rows, np.int32)
    columns = {
        "trial_id": pa.repeat(rows.trial_id, num_rows),
        "language": pa.repeat(rows.language, num_rows),
        "condition": _named(first, [rows.condition]),
        "condition_language": _named(first if rows.condition_language else first - 1, [rows.condition_language or ""]),
        "example_id": _named(rows.examples, rows.example_ids),
        "position": pa.array(rows.positions, pa.int32()),
        "gold": _named(rows.gold, rows.names),
        "predicted": _named(rows.predicted, rows.names),
        "correct": pa.array(rows.correct),
        "outcome": _numbers(rows.outcomes, num_rows),
        "weight": _numbers(rows.weights, num_rows),
    }
    return pa.Table.from_arrays([columns[name] for name in PREDICTIONS.names], schema=PREDICTIONS)


def join_prediction_tables(tables: Sequence[pa.Table]) -> pa.Table:
    """Put the tables of all languages and conditions of a trial into one."""
    if not tables:
        return PREDICTIONS.empty_table()
    return pa.concat_tables(tables).unify_dictionaries()


def _named(indices: npt.NDArray[np.integer[Any]], names: Sequence[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32(), mask=indices < 0), pa.array(names, pa.string()))


def _numbers(values: npt.NDArray[np.float32] | None, num_rows: int) -> pa.Array:
    return pa.nulls(num_rows, pa.float32()) if values is None else pa.array(values, pa.float32())
