import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t
from statsmodels.stats.weightstats import DescrStatsW

from results.statistics.estimates import Estimates


def _estimates(delta, seed_sd, example_sd, residual_sd=0.0, k=5):
    """Of means: `seed_sd` and `example_sd` are standard errors that hold the residual, `residual_sd` its own."""
    values = np.broadcast_arrays(*(np.asarray(one, np.float64) for one in (delta, seed_sd, example_sd, residual_sd, k)))
    delta, seed_sd, example_sd, residual_sd, k = (np.atleast_1d(one) for one in values)
    return Estimates(
        k=k.astype(np.int64),
        delta=delta,
        seed_variance=seed_sd**2,
        example_variance=example_sd**2,
        residual_variance=residual_sd**2 * k,
    )


parts = st.floats(0.01, 5.0)
rows = st.fixed_dictionaries(
    {
        "delta": st.floats(-10, 10),
        "seed_sd": parts,
        "example_sd": parts,
        "residual_sd": st.floats(0.0, 5.0),
        "k": st.integers(2, 12),
    }
)


@settings(max_examples=60, deadline=None)
@given(row=rows, level=st.floats(0.5, 0.9999))
def test_an_interval_leaves_0_out_exactly_where_p_is_below_one_minus_its_level(row, level):
    found = _estimates(**row)
    interval, p = found.interval(level), found.p_values()[0]
    if abs(p - (1 - level)) > 1e-6:
        assert (interval.low[0] > 0 or interval.high[0] < 0) == (p < 1 - level)


@settings(max_examples=60, deadline=None)
@given(row=rows)
def test_the_standard_error_is_never_below_either_part_and_never_above_both(row):
    found = _estimates(**row | {"residual_sd": min(row["residual_sd"], row["example_sd"])})
    assert found.se[0] >= max(row["seed_sd"], row["example_sd"]) * (1 - 1e-9)
    assert found.se[0] <= np.hypot(row["seed_sd"], row["example_sd"]) * (1 + 1e-9)


def test_the_residual_is_counted_once():
    found = _estimates(0.0, seed_sd=2.0, example_sd=1.5, residual_sd=1.0)
    assert found.se[0] ** 2 == pytest.approx(2.0**2 + 1.5**2 - 1.0**2)


def test_seeds_that_lie_closer_than_chance_allows_do_not_take_the_examples_share_away():
    found = _estimates(0.0, seed_sd=0.1, example_sd=1.0, residual_sd=1.0)
    assert found.se[0] == pytest.approx(1.0)


def test_intervals_are_wider_than_the_normal_one_and_narrower_than_with_all_of_it_in_a_t():
    found = _estimates(0.0, seed_sd=1.0, example_sd=1.0)
    half_width = found.interval().high[0]
    assert norm.ppf(0.975) * np.sqrt(2) < half_width < t.ppf(0.975, 4) * np.sqrt(2)


def test_levels_may_differ_by_row():
    found = _estimates([0.0, 0.0], 1.0, 1.0)
    both = found.interval(np.array([0.9, 0.99]))
    assert both.high[0] == found.interval(0.9).high[0]
    assert both.high[1] == found.interval(0.99).high[1]


def test_equivalence_is_two_one_sided_t_tests_where_examples_add_nothing():
    deltas = np.random.default_rng(0).standard_normal(8) * 0.4
    found = _estimates(deltas.mean(), deltas.std(ddof=1) / np.sqrt(8), 0.0, k=8).equivalence(0.5)
    p, above, below = DescrStatsW(deltas).ttost_mean(-0.5, 0.5)
    assert found.p[0] == pytest.approx(p)
    assert found.p_no_loss[0] == pytest.approx(above[1])
    assert found.p_no_gain[0] == pytest.approx(below[1])


@settings(max_examples=40, deadline=None)
@given(row=rows, margin=st.floats(0.1, 3.0))
def test_equivalence_holds_exactly_where_the_90_percent_interval_lies_within_the_margin(row, margin):
    found = _estimates(**row)
    interval, p = found.interval(0.9), found.equivalence(margin).p[0]
    if abs(p - 0.05) > 1e-6:
        assert (interval.low[0] > -margin and interval.high[0] < margin) == (p < 0.05)


@pytest.mark.parametrize(
    ("num_examples", "disagreeing", "num_tests", "expected"),
    [
        (5010, 0.05, 1, 0.89),
        (5010, 0.10, 1, 1.25),
        (5010, 0.10, 15, 1.69),
        (5010, 0.10, 120, 1.95),
        (2490, 0.05, 1, 1.26),
        (1000, 0.10, 15, 3.78),
        (500, 0.10, 1, 3.96),
        (500, 0.10, 120, 6.18),
    ],
)
def test_without_differences_between_seeds_the_detectable_effect_is_that_of_the_test_set(
    num_examples, disagreeing, num_tests, expected
):
    """Expected: the simulated table of what can be seen, test-set noise alone, 80 % power."""
    found = _estimates(0.0, 0.0, 100 * np.sqrt(disagreeing / num_examples))
    assert found.detectable_effect(1 - 0.05 / num_tests)[0] == pytest.approx(expected, abs=0.02)


def test_all_differences_0_have_p_1_and_an_interval_of_0():
    found = _estimates(0.0, 0.0, 0.0)
    assert found.se[0] == 0
    assert found.p_values()[0] == 1
    assert (found.interval().low[0], found.interval().high[0]) == (0, 0)
    assert found.equivalence(0.5).p[0] == 0
    assert np.isnan(found.detectable_effect()[0])


def test_a_difference_without_any_spread_is_not_judged():
    found = _estimates(2.0, 0.0, 0.0)
    assert np.isnan(found.p_values()[0])
    assert np.isnan(found.interval().low[0])
    assert np.isnan(found.equivalence(0.5).p[0])


def test_some_rows_may_be_taken():
    found = _estimates([1.0, 2.0, 3.0], 1.0, 0.5, k=[2, 3, 4])
    assert found.take([2, 0]).delta.tolist() == [3.0, 1.0]
    assert found.take(found.k > 2).df.tolist() == [2.0, 3.0]
