"""Sentence pairs found against those that there are (BUCC 2018). In: predictions of one language. Out: `Measured`."""

import numpy as np
import numpy.typing as npt

from xlt_core.metrics.measured import Measured, measure_ratio
from xlt_core.result import MinedPredictions


def mining_f1(predictions: MinedPredictions) -> Measured:
    """F1 of the pairs as a set; 0 where none is right."""
    is_gold, is_found = _compare(predictions)
    return measure_ratio(2 * (is_gold & is_found), is_gold + is_found, len(predictions.gold))


def mining_precision(predictions: MinedPredictions) -> Measured:
    """Right pairs per pair found; 0 where none was."""
    is_gold, is_found = _compare(predictions)
    return measure_ratio(is_gold & is_found, is_found, len(predictions.predicted))


def mining_recall(predictions: MinedPredictions) -> Measured:
    """Pairs found of those that there are; 0 where there are none."""
    is_gold, is_found = _compare(predictions)
    return measure_ratio(is_gold & is_found, is_gold, len(predictions.gold))


def _compare(predictions: MinedPredictions) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Whether each of `predictions.pairs` is gold, and whether it was found; 0 or 1."""
    pairs = predictions.pairs
    is_gold = np.array([pair in predictions.gold for pair in pairs], np.int64)
    return is_gold, np.array([pair in predictions.predicted for pair in pairs], np.int64)
