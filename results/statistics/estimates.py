"""Estimates and their error: intervals, p-values, equivalence, detectable effects, all from one model of the error.

In: variances from seed blocks and from test examples (`bootstrap.estimate`). The error of a mean over k seed blocks is
taken for sqrt(seed part) times Student's t with k - 1 degrees of freedom plus sqrt(example part) times a normal: few
blocks, many examples. (A single t with Satterthwaite's degrees of freedom, the usual choice, rejects far too often at
the small levels that corrections for many tests ask for; see docs/statistics.md.)
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from results.statistics.t_plus_normal import detectable, quantile, survival

FloatArray = npt.NDArray[np.float64]

LEVEL = 0.95
POWER = 0.8

CI_METHOD = "two-level bootstrap: seed blocks (t, k-1 df) and test examples (10,000 draws)"
CI_METHOD_SEEDS = "t over seeds, k-1 df; test examples not resampled"
P_METHOD = "from the same distribution as the interval, two-sided"


@dataclass(frozen=True, eq=False)
class Interval:
    """Both ends, shape (m,)."""

    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, eq=False)
class Equivalence:
    """Two one-sided tests against a margin (Schuirmann 1987), shape (m,)."""

    p_no_loss: FloatArray
    """Small: the difference is above minus the margin."""
    p_no_gain: FloatArray
    """Small: the difference is below the margin."""
    p: FloatArray
    """The larger of the two; small: the difference is within the margin."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Estimates:
    """Mean differences over paired seed blocks, shape (m,) each; NaN where nothing can be said.

    With fewer than two seed blocks there is a delta and nothing else. With no spread at all (`se` 0) and a delta other
    than 0, there is nothing to judge the delta by, and no interval either; all differences 0 have the interval [0, 0].
    """

    k: npt.NDArray[np.int64]
    """Seed blocks."""
    delta: FloatArray
    seed_variance: FloatArray
    """Of the mean, from the spread of the seed blocks: S^2 / k. Holds the residual once, divided by k."""
    example_variance: FloatArray
    """Of the mean, from resampled examples. Holds the residual, divided by k, too."""
    residual_variance: FloatArray
    """Of a single seed block: what examples do in one block and not in the others."""

    @property
    def df(self) -> FloatArray:
        """Degrees of freedom of the seed part."""
        return np.where(self.k > 1, self.k - 1.0, np.nan)

    @property
    def example_part(self) -> FloatArray:
        """The example variance without what the seed variance holds already.

        The two overlap in the residual; where seed blocks lie closer together than it allows, in all of their spread.
        """
        overlap = np.minimum(self.residual_variance / np.maximum(self.k, 1), self.seed_variance)
        return np.maximum(self.example_variance - overlap, 0.0)

    @property
    def se(self) -> FloatArray:
        """Standard error: of seed variance + example variance - residual variance / k, and never below its parts."""
        return np.sqrt(self.seed_variance + self.example_part)

    def interval(self, level: npt.ArrayLike = LEVEL) -> Interval:
        """The interval that holds the true difference with probability `level` (one, or one a row)."""
        half_width = self._mask(self._quantile(0.5 + np.asarray(level) / 2))
        return Interval(self.delta - half_width, self.delta + half_width)

    def p_values(self) -> FloatArray:
        """Two-sided, of no difference: below 1 - level exactly where `interval(level)` leaves 0 out."""
        both_tails = np.minimum(2 * self._survival(np.abs(self.delta)), 1.0)
        return self._mask(np.where((self.se == 0) & (self.delta == 0), 1.0, both_tails))

    def equivalence(self, margin: float) -> Equivalence:
        """Test whether the difference lies within ± `margin`, on the scale of the differences."""
        no_loss = self._mask(self._survival(self.delta + margin))
        no_gain = self._mask(self._survival(margin - self.delta))
        return Equivalence(no_loss, no_gain, np.maximum(no_loss, no_gain))

    def detectable_effect(self, level: npt.ArrayLike = LEVEL) -> FloatArray:
        """The true difference whose interval at `level` leaves 0 out in 4 of 5 sweeps like this one.

        This sweep's variances are taken for the true ones; NaN where there is no spread.
        """
        probability = 0.5 + np.asarray(level) / 2
        found = detectable(POWER, probability, np.sqrt(self.seed_variance), np.sqrt(self.example_part), self.df)
        return np.where(found > 0, found, np.nan)

    def take(self, places: npt.ArrayLike) -> Self:
        """Some rows, by number or mask."""
        chosen = np.asarray(places)
        return type(self)(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def _survival(self, x: FloatArray) -> FloatArray:
        return survival(x, np.sqrt(self.seed_variance), np.sqrt(self.example_part), self.df)

    def _quantile(self, probability: FloatArray) -> FloatArray:
        return quantile(probability, np.sqrt(self.seed_variance), np.sqrt(self.example_part), self.df)

    def _mask(self, values: FloatArray) -> FloatArray:
        is_unknown = (self.se == 0) & (self.delta != 0)
        return np.where(is_unknown, np.nan, values)
