"""What the best of several options gains where it is picked on other data than those that judge it.

In: scores of the options against none, by seed block, with what each example adds. Out: the gain, a value a block.
Picking and judging on the same data is the winner's curse; this is cross-validation of the pick (Tibshirani and
Tibshirani 2009).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from results.statistics.differences import Scored

MIN_BLOCKS = 3
"""With two, one block would pick and one judge."""
NUM_FOLDS = 5

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SplitGain:
    """Gains of picked options."""

    by_block: Array
    """Of the blocks that could judge, shape (blocks,)."""
    shares_picked: Array
    """How often each option was picked, none first; shape (1 + options,)."""


@dataclass(frozen=True, eq=False)
class _Halves:
    """Scores of all options on the examples that pick and on those that judge, shape (folds, blocks, options)."""

    picking: Array
    judging: Array


def split_gain(options: Sequence[tuple[tuple[int, ...], Scored]]) -> SplitGain | None:
    """Leave out each block and each fold of the examples in turn; pick the best on the rest, judge it on them.

    "None" is an option that gains 0; an option that is not better than it is not picked. A block that an option does
    not have takes no part in its mean, and does not judge it.

    Args:
        options: names of the blocks, and gains over none as scores with contributions.

    Returns:
        None with fewer than `MIN_BLOCKS` blocks that all options together have, or that could judge.
    """
    names = sorted({name for blocks, _ in options for name in blocks})
    if len(names) < MIN_BLOCKS:
        return None
    halves = _split_examples(options, names)
    best = _pick(halves.picking)
    fold, block = np.indices(best.shape)
    judged = np.where(best == 0, 0.0, halves.judging[fold, block, best - 1])
    has_judged = ~np.isnan(judged)
    num_judged = has_judged.sum(axis=0)
    could = num_judged > 0
    if could.sum() < MIN_BLOCKS:
        return None
    gains = np.where(has_judged, judged, 0.0).sum(axis=0)
    picked = np.bincount(best[has_judged], minlength=1 + len(options))
    return SplitGain(gains[could] / num_judged[could], picked / picked.sum())


def _pick(scores: Array) -> npt.NDArray[np.int64]:
    """The best option without each block in turn, 0 for none; shape (folds, blocks).

    Args:
        scores: shape (folds, blocks, options); NaN where a block does not have an option.
    """
    num_blocks = scores.shape[1]
    others = np.array([np.delete(np.arange(num_blocks), block) for block in range(num_blocks)])
    left = scores[:, others]
    known = ~np.isnan(left)
    with np.errstate(invalid="ignore"):
        means = np.where(known, left, 0.0).sum(axis=2) / known.sum(axis=2)
    of_none = np.zeros((*means.shape[:2], 1))
    best: npt.NDArray[np.int64] = np.argmax(np.concatenate([of_none, np.nan_to_num(means, nan=-np.inf)], 2), axis=2)
    return best


def _split_examples(options: Sequence[tuple[tuple[int, ...], Scored]], names: Sequence[int]) -> _Halves:
    """Score all options on each fold of the examples and on the rest of them; one fold where examples are not known.

    On a part of the examples a score is, to first order, the score on all plus the contributions of the part, scaled up
    to all.
    """
    whole = np.full((len(names), len(options)), np.nan)
    for column, (blocks, scored) in enumerate(options):
        whole[[names.index(one) for one in blocks], column] = scored.scores
    hashes = {examples for _, scored in options for examples in scored.contributions}
    if any(scored.contributions.keys() != hashes for _, scored in options) or not hashes:
        return _Halves(whole[None], whole[None])
    picking, judging = (np.stack([whole] * NUM_FOLDS) for _ in range(2))
    rows = [names.index(one) for blocks, _ in options for one in blocks]
    columns = [column for column, (blocks, _) in enumerate(options) for _ in blocks]
    for examples in sorted(hashes):
        by_example = np.ascontiguousarray(np.concatenate([scored.contributions[examples] for _, scored in options]).T)
        folds = _folds(examples, len(by_example))
        for fold in range(NUM_FOLDS):
            is_judge = folds == fold
            share = is_judge.mean()
            if not 0 < share < 1:
                continue
            of_judge = by_example[is_judge].sum(axis=0, dtype=np.float64)
            judging[fold, rows, columns] += of_judge / share
            picking[fold, rows, columns] -= of_judge / (1 - share)
    return _Halves(picking, judging)


def _folds(examples: str, num_examples: int) -> npt.NDArray[np.int64]:
    """Fold of each example: the same for all that share a test set, and in every computation."""
    generator = np.random.default_rng(int.from_bytes(sha256(f"folds {examples}".encode()).digest()))
    return generator.permutation(num_examples) % NUM_FOLDS
