"""Differences on other scales than points: log odds, share of errors gone. In: scored cells. Out: paired differences.

In points a language with a low baseline has more room, so that deltas fall with the baseline even where nothing else
links them (the baseline's own error stands in both, with opposite signs). Log odds and error reduction allow for the
room, each in its own way, and neither removes the link through the shared error: "low-resource languages gain more" is
to be concluded only if it holds on all three scales.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from results.statistics.differences import PairedDifference, Scored, contrast

FloatArray = npt.NDArray[np.float64]


def logit_contrast(cells: Sequence[Scored], weights: Sequence[float], seeds: Sequence[int]) -> PairedDifference:
    """Weighted sum of the log odds of the cells' mean scores, with errors by the delta method.

    NaN where a mean is 0 or 100. An average over languages is taken before the log odds.
    """
    return contrast([_as_log_odds(cell) for cell in cells], weights, seeds)


def error_reduction(cell: Scored, baseline: Scored, seeds: Sequence[int]) -> PairedDifference:
    """Share of the baseline's errors that is gone in the cell: 1 all, 0 none, negative: there are more. Delta method.

    NaN where the baseline makes no error.
    """
    own_mean, base_mean = cell.scores.mean(), baseline.scores.mean()
    own_errors, base_errors = 100 - own_mean, 100 - base_mean
    if not base_errors > 0:
        own_errors, base_errors = np.nan, np.nan
    whole = _linearise(cell, own_mean, -own_errors / base_errors, 1 / base_errors)
    rest = _linearise(baseline, base_mean, -1.0, own_errors / base_errors**2)
    return contrast((whole, rest), (1.0, -1.0), seeds)


def _as_log_odds(cell: Scored) -> Scored:
    mean = float(cell.scores.mean())
    if not 0 < mean < 100:
        return _linearise(cell, mean, np.nan, np.nan)
    return _linearise(cell, mean, float(np.log(mean / (100 - mean))), 100 / (mean * (100 - mean)))


def _linearise(cell: Scored, mean: float, value: float, slope: float) -> Scored:
    """The cell on another scale: `value` at its mean score, and so much more for each point."""
    scores: FloatArray = value + slope * (cell.scores - mean)
    return Scored(scores, _scale(cell.contributions, slope))


def _scale(contributions: Mapping[str, npt.NDArray[np.float32]], slope: float) -> dict[str, npt.NDArray[np.float32]]:
    return {examples: np.float32(slope) * given for examples, given in contributions.items()}
