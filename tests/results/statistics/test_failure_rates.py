"""Tests of failure as an outcome."""

import json
from itertools import product
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from results.statistics.failure_rates import Rate, compute_failure_tests, exact_trend
from tests.results.simulated import Design, simulate_store

rates = st.lists(st.integers(1, 5).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=2, max_size=4)


def brute_force(groups):
    """Every way to spread the failures over the groups, one by one."""
    failed, ended = sum(one for one, _ in groups), sum(n for _, n in groups)
    mean = failed * sum(rank * n for rank, (_, n) in enumerate(groups)) / ended
    observed = abs(sum(rank * one for rank, (one, _) in enumerate(groups)) - mean)
    total = 0
    for way in product(*(range(n + 1) for _, n in groups)):
        if sum(way) == failed and abs(sum(rank * one for rank, one in enumerate(way)) - mean) >= observed - 1e-9:
            number = 1
            for one, (_, n) in zip(way, groups, strict=True):
                number *= comb(n, one)
            total += number
    return total / comb(ended, failed)


@given(rates)
@settings(max_examples=100, deadline=None)
def test_the_exact_trend_is_that_of_all_tables(groups):
    p = exact_trend([Rate(*one) for one in groups])
    failed, ended = sum(one for one, _ in groups), sum(n for _, n in groups)
    if failed in (0, ended):
        assert p is None
    else:
        assert p == pytest.approx(brute_force(groups))


@given(st.integers(0, 5), st.integers(0, 5))
def test_of_two_equal_groups_the_trend_is_fishers_test(first, second):
    p = exact_trend([Rate(first, 5), Rate(second, 5)])
    if p is not None:
        assert p == pytest.approx(fisher_exact([[first, 5 - first], [second, 5 - second]]).pvalue)


@given(rates)
def test_the_trend_is_the_same_from_both_ends(groups):
    forth, back = exact_trend([Rate(*one) for one in groups]), exact_trend([Rate(*one) for one in groups[::-1]])
    assert forth == (None if back is None else pytest.approx(back))


def test_failures_at_the_largest_magnitude_alone_are_a_trend_though_no_logistic_regression_exists():
    p = exact_trend([Rate(0, 5), Rate(0, 5), Rate(0, 5), Rate(5, 5)])
    assert p is not None
    assert p < 0.001


@pytest.fixture(scope="module")
def tests(tmp_path_factory):
    failed = {(0.3, None, seed): "diverged" for seed in range(4)} | {(0.1, None, 0): "degenerate"}
    design = Design(num_seeds=5, num_examples=20, languages=("en", "de"), failed=failed)
    return compute_failure_tests(simulate_store(tmp_path_factory.mktemp("failed"), design).snapshot()).to_pylist()


def test_every_cell_is_tested_against_its_baseline(tests):
    cells = {row["cell_id"]: row for row in tests if row["kind"] == "cell"}
    assert cells.keys() == {"m0.1", "m0.3"}
    assert (cells["m0.3"]["num_failed"], cells["m0.3"]["num_ended"], cells["m0.3"]["base_failed"]) == (4, 5, 0)
    assert cells["m0.3"]["p"] == pytest.approx(fisher_exact([[4, 1], [0, 5]]).pvalue)


def test_every_series_is_tested_for_a_trend_over_its_magnitudes(tests):
    (trend,) = [row for row in tests if row["kind"] == "trend"]
    assert json.loads(trend["rates"]) == {"0": [0, 5], "0.1": [1, 5], "0.3": [4, 5]}
    assert trend["p"] == pytest.approx(brute_force([(0, 5), (1, 5), (4, 5)]))


def test_a_sweep_in_which_nothing_failed_has_nothing_to_test(grid_store):
    assert compute_failure_tests(grid_store.snapshot()).num_rows == 0
