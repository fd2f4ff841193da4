"""How a cost grows with a size: t = a + b n^p, fitted to measured points. In: sizes and costs. Out: a `Growth`.

The constant a (first calls, what they import) would bend a line through the logarithms, so that it is fitted, too: over
the larger half of the sizes, where growth shows, and the smallest, which says how large the constant is. For each p the
best a and b are linear least squares of relative errors; the interval of p is that of its profile (all p that an F-test
does not tell from the best; Seber & Wild 1989, 5.2).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls
from scipy.stats import f

Array = npt.NDArray[np.float64]

EXPONENTS: Array = np.linspace(0.05, 4.0, 791)
"""Those that are tried: steps of 0.005."""
COVERAGE = 0.95
GROWS_BY = 1.1
"""Times the cost at the smallest size: a cost that grows less over the whole range is taken for constant."""


@dataclass(frozen=True, kw_only=True)
class Growth:
    """A fitted cost."""

    constant: float
    """a: what does not grow."""
    slope: float
    """b."""
    exponent: float
    """p; 0: it does not grow."""
    low: float
    high: float
    """Ends of the 95 % interval of p; equal to it where it does not grow."""

    @property
    def grows(self) -> bool:
        """Whether the cost depends on the size at all."""
        return self.exponent > 0

    def growing_part(self, size: float) -> float:
        """b n^p: the cost at a size without the constant."""
        return self.slope * size**self.exponent if self.grows else 0.0


def fit_growth(sizes: Sequence[float], costs: Sequence[float], *, grows_by: float = GROWS_BY) -> Growth:
    """Fit how costs grow.

    Args:
        sizes: of each measurement, above 0; a size may come several times, once a round.
        costs: of each, above 0.
        grows_by: a cost that grows by a smaller factor over the whole range is taken for constant.

    Raises:
        ValueError: fewer than four different sizes: three numbers are fitted, and something must be left to judge by.
    """
    n, t = np.asarray(sizes, np.float64), np.asarray(costs, np.float64)
    distinct = np.unique(n)
    if len(distinct) < 4:
        raise ValueError(f"{len(distinct)} different sizes were given; a growth is fitted to 4 or more")
    is_used = np.isin(n, [distinct[0], *distinct[len(distinct) // 2 :]]) if len(distinct) > 4 else np.full(len(n), True)
    n, t = n[is_used] / distinct[-1], t[is_used]
    fits = [_fit_at(p, n, t) for p in EXPONENTS]
    errors = np.array([fit[2] for fit in fits])
    best = int(np.argmin(errors))
    constant, slope, error = fits[best]
    degrees = len(n) - 3
    tolerance = f.ppf(COVERAGE, 1, degrees) / degrees
    means = [t[n == size].mean() for size in (n.min(), n.max())]
    if means[1] < grows_by * means[0]:
        return Growth(constant=float(np.mean(t)), slope=0.0, exponent=0.0, low=0.0, high=0.0)
    inside = EXPONENTS[errors <= error * (1 + tolerance) + 1e-12]
    p = float(EXPONENTS[best])
    slope /= float(distinct[-1]) ** p
    return Growth(constant=constant, slope=slope, exponent=p, low=float(inside[0]), high=float(inside[-1]))


def _fit_at(p: float, n: Array, t: Array) -> tuple[float, float, float]:
    """The best a and b, neither below 0, for one p, and the sum of squared relative errors."""
    (constant, slope), residual = nnls(np.column_stack([1 / t, n**p / t]), np.ones_like(t))
    return float(constant), float(slope), float(residual) ** 2
