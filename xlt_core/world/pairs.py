"""Labelled pairs of meanings, and which of them are held out for dev and test. In: a seed. Out: `LabelledPair`s."""

from collections.abc import Sequence, Set
from typing import NamedTuple

import numpy as np

from xlt_core.streams import numpy_generator
from xlt_core.world.meanings import Meaning, MeaningSampler
from xlt_core.world.rewrites import RELATIONS, Difficulty, MeaningPair, rewrite

HARD_SHARE = 0.25
"""Share of hard pairs in dev, test, and training data without a dose."""
_DRAWN_AT_ONCE = 2048


class LabelledPair(NamedTuple):
    """Two meanings and how they relate."""

    meanings: MeaningPair
    label: int
    """Index into `RELATIONS`."""
    difficulty: Difficulty

    @property
    def cores(self) -> frozenset[Meaning]:
        """What the pair is about, whatever its synonyms."""
        return frozenset(meaning.core for meaning in self.meanings)


def draw_pairs(
    sampler: MeaningSampler,
    num_pairs: int,
    *,
    seed: int,
    stream: str,
    hard_share: float,
    excluded: Set[Meaning] = frozenset(),
) -> tuple[LabelledPair, ...]:
    """Draw pairs with alternating labels; the hard ones are an exact share of each label, at random places.

    Nested: a pair that is hard at one share is the same hard pair at every larger one, and one that is easy the same
    easy pair at every smaller one.

    Args:
        sampler: the world's.
        num_pairs: how many.
        seed: equal seeds, equal pairs.
        stream: names this use of chance.
        hard_share: in [0, 1].
        excluded: cores that may occur in no pair.
    """
    easy = _draw_of(sampler, numpy_generator(seed, f"{stream}_easy"), num_pairs, "easy", excluded)
    hard = _draw_of(sampler, numpy_generator(seed, f"{stream}_hard"), num_pairs, "hard", excluded)
    is_hard = _choose_places(numpy_generator(seed, f"{stream}_places"), num_pairs, hard_share)
    return tuple(hard[i] if is_hard[i] else easy[i] for i in range(num_pairs))


def _choose_places(generator: np.random.Generator, num_pairs: int, share: float) -> list[bool]:
    """Mark `share` of the places of each label; a larger share marks the same places and more."""
    chosen = [False] * num_pairs
    for label in range(len(RELATIONS)):
        places = np.arange(label, num_pairs, len(RELATIONS))
        for place in generator.permutation(places)[: round(share * len(places))]:
            chosen[place] = True
    return chosen


def _draw_of(
    sampler: MeaningSampler,
    generator: np.random.Generator,
    num_pairs: int,
    difficulty: Difficulty,
    excluded: Set[Meaning],
) -> Sequence[LabelledPair]:
    pairs: list[LabelledPair] = []
    while True:
        for meaning in sampler.draw(generator, _DRAWN_AT_ONCE):
            if len(pairs) == num_pairs:
                return pairs
            label = len(pairs) % len(RELATIONS)
            meanings = rewrite(meaning, difficulty, RELATIONS[label], generator)
            if meanings is None:
                continue
            pair = LabelledPair(meanings, label, difficulty)
            if pair.cores.isdisjoint(excluded):
                pairs.append(pair)
