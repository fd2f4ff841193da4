"""Labelled pairs: balance, share of hard pairs, nesting, exclusion."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlt_core.world.meanings import build_sampler
from xlt_core.world.pairs import draw_pairs

SAMPLER = build_sampler(0)
NUM_PAIRS = 120


def draw(share, seed=0, excluded=frozenset()):
    return draw_pairs(SAMPLER, NUM_PAIRS, seed=seed, stream="test", hard_share=share, excluded=excluded)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.4, 1.0])
def test_labels_alternate_and_the_share_of_hard_pairs_is_exact_in_each(share):
    pairs = draw(share)
    assert [pair.label for pair in pairs] == [0, 1] * (NUM_PAIRS // 2)
    for label in (0, 1):
        hard = [pair.difficulty == "hard" for pair in pairs if pair.label == label]
        assert sum(hard) == share * NUM_PAIRS / 2


@settings(max_examples=15, deadline=None)
@given(smaller=st.floats(0, 1), larger=st.floats(0, 1), seed=st.integers(0, 5))
def test_hard_pairs_are_nested_in_the_share(smaller, larger, seed):
    smaller, larger = sorted((smaller, larger))
    for few, many in zip(draw(smaller, seed), draw(larger, seed), strict=True):
        assert few == many or (few.difficulty, many.difficulty) == ("easy", "hard")


def test_equal_seeds_draw_equal_pairs_and_other_seeds_others():
    assert draw(0.4) == draw(0.4) != draw(0.4, seed=1)


def test_excluded_meanings_are_on_neither_side_of_a_pair():
    excluded = frozenset(core for pair in draw(0.4) for core in pair.cores)
    pairs = draw(0.4, excluded=excluded)
    assert len(pairs) == NUM_PAIRS
    assert all(side.core not in excluded for pair in pairs for side in pair.meanings)


def test_no_pair_says_the_same_twice():
    assert all(pair.meanings.premise != pair.meanings.hypothesis for pair in draw(0.4))
