from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test, trim_mean
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_of_statsmodels

from results.statistics.significance import interquartile_mean, mcnemar, probability_of_improvement, sign_flip

deltas_of_few_seeds = st.lists(st.sampled_from([-2.0, -1.1, -0.3, 0.0, 0.3, 0.7, 1.9]), min_size=1, max_size=9)


@settings(max_examples=60, deadline=None)
@given(deltas=deltas_of_few_seeds)
def test_sign_flips_are_all_ways_to_swap_cell_and_baseline(deltas):
    sums = [abs(np.dot(signs, deltas)) for signs in product((1, -1), repeat=len(deltas))]
    expected = np.mean(np.array(sums) >= abs(sum(deltas)) - 1e-9)
    assert sign_flip(deltas).p == pytest.approx(expected)


def test_sign_flips_agree_with_scipy():
    deltas = np.random.default_rng(0).standard_normal(14) + 0.4
    other = permutation_test((deltas,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip(deltas).p == pytest.approx(other.pvalue)


def test_more_than_twenty_seeds_are_sampled_always_alike():
    deltas = np.random.default_rng(0).standard_normal(30) + 0.35
    other = permutation_test(
        (deltas,), np.mean, permutation_type="samples", n_resamples=50_000, rng=np.random.default_rng(1)
    )
    assert sign_flip(deltas).p == pytest.approx(other.pvalue, abs=0.004)
    assert sign_flip(deltas) == sign_flip(deltas)
    assert sign_flip(np.ones(30)).p == sign_flip(np.ones(30)).smallest


@pytest.mark.parametrize(("k", "smallest"), [(1, 1.0), (2, 0.5), (5, 0.0625), (6, 0.03125), (20, 2 / 2**20)])
def test_the_smallest_p_is_known_and_reached_when_all_seeds_agree(k, smallest):
    found = sign_flip(np.linspace(1, 2, k))
    assert found.smallest == pytest.approx(smallest)
    assert found.p == pytest.approx(smallest)


def test_nothing_is_said_of_no_seeds_or_unknown_differences():
    assert np.isnan(sign_flip([]).p)
    assert np.isnan(sign_flip([1.0, np.nan]).p)
    assert sign_flip([0.0, 0.0, 0.0]).p == 1


def test_mcnemar_agrees_with_statsmodels_on_either_side_of_25():
    n01, n10 = np.array([0, 3, 12, 13, 30, 100, 24]), np.array([1, 9, 12, 12, 60, 80, 0])
    expected = []
    for first, second in zip(n01, n10, strict=True):
        table = [[50, first], [second, 50]]
        expected.append(mcnemar_of_statsmodels(table, exact=first + second < 25, correction=True).pvalue)
    np.testing.assert_allclose(mcnemar(n01, n10), expected)


def test_mcnemar_of_runs_that_never_or_equally_often_disagree_is_1():
    np.testing.assert_allclose(mcnemar([0, 5, 40], [0, 5, 40]), 1.0)
    assert np.isnan(mcnemar([np.nan], [3])).all()


@settings(max_examples=40, deadline=None)
@given(cell=deltas_of_few_seeds, baseline=deltas_of_few_seeds)
def test_the_probability_of_improvement_counts_pairs_and_halves_ties(cell, baseline):
    pairs = [1.0 if own > other else 0.5 if own == other else 0.0 for own in cell for other in baseline]
    assert probability_of_improvement(cell, baseline) == pytest.approx(np.mean(pairs))


def test_means_that_differ_by_rounding_are_ties():
    assert 0.1 + 0.2 != 0.3
    assert probability_of_improvement([0.1 + 0.2], [0.3]) == 0.5


def test_the_probability_of_improvement_of_nothing_is_unknown():
    assert np.isnan(probability_of_improvement([], [1.0]))
    assert np.isnan(probability_of_improvement([1.0, np.nan], [1.0]))


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.floats(-100, 100), min_size=1, max_size=15))
def test_the_interquartile_mean_is_scipys_trimmed_mean(values):
    assert interquartile_mean(values) == pytest.approx(trim_mean(values, 0.25), abs=1e-9)


def test_the_interquartile_mean_leaves_a_quarter_out_at_either_end():
    assert interquartile_mean([100.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, -100.0]) == pytest.approx(3.5)
    assert interquartile_mean([1.0, 2.0, 9.0]) == pytest.approx(4.0)  # of three, a quarter is none
    assert np.isnan(interquartile_mean([]))
