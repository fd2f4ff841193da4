"""What a model makes of labelled examples. In: a model, a token table, examples. Out: how sure and how right it is.

Of an example that was cut into windows those count in which the whole answer is, as their mean; where it is in none,
all of them, whose answer is then that there is none. Legend: H examples that are asked, B rows of a batch, U units.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from xlt_core.data.batch import IGNORED_LABEL, PackedBatch
from xlt_core.data.batches import Indices
from xlt_core.data.tokens import TokenTable
from xlt_core.errors import DataError
from xlt_core.memory import compute_batches
from xlt_core.model import TrialModel
from xlt_core.passes import autocast
from xlt_core.tasks.base import Shape

MAX_BITS = math.log2(1e6)
"""Of a unit: a probability under 1e-6 says no more than that the model is wrong."""
_MAX_TOKENS = 8192
_NO_LABEL = -1


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Answers at one moment of a training; every array has the shape (H,)."""

    bits: npt.NDArray[np.float32]
    is_right: npt.NDArray[np.bool_]
    error_norms: npt.NDArray[np.float32]
    predicted: npt.NDArray[np.int16]


@dataclass(frozen=True, kw_only=True)
class _Units:
    """Labelled units of one batch, each of shape (U,)."""

    rows: npt.NDArray[np.int64]
    """Of the batch."""
    bits: npt.NDArray[np.float32]
    is_right: npt.NDArray[np.bool_]
    error_norms: npt.NDArray[np.float32]
    predicted: npt.NDArray[np.int64]


def ask_model(model: TrialModel, table: TokenTable, examples: Indices, device: torch.device) -> Snapshot:
    """Answer some examples without dropout; a model in training goes on as if it had not been asked.

    Args:
        model: on `device`.
        table: labelled.
        examples: of the table, rising, shape (H,).
        device: where `model` is.

    Raises:
        DataError: an example has no label.
    """
    rows = _choose_rows(table, examples)
    bits, norms, right = (np.zeros(len(table), np.float64) for _ in range(3))
    predicted = np.full(len(table), _NO_LABEL, np.int16)
    was_training = model.training
    model.eval()

    def judge(batch: PackedBatch) -> _Units:
        with torch.no_grad(), autocast(device):
            logits = model(batch, model.encoder.embed(batch))[0]
        return _judge_units(logits, batch, table.shape)

    for made, units in compute_batches(table, judge, device, max_tokens=_MAX_TOKENS, rows=rows):
        counts = np.bincount(units.rows, minlength=len(made.indices))
        if not counts.all():
            name = table.example_ids[find_owners(table)[made.indices[int(counts.argmin())]]]
            raise DataError(f"example '{name}' has no label; how hard it is cannot be said. Leave it out of the file")
        sums = np.bincount(units.rows, units.bits)
        bits[made.indices] = sums if table.shape == "span" else sums / counts
        norms[made.indices] = np.bincount(units.rows, units.error_norms) / counts
        right[made.indices] = np.bincount(units.rows, units.is_right) == counts
        if table.shape not in ("span", "tagging"):
            predicted[made.indices] = units.predicted
    model.train(was_training)
    places = np.searchsorted(examples, find_owners(table)[rows])

    def average(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.bincount(places, values[rows]) / np.bincount(places)

    return Snapshot(
        bits=average(bits).astype(np.float32),
        is_right=average(right) == 1.0,
        error_norms=average(norms).astype(np.float32),
        predicted=predicted[rows] if table.row_examples is None else np.full(len(examples), _NO_LABEL, np.int16),
    )


def find_owners(table: TokenTable) -> Indices:
    """Example of each row, shape (N,)."""
    return np.arange(len(table)) if table.row_examples is None else table.row_examples.astype(np.int64)


def find_rows(table: TokenTable, examples: Indices) -> Indices:
    """All rows of some examples, rising."""
    return np.flatnonzero(np.isin(find_owners(table), examples))


def _choose_rows(table: TokenTable, examples: Indices) -> Indices:
    """The rows that are asked."""
    rows = find_rows(table, examples)
    if table.shape != "span":
        return rows
    owners = find_owners(table)[rows]
    has_answer = table.gold.reshape(-1, 2)[rows].any(1)
    is_answered = np.bincount(owners, has_answer) > 0
    return rows[has_answer | ~is_answered[owners]]


def _judge_units(logits: Tensor, batch: PackedBatch, shape: Shape) -> _Units:
    """Logits (U, C) against the labels of a batch; units without a label are left out."""
    labels = batch.labels[0]
    is_known = labels != IGNORED_LABEL
    gold = labels[is_known][:, None]
    log_probabilities = logits[is_known].float().log_softmax(-1)
    bits = (-log_probabilities.gather(1, gold)[:, 0] / math.log(2.0)).clamp(0.0, MAX_BITS)
    errors = log_probabilities.exp().scatter_add(1, gold, torch.full_like(gold, -1.0, dtype=torch.float32))
    predicted = log_probabilities.argmax(-1)
    return _Units(
        rows=_owners_of_units(batch, shape)[is_known.cpu().numpy()],
        bits=bits.cpu().numpy(),
        is_right=(predicted == gold[:, 0]).cpu().numpy(),
        error_norms=errors.norm(dim=-1).cpu().numpy(),
        predicted=predicted.cpu().numpy(),
    )


def _owners_of_units(batch: PackedBatch, shape: Shape) -> Indices:
    """Row of each unit: of tagged sentences every token is one, of windows both ends of the answer, else every row."""
    if shape == "tagging":
        return np.repeat(np.arange(batch.num_sequences), batch.lengths)
    return np.arange(batch.labels.shape[1]) // (2 if shape == "span" else 1)
