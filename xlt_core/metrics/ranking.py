"""How well examples are ranked within their groups (XGLUE's WPR: pages of a query). Out: `Measured`, of groups.

As XGLUE's `xglue_evaluate.py` (arXiv 2004.01401) has it, which calls scikit-learn's `ndcg_score`: a label's index is
its gain, the discount is log2(rank + 1), there is no cut-off, examples that tie share the mean of their discounts, a
group without any gain counts as 0, and one of a single example is left out.
"""

import numpy as np
import numpy.typing as npt

from xlt_core.errors import ScoreError
from xlt_core.metrics.measured import Measured
from xlt_core.result import LabelPredictions


def ndcg(predictions: LabelPredictions) -> Measured:
    """Normalised discounted cumulative gain of the ranking by expected label, or by predicted label where that is all.

    A group is what stands together, as in the file: the same query further down is another group.

    Raises:
        ScoreError: the examples have no groups, or all groups are of one example.
    """
    return _measure(predictions, predictions.predicted if predictions.expected is None else predictions.expected)


def ndcg_labels(predictions: LabelPredictions) -> Measured:
    """The same of the ranking by predicted label: what XGLUE's submissions, which hold labels, are scored by.

    Raises:
        ScoreError: as `ndcg`.
    """
    return _measure(predictions, predictions.predicted)


def _measure(predictions: LabelPredictions, scores: npt.NDArray[np.float32] | npt.NDArray[np.int16]) -> Measured:
    if predictions.groups is None:
        raise ScoreError("nothing to rank within: these examples have no groups")
    names = np.array(predictions.groups, dtype=object)
    groups = np.concatenate([[0], np.cumsum(names[1:] != names[:-1])])
    num_examples = np.bincount(groups)
    is_ranked = num_examples > 1
    if not is_ranked.any():
        raise ScoreError("nothing to rank: every group has a single example")
    gains = predictions.gold.astype(np.float64)
    reached = _sum_discounted(gains, scores.astype(np.float64), groups)[is_ranked]
    best = _sum_discounted(gains, gains, groups)[is_ranked]
    values = np.divide(reached, best, out=np.zeros_like(best), where=best > 0)
    first = (np.cumsum(num_examples) - num_examples)[is_ranked]
    outcomes, weights = np.zeros(len(groups), np.float32), np.zeros(len(groups), np.float32)
    outcomes[first], weights[first] = values, 1.0  # a group counts where it begins
    return Measured(value=100.0 * float(values.mean()), count=len(values), outcomes=outcomes, weights=weights)


def _sum_discounted(
    gains: npt.NDArray[np.float64], scores: npt.NDArray[np.float64], groups: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Discounted gain of each group ranked by falling score, ties averaged (McSherry and Najork, ECIR 2008).

    Args:
        gains: shape (N,).
        scores: shape (N,).
        groups: of each example, counted from 0 and rising, shape (N,).
    """
    order = np.lexsort((-scores, groups))
    starts = np.searchsorted(groups, groups)
    discounts = 1.0 / np.log2(np.arange(len(groups)) - starts + 2)
    scores, gains = scores[order], gains[order]
    is_new = (scores[1:] != scores[:-1]) | (groups[1:] != groups[:-1])
    ties = np.concatenate([[0], np.cumsum(is_new)])
    mean_gains = np.bincount(ties, weights=gains) / np.bincount(ties)
    return np.bincount(groups, weights=mean_gains[ties] * discounts).astype(np.float64)
