"""Beside the interval: sign flips over seeds, McNemar, probability of improvement, interquartile mean.

In: paired differences, or counts. Out: p-values and numbers; NaN where nothing can be said.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, chdtrc

FloatArray = npt.NDArray[np.float64]

P_METHOD_SIGN_FLIP = "sign flips over seeds, two-sided"

_MAX_EXACT = 20
_NUM_DRAWS = 100_000
_BLOCK_BITS = 12
_EXACT_MCNEMAR = 25
_ROUNDING = 1e-9
"""Scores that differ by less are the same: means over languages are rounded."""


@dataclass(frozen=True)
class SignFlip:
    """A paired permutation test over seed blocks."""

    p: float
    smallest: float
    """That so many seed blocks can reach: with fewer than six never below .05."""


def sign_flip(deltas: npt.ArrayLike) -> SignFlip:
    """Share of all ways to swap cell and baseline within seed blocks whose mean is at least as far from 0 as this one.

    Exact up to 20 seed blocks; of more, 100,000 swaps are drawn, with this one counted among them and a fixed seed.
    """
    given = np.asarray(deltas, np.float64)
    k = len(given)
    if k == 0 or np.isnan(given).any():
        return SignFlip(np.nan, np.nan)
    threshold = abs(given.sum()) * (1 - 1e-9) - 1e-12 * np.abs(given).sum()
    if k > _MAX_EXACT:
        signs = np.random.default_rng(0).choice([-1.0, 1.0], (_NUM_DRAWS, k))
        return SignFlip(float((1 + _count_beyond(signs @ given, threshold)) / (1 + _NUM_DRAWS)), 1 / (1 + _NUM_DRAWS))
    first, last = (_signs(len(part)) @ part for part in (given[:_BLOCK_BITS], given[_BLOCK_BITS:]))
    count = sum(_count_beyond(first + other, threshold) for other in last)
    return SignFlip(count / 2**k, min(1.0, 2.0 ** (1 - k)))


def mcnemar(n01: npt.ArrayLike, n10: npt.ArrayLike) -> FloatArray:
    """McNemar's test on examples of which one of two runs is right and the other wrong, elementwise.

    Exact binomial below 25 such examples, else chi-squared with continuity correction. It is about these two runs, and
    says nothing of the methods that trained them: another seed gives other runs.
    """
    first, second = np.broadcast_arrays(np.asarray(n01, np.float64), np.asarray(n10, np.float64))
    both = first + second
    exact = np.minimum(2 * bdtr(np.minimum(first, second), np.nan_to_num(both).astype(np.int64), 0.5), 1.0)
    corrected = np.maximum(np.abs(first - second) - 1, 0.0) ** 2 / np.maximum(both, 1.0)
    chosen = np.where(both < _EXACT_MCNEMAR, exact, chdtrc(1.0, corrected))
    return np.where(np.isnan(both), np.nan, chosen)


def probability_of_improvement(cell: npt.ArrayLike, baseline: npt.ArrayLike) -> float:
    """Share of all pairs of a run of the cell and a run of the baseline in which the cell's is better; ties are halves.

    Source: Agarwal et al. 2021, arXiv 2108.13264.
    """
    differences = np.subtract.outer(np.asarray(cell, np.float64), np.asarray(baseline, np.float64))
    if differences.size == 0 or np.isnan(differences).any():
        return np.nan
    signs = np.where(np.abs(differences) < _ROUNDING, 0.0, np.sign(differences))
    return float((signs.mean() + 1) / 2)


def interquartile_mean(values: npt.ArrayLike) -> float:
    """Mean of the middle half of the values; a quarter of them, rounded down, is left out at either end."""
    ordered = np.sort(np.asarray(values, np.float64))
    cut = len(ordered) // 4
    return float(ordered[cut : len(ordered) - cut].mean()) if len(ordered) else np.nan


@cache
def _signs(num_values: int) -> FloatArray:
    """All ways to put signs before so many values, shape (2 ** num_values, num_values)."""
    ways = np.arange(2**num_values)[:, None] >> np.arange(num_values)
    signs: FloatArray = np.where(ways & 1, -1.0, 1.0)
    return signs


def _count_beyond(sums: FloatArray, threshold: float) -> int:
    return int(np.count_nonzero(np.abs(sums) >= threshold))
