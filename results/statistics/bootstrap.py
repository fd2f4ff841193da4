"""The two-level bootstrap over seed blocks and test examples. In: paired differences. Out: estimates, replicates.

All differences on one test set see the same draws of its examples, in all languages that share it, from a generator
seeded by the hash of its example ids. A draw is a vector of counts, so that all differences under all draws are one
product of matrices. What examples add is linear (`differences`), so that the draws act on means over seed blocks and
nothing of size seeds x draws x examples is ever made.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from math import sqrt

import numpy as np
import numpy.typing as npt

from results.statistics.differences import PairedDifference
from results.statistics.estimates import Estimates

FloatArray = npt.NDArray[np.float64]

NUM_DRAWS = 10_000

_BLOCK_ENTRIES = 2**22
_MAX_COLUMNS = 4096
"""Differences that see one drawing of the counts: to draw them takes as long as a hundred of their columns."""
_COLUMNS_AT_A_TIME = 256
"""Of sums, so that they stay in what the allocator gives out again: fresh pages take longer than to fill them."""
_EXACT_BITS = 24
_ROUNDING = 1e-9
"""Differences below it are those of rounding: seed blocks that agree must not look as if they did so by a hair."""


def estimate(differences: Sequence[PairedDifference], *, num_draws: int = NUM_DRAWS) -> Estimates:
    """The mean of every difference, and the variances that its seed blocks and its test examples give it.

    Examples of several test sets are drawn apart, and their variances add up. The bootstrap's variance over n examples
    is multiplied by n / (n - 1), as the sample variance is.
    """
    example_variance = np.zeros(len(differences))
    for examples, columns in _columns_by_examples(differences).items():
        for part in range(0, len(columns), _MAX_COLUMNS):
            chosen = columns[part : part + _MAX_COLUMNS]
            pieces = [chosen[first : first + _COLUMNS_AT_A_TIME] for first in range(0, len(chosen), _COLUMNS_AT_A_TIME)]
            influences = [_stack(differences, examples, piece) for piece in pieces]
            example_variance[chosen] += _resampled_variance(examples, influences, num_draws)
    k = np.array([len(one.deltas) for one in differences], np.int64)
    delta, seed_variance = np.full((2, len(differences)), np.nan)
    for num_blocks in sorted(set(k.tolist()) - {0}):
        rows = np.flatnonzero(k == num_blocks)
        deltas = np.array([differences[row].deltas for row in rows.tolist()], np.float64)
        delta[rows] = deltas.mean(axis=1)
        if num_blocks > 1:
            is_equal = np.ptp(deltas, axis=1) < _ROUNDING
            seed_variance[rows] = np.where(is_equal, 0.0, deltas.var(axis=1, ddof=1)) / num_blocks
    return Estimates(
        k=k,
        delta=np.where(np.abs(delta) < _ROUNDING, 0.0, delta),
        seed_variance=seed_variance,
        example_variance=np.where(k > 1, example_variance, np.nan),
        residual_variance=np.array([one.residual_variance for one in differences], np.float64),
    )


def draw_replicates(differences: Sequence[PairedDifference], *, num_draws: int = NUM_DRAWS) -> FloatArray:
    """Joint replicates of all differences, shape (draws, differences), each about its estimate.

    The same draws of examples for all differences on one test set; the same random weights for equal seeds. The weights
    are normal with mean 0 over one chi a draw, so that the seed part is Student's t with k - 1 degrees of freedom and
    the quantiles of a column are those of `Estimates.interval`. With 2 or 3 seed blocks such a t has no variance: use
    quantiles and shares, not the standard deviation. Columns are NaN with fewer than two seed blocks.
    """
    estimates = estimate(differences, num_draws=num_draws)
    with np.errstate(divide="ignore", invalid="ignore"):
        shrinkage = np.nan_to_num(np.sqrt(estimates.example_part / estimates.example_variance))
    shifts: FloatArray = np.zeros((len(differences), num_draws))  # a difference's draws side by side in memory
    for examples, columns in _columns_by_examples(differences).items():
        influences = _stack(differences, examples, columns)
        num_examples = len(influences)
        unbiased = sqrt(num_examples / max(num_examples - 1, 1))
        first = 0
        for counts in _draw_counts(examples, num_examples, num_draws):
            shifts[columns, first : first + len(counts)] += unbiased * (influences.T @ (counts - 1).T)
            first += len(counts)
    shifts *= shrinkage[:, None]
    seed_weights: dict[tuple[int, ...], FloatArray] = {}
    for row, one in enumerate(differences):
        if len(one.seeds) < 2:
            shifts[row] = np.nan
            continue
        if one.seeds not in seed_weights:
            seed_weights[one.seeds] = _draw_seed_weights(one.seeds, num_draws)
        shifts[row] += estimates.delta[row] + (one.deltas - one.deltas.mean()) @ seed_weights[one.seeds]
    return shifts.T


def _draw_seed_weights(seeds: Sequence[int], num_draws: int) -> FloatArray:
    """What a draw multiplies the deviation of each of two or more seed blocks by, shape (seed blocks, draws)."""
    k = len(seeds)
    weights = np.stack([_generator(f"seed {seed}").standard_normal(num_draws) for seed in seeds])
    chi = np.sqrt(_generator(f"chi {k - 1}").chisquare(k - 1, num_draws) / (k - 1))
    scaled: FloatArray = weights / (chi * sqrt(k * (k - 1)))
    return scaled


def _columns_by_examples(differences: Sequence[PairedDifference]) -> dict[str, list[int]]:
    columns: dict[str, list[int]] = {}
    for column, one in enumerate(differences):
        for examples in one.influences:
            columns.setdefault(examples, []).append(column)
    return columns


def _stack(differences: Sequence[PairedDifference], examples: str, columns: Sequence[int]) -> npt.NDArray[np.float32]:
    """Shape (examples, columns), rounded to a unit a column so coarse that float32 adds draws of them up exactly.

    Sums then do not depend on the order of adding, and numbers not on how many threads multiply matrices. The unit is
    a power of two, about 1 / 1700 of a mean influence with 5,000 examples; what rounding does to a variance is of the
    order of that squared.
    """
    stacked = np.stack([differences[column].influences[examples] for column in columns], axis=1)
    largest_sums = 2 * np.abs(stacked).sum(axis=0, dtype=np.float64)
    units = np.exp2(np.ceil(np.log2(np.maximum(largest_sums, np.finfo(np.float32).tiny))) - _EXACT_BITS)
    rounded: npt.NDArray[np.float32] = (np.rint(stacked / units) * units).astype(np.float32)
    return rounded


def _resampled_variance(examples: str, influences: Sequence[npt.NDArray[np.float32]], num_draws: int) -> FloatArray:
    """Of the influences' sums over draws of the examples, a few columns at a time; shape (columns of all,)."""
    num_examples = len(influences[0])
    totals = [np.zeros((2, part.shape[1])) for part in influences]
    if num_examples < 2:
        return np.concatenate([np.full_like(total[0], np.nan) for total in totals])
    for counts in _draw_counts(examples, num_examples, num_draws):
        for part, total in zip(influences, totals, strict=True):
            shifts = (counts @ part).astype(np.float64)
            total += shifts.sum(axis=0), np.einsum("ij,ij->j", shifts, shifts)
    of_sums, of_squares = np.concatenate(totals, axis=1)
    variance: FloatArray = (of_squares - of_sums**2 / num_draws) / (num_draws - 1)
    return np.maximum(variance, 0.0) * num_examples / (num_examples - 1)


def _draw_counts(examples: str, num_examples: int, num_draws: int) -> Iterator[npt.NDArray[np.float32]]:
    """How often each example is drawn, shape (draws, examples), a block of draws at a time."""
    generator = _generator(f"examples {examples}")
    rows = max(1, _BLOCK_ENTRIES // num_examples)
    for first in range(0, num_draws, rows):
        num_rows = min(rows, num_draws - first)
        drawn = generator.integers(num_examples, size=(num_rows, num_examples))
        drawn += np.arange(num_rows)[:, None] * num_examples
        counts = np.bincount(drawn.ravel(), minlength=num_rows * num_examples)
        yield counts.reshape(num_rows, num_examples).astype(np.float32)


def _generator(name: str) -> np.random.Generator:
    """Seeded by what is drawn, so that equal things are drawn equally everywhere."""
    return np.random.default_rng(int.from_bytes(sha256(name.encode()).digest()))
