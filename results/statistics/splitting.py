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
    """One fold: scores of all options on the examples that pick and on those that judge, shape (blocks, options)."""

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
    gains = np.zeros(len(names))
    num_judged = np.zeros(len(names))
    picked = np.zeros(1 + len(options))
    for fold in _split_examples(options, names):
        for block in range(len(names)):
            others = np.delete(fold.picking, block, axis=0)
            known = ~np.isnan(others)
            with np.errstate(invalid="ignore"):
                means = np.where(known, others, 0.0).sum(axis=0) / known.sum(axis=0)
            best = int(np.argmax([0.0, *np.nan_to_num(means, nan=-np.inf)]))
            judged = 0.0 if best == 0 else fold.judging[block, best - 1]
            if not np.isnan(judged):
                gains[block] += judged
                num_judged[block] += 1
                picked[best] += 1
    could = num_judged > 0
    if could.sum() < MIN_BLOCKS:
        return None
    return SplitGain(gains[could] / num_judged[could], picked / picked.sum())


def _split_examples(options: Sequence[tuple[tuple[int, ...], Scored]], names: Sequence[int]) -> list[_Halves]:
    """Score all options on each fold of the examples and on the rest of them; one fold where examples are not known.

    On a part of the examples a score is, to first order, the score on all plus the contributions of the part, scaled up
    to all.
    """
    whole = np.full((len(names), len(options)), np.nan)
    for column, (blocks, scored) in enumerate(options):
        whole[[names.index(one) for one in blocks], column] = scored.scores
    hashes = {examples for _, scored in options for examples in scored.contributions}
    if any(scored.contributions.keys() != hashes for _, scored in options) or not hashes:
        return [_Halves(whole, whole)]
    picking, judging = (np.stack([whole] * NUM_FOLDS) for _ in range(2))
    rows = [[names.index(one) for one in blocks] for blocks, _ in options]
    for examples in sorted(hashes):
        of_options = [scored.contributions[examples] for _, scored in options]
        folds = _folds(examples, of_options[0].shape[1])
        for fold in range(NUM_FOLDS):
            is_judge = folds == fold
            share = is_judge.mean()
            if not 0 < share < 1:
                continue
            for column, contributions in enumerate(of_options):
                of_judge = contributions[:, is_judge].sum(axis=1, dtype=np.float64)
                judging[fold, rows[column], column] += of_judge / share
                picking[fold, rows[column], column] -= of_judge / (1 - share)
    return [_Halves(*both) for both in zip(picking, judging, strict=True)]


def _folds(examples: str, num_examples: int) -> npt.NDArray[np.int64]:
    """Fold of each example: the same for all that share a test set, and in every computation."""
    generator = np.random.default_rng(int.from_bytes(sha256(f"folds {examples}".encode()).digest()))
    return generator.permutation(num_examples) % NUM_FOLDS
