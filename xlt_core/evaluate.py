"""Predictions of a trained model as labels, and the scores of any predictions. In: the tokens of one language.

Evaluation has no noise but what a condition asks for.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from xlt_core.data.batch import PackedBatch
from xlt_core.data.batches import EvaluationBatch, concatenate_ranges
from xlt_core.data.text_counts import TextCounts
from xlt_core.data.tokens import TokenTable
from xlt_core.errors import ScoreError
from xlt_core.memory import compute_batches
from xlt_core.metrics import compute_metric
from xlt_core.metrics.chance import chance_level
from xlt_core.metrics.measured import Measured
from xlt_core.model import TrialModel
from xlt_core.passes import autocast
from xlt_core.result import LabelPredictions, LanguageScore, Predictions
from xlt_core.tasks.base import Task

_MAX_TOKENS = 8192
"""Tokens of a batch; keeps the logits of a tagging batch small beside the encoder's own memory."""
_NO_PREDICTION = -1
"""Prediction for a word that was cut off: never right."""


ComputeLogits = Callable[[PackedBatch], torch.Tensor]
"""A batch to logits of one trial, (1, U, C)."""


class BatchLogits(NamedTuple):
    """What the model says of one batch."""

    made: EvaluationBatch
    logits: torch.Tensor
    """Shape (U, C)."""


def iterate_logits(
    model: TrialModel, table: TokenTable, device: torch.device, compute_logits: ComputeLogits | None = None
) -> Iterator[BatchLogits]:
    """Logits of a whole table, batch by batch.

    Args:
        model: to be scored.
        table: one language's tokens.
        device: where `model` is.
        compute_logits: stands for the model where its embeddings are disturbed.
    """
    model.eval()

    def compute(batch: PackedBatch) -> torch.Tensor:
        with autocast(device):
            logits = compute_logits(batch) if compute_logits else _compute_clean_logits(model, batch)
        return logits[0]

    for made, logits in compute_batches(table, compute, device, max_tokens=_MAX_TOKENS):
        yield BatchLogits(made, logits)


def predict_labels(
    model: TrialModel,
    table: TokenTable,
    labels: tuple[str, ...],
    device: torch.device,
    compute_logits: ComputeLogits | None = None,
) -> LabelPredictions:
    """Give every unit of the table the label with the highest logit.

    Args:
        model: to be scored.
        table: one language's tokens.
        labels: names of the label indices.
        device: where `model` is.
        compute_logits: stands for the model where its embeddings are disturbed.
    """
    slots, owners = _find_slots(table)
    found = [
        (_list_slots(slots, made), logits.argmax(dim=-1), _expect_labels(logits) if table.groups else None)
        for made, logits in iterate_logits(model, table, device, compute_logits)
    ]  # on the device until the last batch has begun: nobody waits for it in between
    best = np.empty(slots[-1], dtype=np.int16)
    means = np.empty(slots[-1], dtype=np.float32) if table.groups else None
    for places, labels_of_batch, expected in found:
        best[places] = labels_of_batch.cpu().numpy()
        if means is not None and expected is not None:
            means[places] = expected.cpu().numpy()
    predicted = np.full(len(table.gold), _NO_PREDICTION, dtype=np.int16)
    predicted[owners] = best[table.is_labelled] if table.shape == "tagging" else best
    return LabelPredictions(
        language=table.language,
        labels=labels,
        example_ids=table.example_ids,
        num_units=table.num_units,
        gold=table.gold.copy(),  # a view would keep the whole file of the table mapped
        predicted=predicted,
        expected=means,
        groups=table.groups,
    )


def _expect_labels(logits: torch.Tensor) -> torch.Tensor:
    """Mean label index under the softmax, float32 (U,)."""
    indices = torch.arange(logits.shape[-1], device=logits.device, dtype=torch.float32)
    return logits.float().softmax(-1) @ indices


def _list_slots(slots: npt.NDArray[np.int64], made: EvaluationBatch) -> npt.NDArray[np.int64]:
    """Where the units of a batch stand among those of the table."""
    return concatenate_ranges(slots[made.indices], slots[made.indices + 1] - slots[made.indices])


@torch.no_grad()
def _compute_clean_logits(model: TrialModel, batch: PackedBatch) -> torch.Tensor:
    # Not in inference mode: layouts kept for batches of like lengths could then not be used by an attack's gradient.
    logits: torch.Tensor = model(batch, model.encoder.embed(batch))
    return logits


def _find_slots(table: TokenTable) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where each row's logits start (one a token in tagging, one else), and the unit of each labelled one.

    What was cut off a sentence are its last words, so its first units are the ones that have a token.
    """
    if table.shape != "tagging":
        return np.arange(len(table) + 1), np.arange(len(table))
    num_labelled = np.add.reduceat(table.is_labelled.astype(np.int64), table.offsets[:-1])
    return table.offsets, concatenate_ranges(table.unit_offsets[:-1], num_labelled)


class Scored(NamedTuple):
    """The scores of a language, and its predictions with the outcome of each by the primary metric."""

    scores: tuple[LanguageScore, ...]
    predictions: Predictions


def score_predictions(predictions: Predictions, task: Task, counts: TextCounts | None = None) -> Scored:
    """Every metric of the task on one language; one that has no value for it gives its reason instead.

    Args:
        predictions: of any kind that the task's metrics take.
        task: says which metrics.
        counts: of the texts, where they are known.
    """
    measured = {metric: _measure(metric, predictions) for metric in task.metrics}
    scores = tuple(
        LanguageScore(
            language=predictions.language,
            metric=metric,
            value=found.value if isinstance(found, Measured) else None,
            num_examples=len(predictions.example_ids),
            reason=None if isinstance(found, Measured) else found,
            condition=predictions.condition,
            condition_language=predictions.condition_language,
            num_units=found.count if isinstance(found, Measured) else None,
            chance=chance_level(metric, predictions) if isinstance(found, Measured) else None,
            fertility=counts and counts.fertility,
            tokens_per_character=counts and counts.tokens_per_character,
            unknown_rate=counts and counts.unknown_rate,
        )
        for metric, found in measured.items()
    )
    primary = measured[task.metrics[0]]
    if not isinstance(primary, Measured):
        return Scored(scores, predictions)
    return Scored(scores, replace(predictions, outcomes=primary.outcomes, weights=primary.weights))


def _measure(metric: str, predictions: Predictions) -> Measured | str:
    """What a metric comes to, or why it has no value."""
    try:
        return compute_metric(metric, predictions)
    except ScoreError as error:
        return str(error)


def explain_missing_scores(
    task: Task, language: str, reason: str, *, condition: str = "clean", condition_language: str | None = None
) -> tuple[LanguageScore, ...]:
    """Rows for a language that could not be scored."""
    return tuple(
        LanguageScore(
            language=language,
            metric=metric,
            value=None,
            num_examples=0,
            reason=reason,
            condition=condition,
            condition_language=condition_language,
        )
        for metric in task.metrics
    )
