"""Paired differences of cells, reduced to what an interval needs. In: scores by seed block, and influences of examples.

What an example adds to a score (its influence) sums to 0 over the examples of a run: of a mean of x over n examples it
is 100 (x_i - mean) / n, of a ratio of sums 100 (num_i - ratio * den_i) / sum(den), the score's first-order change when
the example is drawn once more (Davison & Hinkley 1997, 2.7). On other draws a score is the score + sum(count_i *
influence_i).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from results.errors import UnlikeError

FloatArray = npt.NDArray[np.float64]

Contributions: TypeAlias = Mapping[str, npt.NDArray[np.float32]]
"""Influences of shape (seed blocks, examples), by a hash of the ordered example ids of a test set.

Equal hashes are the same examples (of a parallel test set, in several languages). Empty: the metric is no ratio of
sums.
"""


@dataclass(frozen=True, eq=False)
class Scored:
    """The scores of one cell in one language, or mean of languages, a seed block each."""

    scores: FloatArray
    """Shape (seed blocks,), 0 to 100."""
    contributions: Contributions


@dataclass(frozen=True, kw_only=True, eq=False)
class PairedDifference:
    """A weighted sum of cells, seed block by seed block, and what examples add to its mean."""

    seeds: tuple[int, ...]
    deltas: FloatArray
    """Shape (seed blocks,)."""
    influences: Contributions
    """Of each example on the mean over seed blocks, shape (examples,)."""
    residual_variance: float
    """Of one seed block's delta: what an example does in this block beyond what it does in all."""


def average(units: Sequence[Scored], weights: Sequence[float] | None = None) -> Scored:
    """The mean over languages, of one cell; `weights` sum to 1 (None: all equal).

    What examples add in languages that share a test set is added up, since they are drawn together; unlike test sets
    stay apart, since they are drawn apart.

    Raises:
        UnlikeError: the languages have unlike numbers of seed blocks or of examples behind one hash.
    """
    weights = [1 / len(units)] * len(units) if weights is None else weights
    return _weigh(units, weights, need_equal_sets=False)


def subtract(cell: Scored, baseline: Scored, seeds: Sequence[int]) -> PairedDifference:
    """A cell minus its baseline; see `contrast`."""
    return contrast((cell, baseline), (1.0, -1.0), seeds)


def contrast(cells: Sequence[Scored], weights: Sequence[float], seeds: Sequence[int]) -> PairedDifference:
    """The sum of cells times weights; rows of all arrays are the seed blocks `seeds`, in that order.

    Raises:
        UnlikeError: the cells were scored on unlike examples, or do not all have these seed blocks.
    """
    total = _weigh(cells, weights, need_equal_sets=True)
    if len(total.scores) != len(seeds):
        raise UnlikeError(f"{len(seeds)} seeds were given for scores of {len(total.scores)} seed blocks; pair first")
    influences, residual_variance = {}, 0.0
    for examples, contributions in total.contributions.items():
        k, num_examples = contributions.shape
        centred = contributions - contributions.mean(axis=1, keepdims=True, dtype=np.float64)
        influence = centred.mean(axis=0)
        influences[examples] = influence.astype(np.float32)
        degrees = (k - 1) * (num_examples - 1)
        residual = np.square(centred - influence).sum() * num_examples
        residual_variance += float(residual / degrees) if degrees else np.nan
    return PairedDifference(
        seeds=tuple(seeds), deltas=total.scores, influences=influences, residual_variance=residual_variance
    )


def _weigh(units: Sequence[Scored], weights: Sequence[float], *, need_equal_sets: bool) -> Scored:
    if len(units) != len(weights) or not units:
        raise UnlikeError(f"{len(weights)} weights were given for {len(units)} scored units; each needs one")
    if len(shapes := {unit.scores.shape for unit in units}) > 1:
        raise UnlikeError(f"unlike numbers of seed blocks, {sorted(shape[0] for shape in shapes)}; pair the runs first")
    if need_equal_sets and any(unit.contributions.keys() != units[0].contributions.keys() for unit in units):
        raise UnlikeError("the cells of a difference were scored on unlike examples; it cannot be paired")
    scores = np.zeros(units[0].scores.shape)
    contributions: dict[str, npt.NDArray[np.float32]] = {}
    for unit, weight in zip(units, weights, strict=True):
        scores = scores + weight * unit.scores
        for examples, given in unit.contributions.items():
            weighed = np.float32(weight) * given
            known = contributions.get(examples)
            if known is not None and known.shape != weighed.shape:
                raise UnlikeError(f"{known.shape[1]} and {weighed.shape[1]} examples have one hash, {examples}")
            contributions[examples] = weighed if known is None else known + weighed
    return Scored(scores, contributions)
