"""Correction for testing many hypotheses at once. In: p-values of a family. Out: corrected ones, and interval levels.

| method | what is kept below alpha | the corrected interval |
|---|---|---|
| `holm` | probability of any false claim in the family | all of the family hold at once (Bonferroni: 1 - alpha / m) |
| `bh` | expected share of false claims among the claims | of those claimed, so many hold on average (Benjamini & |
| | | Yekutieli 2005: 1 - alpha R / m, R the number of claims, at least 1) |
| `none` | nothing but each row's own probability | the row's own |
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import false_discovery_control

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Adjusted:
    """Corrected results of a family of m rows."""

    p: FloatArray
    """Shape (m,); NaN where the row could not be tested."""
    level: float
    """Of every corrected interval of the family, for `Estimates.interval`."""
    size: int
    """Rows that were tested: those whose p is a number. What cannot be tested is no hypothesis and costs nothing."""
    ci_method: str


def adjust(p: npt.ArrayLike, method: Literal["holm", "bh", "none"], alpha: float = 0.05) -> Adjusted:
    """Correct the p-values of a family, and give the level of the intervals that match.

    An interval at that level that leaves 0 out means that the corrected p is at most alpha. With `bh` and `none` the
    converse holds, too; Holm may reject what its simultaneous interval does not, since it goes on once it has rejected.
    """
    given = np.asarray(p, np.float64)
    is_tested = ~np.isnan(given)
    size = int(is_tested.sum())
    adjusted = given.copy()
    if method == "none" or not size:
        return Adjusted(adjusted, 1 - alpha, size, "not corrected")
    if method == "holm":
        adjusted[is_tested] = _adjust_by_holm(given[is_tested])
        words = f"simultaneous, {size} at once (Bonferroni)"
        return Adjusted(adjusted, 1 - alpha / size, size, words)
    adjusted[is_tested] = false_discovery_control(given[is_tested])
    num_claims = int(np.count_nonzero(adjusted[is_tested] <= alpha))
    selected = f"{num_claims} of {size} selected" if num_claims else f"none of {size} selected, as for one"
    level = 1 - alpha * max(num_claims, 1) / size
    return Adjusted(adjusted, level, size, f"false coverage rate, {selected} (Benjamini-Yekutieli)")


def _adjust_by_holm(p: FloatArray) -> FloatArray:
    """Holm 1979. (statsmodels has it too, with a sweep of the garbage collector in every call: 0.1 s a family.)"""
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return adjusted
