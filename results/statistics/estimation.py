"""From drafted rows to numbers: estimates, intervals, tests. In: drafts. Out: arrays, a number a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from results.analysis import Analysis
from results.statistics.bootstrap import estimate
from results.statistics.estimates import Estimates, Interval
from results.statistics.units import Draft

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """Estimates of some of m rows; the others have none (NaN)."""

    estimates: Estimates
    rows: npt.NDArray[np.int64]
    num_rows: int

    def fill(self, values: Array) -> Array:
        """Put a number of each estimate where its row is. Shape (m,)."""
        whole = np.full(self.num_rows, np.nan)
        whole[self.rows] = values
        return whole

    def interval(self, level: float | Array) -> Interval:
        """Intervals of all rows.

        Args:
            level: of all, or of each row, shape (m,).
        """
        own = level if isinstance(level, float) else level[self.rows]
        found = self.estimates.interval(own)
        return Interval(self.fill(found.low), self.fill(found.high))


@dataclass(frozen=True)
class Numbers:
    """What is estimated of m rows."""

    points: Spread
    logits: Spread
    errors: Spread
    """Shares of the baselines' errors that are gone."""
    margin: float

    @cached_property
    def delta(self) -> Array:
        """In points."""
        return self.points.fill(self.points.estimates.delta)

    @cached_property
    def se(self) -> Array:
        """Of `delta`."""
        return self.points.fill(self.points.estimates.se)

    @cached_property
    def df(self) -> Array:
        """Of `se`."""
        return self.points.fill(self.points.estimates.df)

    @cached_property
    def p(self) -> Array:
        """Of no difference."""
        return self.points.fill(self.points.estimates.p_values())

    @cached_property
    def p_no_loss(self) -> Array:
        """Of a loss of the margin or more."""
        return self._where_spread(self.points.estimates.equivalence(self.margin).p_no_loss)

    @cached_property
    def p_equivalence(self) -> Array:
        """Of a difference of the margin or more, either way (two one-sided tests)."""
        return self._where_spread(self.points.estimates.equivalence(self.margin).p)

    @cached_property
    def delta_logit(self) -> Array:
        """In log odds."""
        return self.logits.fill(self.logits.estimates.delta)

    def _where_spread(self, p: Array) -> Array:
        """NaN where nothing differs in any seed or example: how much may be ruled out is not known by that."""
        return self.points.fill(np.where(self.points.estimates.se > 0, p, np.nan))

    def detectable(self, level: Array) -> Array:
        """Smallest true difference that is found in 4 of 5 tries, at a level of each row."""
        return self.points.fill(self.points.estimates.detectable_effect(level[self.points.rows]))


def estimate_rows(drafts: Sequence[Draft], analysis: Analysis) -> Numbers:
    """Estimate all rows at once, with the same draws of examples for all that share them."""
    scales = [
        [draft.difference for draft in drafts],
        [draft.logit_difference for draft in drafts],
        [draft.error_reduction for draft in drafts],
    ]
    estimates = estimate([one for scale in scales for one in scale if one is not None])
    spreads, first = [], 0
    for scale in scales:
        rows = np.array([row for row, one in enumerate(scale) if one is not None], np.int64)
        own = estimates.take(np.arange(first, first + len(rows)))
        spreads.append(Spread(own, rows, len(drafts)))
        first += len(rows)
    points, logits, errors = spreads
    return Numbers(points, logits, errors, analysis.margin)
