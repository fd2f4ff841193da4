"""Correction for testing many hypotheses at once. In: p-values of a family. Out: corrected ones, and levels of intervals.

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
from statsmodels.stats.multitest import multipletests

FloatArray = npt.NDArray[np.float64]

_STATSMODELS_NAMES = {"holm": "holm", "bh": "fdr_bh"}


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
    is_rejected, adjusted[is_tested], _, _ = multipletests(given[is_tested], alpha, _STATSMODELS_NAMES[method])
    if method == "holm":
        words = f"simultaneous, {size} at once (Bonferroni)"
        return Adjusted(adjusted, 1 - alpha / size, size, words)
    num_claims = max(int(is_rejected.sum()), 1)
    words = f"false coverage rate, {num_claims} of {size} selected (Benjamini-Yekutieli)"
    return Adjusted(adjusted, 1 - alpha * num_claims / size, size, words)
