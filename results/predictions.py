"""From label indices to the predictions table: one row a scored unit."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results.schema import CLEAN, PREDICTIONS


def prediction_table(
    *,
    trial_id: str,
    language: str,
    labels: Sequence[str],
    example_ids: Sequence[str],
    num_units: npt.NDArray[np.integer[Any]],
    gold: npt.NDArray[np.integer[Any]],
    predicted: npt.NDArray[np.integer[Any]],
    condition: str = CLEAN,
    condition_language: str | None = None,
) -> pa.Table:
    """Make the table of one trial, language and condition.

    Args:
        labels: names of the label indices.
        example_ids: one an example.
        num_units: units of each example, shape (num_examples,); all ones for pairs.
        gold: label indices, shape (sum of num_units,).
        predicted: label indices, same shape; -1 where there is no prediction, which is null in the table.
        condition: how the language was evaluated.
        condition_language: language of the second sentence, where it has one of its own.
    """
    num_rows = len(gold)
    ends = np.cumsum(num_units)
    starts = np.repeat(ends - num_units, num_units)
    example = np.repeat(np.arange(len(example_ids)), num_units)
    first = np.zeros(num_rows, np.int32)
    columns = {
        "trial_id": pa.repeat(trial_id, num_rows),
        "language": pa.repeat(language, num_rows),
        "condition": _named(first, [condition]),
        "condition_language": _named(first if condition_language else first - 1, [condition_language or ""]),
        "example_id": _named(example, example_ids),
        "position": pa.array(np.arange(num_rows) - starts, pa.int32()),
        "gold": _named(gold, labels),
        "predicted": _named(predicted, labels),
        "correct": pa.array(gold == predicted),
    }
    return pa.Table.from_arrays([columns[name] for name in PREDICTIONS.names], schema=PREDICTIONS)


def join_prediction_tables(tables: Sequence[pa.Table]) -> pa.Table:
    """Put the tables of all languages and conditions of a trial into one."""
    if not tables:
        return PREDICTIONS.empty_table()
    return pa.concat_tables(tables).unify_dictionaries()


def _named(indices: npt.NDArray[np.integer[Any]], names: Sequence[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32(), mask=indices < 0), pa.array(names, pa.string()))
