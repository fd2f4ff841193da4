"""Tests of gains of a pick that are judged on other data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.statistics.differences import Scored, average
from results.statistics.splitting import split_gain
from tests.results.statistics.worlds import score

SEEDS = (0, 1, 2, 3)


def options(gains, seeds=SEEDS):
    return [(seeds, Scored(np.array(one, float), {})) for one in gains]


def test_without_examples_the_best_on_all_other_seeds_is_judged_on_each():
    gains = np.array([[1.0, 2.0, 3.0, 6.0], [2.0, 2.0, 2.0, 2.0]])
    split = split_gain(options(gains))
    expected = []
    for seed in range(4):
        others = np.delete(gains, seed, axis=1).mean(axis=1)
        expected.append(gains[int(np.argmax(others)), seed] if others.max() > 0 else 0.0)
    assert split is not None
    assert split.by_block == pytest.approx(expected)


def test_what_is_never_better_than_none_gains_exactly_nothing():
    split = split_gain(options([[-1.0, -2.0, -1.0, -3.0]]))
    assert split is not None
    assert split.by_block.tolist() == [0.0, 0.0, 0.0, 0.0]
    assert split.shares_picked.tolist() == [1.0, 0.0]


def test_fewer_than_three_seeds_pick_nothing():
    assert split_gain(options([[1.0, 2.0]], seeds=(0, 1))) is None


def test_a_seed_that_an_option_does_not_have_does_not_judge_it():
    split = split_gain([(SEEDS, Scored(np.full(4, 1.0), {})), (SEEDS[:3], Scored(np.full(3, 5.0), {}))])
    assert split is not None
    assert split.by_block.tolist() == [5.0, 5.0, 5.0]  # nobody can judge the pick on the fourth


@given(st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_the_gain_of_a_single_clear_option_is_its_mean_gain(seed):
    """However the examples are split, what they add sums to 0."""
    generator = np.random.default_rng(seed)
    is_right = generator.random((2, 4, 100)) < np.array([0.95, 0.3])[:, None, None]
    gain = average([score(is_right[0]), score(is_right[1])], (1.0, -1.0))
    split = split_gain([(SEEDS, gain)])
    assert split is not None
    assert split.by_block == pytest.approx(gain.scores, abs=1e-3)


def test_the_same_data_give_the_same_gain_in_any_order_of_seeds():
    generator = np.random.default_rng(5)
    gains = generator.normal(size=(3, 4))
    one = split_gain(options(gains))
    other = split_gain([(SEEDS[::-1], Scored(row[::-1].copy(), {})) for row in gains])
    assert one is not None
    assert other is not None
    assert one.by_block == pytest.approx(other.by_block)
