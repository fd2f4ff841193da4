"""From each kind of predictions to rows of one table. In: `Predictions` of a trial. Out: `PredictionColumns`."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from results.predictions import PredictionColumns
from xlt_core.result import (
    AnswerPredictions,
    LabelPredictions,
    MinedPredictions,
    Predictions,
    RankedPredictions,
)


def lay_out_predictions(trial_id: str, predictions: Predictions) -> PredictionColumns:
    """One row a unit, question, query or pair of sentences."""
    if isinstance(predictions, LabelPredictions):
        return _lay_out_labels(trial_id, predictions)
    if isinstance(predictions, MinedPredictions):
        return _lay_out_pairs(trial_id, predictions)
    if isinstance(predictions, AnswerPredictions):
        gold = [answers[0] for answers in predictions.gold]
        predicted: Sequence[str] = predictions.predicted
        is_right = [text in answers for text, answers in zip(predicted, predictions.gold, strict=True)]
    else:
        assert isinstance(predictions, RankedPredictions), "there is no other kind"
        gold = list(predictions.gold)
        predicted = [predictions.candidate_ids[place] for place in predictions.ranked[:, 0].tolist()]
        is_right = predictions.is_relevant[:, 0].tolist()
    names = {name: index for index, name in enumerate(dict.fromkeys([*gold, *predicted]))}
    num_rows = len(gold)
    return PredictionColumns(
        trial_id=trial_id,
        language=predictions.language,
        example_ids=predictions.example_ids,
        examples=np.arange(num_rows),
        positions=np.zeros(num_rows, np.int32),
        names=list(names),
        gold=np.array([names[name] for name in gold], np.int64),
        predicted=np.array([names[name] for name in predicted], np.int64),
        correct=np.array(is_right, np.bool_),
        outcomes=predictions.outcomes,
        weights=predictions.weights,
        condition=predictions.condition,
        condition_language=predictions.condition_language,
    )


def _lay_out_labels(trial_id: str, predictions: LabelPredictions) -> PredictionColumns:
    num_units = predictions.num_units
    ends = np.cumsum(num_units)
    return PredictionColumns(
        trial_id=trial_id,
        language=predictions.language,
        example_ids=predictions.example_ids,
        examples=np.repeat(np.arange(len(num_units)), num_units),
        positions=np.arange(len(predictions.gold)) - np.repeat(ends - num_units, num_units),
        names=predictions.labels,
        gold=predictions.gold,
        predicted=predictions.predicted,
        correct=predictions.gold == predictions.predicted,
        outcomes=predictions.outcomes,
        weights=predictions.weights,
        condition=predictions.condition,
        condition_language=predictions.condition_language,
    )


def _lay_out_pairs(trial_id: str, predictions: MinedPredictions) -> PredictionColumns:
    """Every pair that is gold, mined or both; in the order of the first sentences."""
    pairs = predictions.pairs
    place_of = {identifier: place for place, identifier in enumerate(predictions.example_ids)}
    seconds = list(dict.fromkeys(chain.from_iterable(pair[1:] for pair in pairs)))
    index_of = {identifier: index for index, identifier in enumerate(seconds)}
    indices = np.array([index_of[second] for _, second in pairs], np.int64)
    is_gold = np.array([pair in predictions.gold for pair in pairs], np.bool_)
    is_mined = np.array([pair in predictions.predicted for pair in pairs], np.bool_)
    positions: list[int] = []
    for row, (first, _) in enumerate(pairs):
        positions.append(positions[-1] + 1 if row and pairs[row - 1][0] == first else 0)
    return PredictionColumns(
        trial_id=trial_id,
        language=predictions.language,
        example_ids=predictions.example_ids,
        examples=np.array([place_of[first] for first, _ in pairs], np.int64),
        positions=np.array(positions, np.int32),
        names=seconds,
        gold=np.where(is_gold, indices, -1),
        predicted=np.where(is_mined, indices, -1),
        correct=is_gold & is_mined,
        outcomes=predictions.outcomes,
        weights=predictions.weights,
        condition=predictions.condition,
        condition_language=predictions.condition_language,
    )
