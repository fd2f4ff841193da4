"""What a metric gives: a value, what it was counted over, and the outcomes one by one that it is a ratio of."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A metric's value on one language."""

    value: float
    """0 to 100."""
    count: int
    """What the value is a mean or a share over: units, questions, queries, chunks or pairs."""
    outcomes: npt.NDArray[np.float32] | None = None
    """Of each unit, question, query or pair, so that the value is 100 * sum(outcomes) / sum(weights), and 0 where the
    weights are all 0; none: the value is no such ratio."""
    weights: npt.NDArray[np.float32] | None = None
    """Same shape, each at least its outcome; none: all are 1, the value is a mean."""


def measure_ratio(
    outcomes: npt.NDArray[np.integer[Any]], weights: npt.NDArray[np.integer[Any]], count: int
) -> Measured:
    """A share of sums, such as a micro F1.

    Args:
        outcomes: of each unit or pair, shape (N,).
        weights: what each outcome could be at most, shape (N,).
        count: what the value is counted over.
    """
    value = percent(int(outcomes.sum()), int(weights.sum()))
    return Measured(value=value, count=count, outcomes=outcomes.astype(np.float32), weights=weights.astype(np.float32))


def percent(numerator: int, denominator: int) -> float:
    """A share as 0 to 100; 0 where there is nothing that it could be a share of."""
    return 100.0 * numerator / denominator if denominator else 0.0
