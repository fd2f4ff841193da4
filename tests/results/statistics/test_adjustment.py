import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from results.statistics.adjustment import adjust
from results.statistics.estimates import Estimates

ALPHA = 0.05
rows = st.lists(st.tuples(st.floats(-8, 8), st.floats(0.05, 2), st.floats(0.0, 2)), min_size=1, max_size=12)


def _estimates(rows):
    delta, seed_sd, example_sd = (np.array(column) for column in zip(*rows, strict=True))
    variances = {"seed_variance": seed_sd**2, "example_variance": example_sd**2}
    return Estimates(k=np.full(len(delta), 5), delta=delta, residual_variance=np.zeros(len(delta)), **variances)


def _excludes_0(found, adjusted):
    interval = found.interval(adjusted.level)
    return (interval.low > 0) | (interval.high < 0)


@settings(max_examples=80, deadline=None)
@given(rows=rows)
def test_false_coverage_rate_intervals_leave_0_out_exactly_where_benjamini_hochberg_rejects(rows):
    found = _estimates(rows)
    adjusted = adjust(found.p_values(), "bh", ALPHA)
    is_clear = np.abs(adjusted.p - ALPHA) > 1e-6
    np.testing.assert_array_equal(_excludes_0(found, adjusted)[is_clear], (adjusted.p <= ALPHA)[is_clear])


@settings(max_examples=80, deadline=None)
@given(rows=rows)
def test_a_simultaneous_interval_leaves_0_out_only_where_holm_rejects(rows):
    found = _estimates(rows)
    adjusted = adjust(found.p_values(), "holm", ALPHA)
    is_clear = np.abs(adjusted.p - ALPHA) > 1e-6
    assert (adjusted.p <= ALPHA)[is_clear & _excludes_0(found, adjusted)].all()


def test_holm_rejects_on_where_the_simultaneous_interval_does_not():
    adjusted = adjust([0.001, 0.03], "holm", ALPHA)
    assert adjusted.p.tolist() == [0.002, 0.03]
    assert 1 - adjusted.level < 0.03


@pytest.mark.parametrize(("method", "name"), [("holm", "holm"), ("bh", "fdr_bh")])
def test_corrected_p_values_are_those_of_statsmodels(method, name):
    p = np.random.default_rng(0).random((4, 12)) ** 3
    p[3] = np.round(p[3], 1)  # ties
    for family in p:
        rejected, expected, _, _ = multipletests(family, ALPHA, name)
        found = adjust(family, method, ALPHA)
        np.testing.assert_allclose(found.p, expected, atol=1e-12)
        np.testing.assert_array_equal(found.p <= ALPHA, rejected)


@pytest.mark.parametrize("method", ["holm", "bh", "none"])
def test_what_cannot_be_tested_is_not_in_the_family(method):
    with_gaps = adjust([0.01, np.nan, 0.04, np.nan], method)
    without = adjust([0.01, 0.04], method)
    assert with_gaps.size == without.size == 2
    assert with_gaps.level == without.level
    np.testing.assert_array_equal(with_gaps.p[[0, 2]], without.p)
    assert np.isnan(with_gaps.p[[1, 3]]).all()


def test_levels_are_of_the_number_of_hypotheses_and_of_claims():
    p = [0.001, 0.002, 0.4, 0.8, 0.9]
    assert adjust(p, "holm").level == pytest.approx(1 - 0.05 / 5)
    assert adjust(p, "bh").level == pytest.approx(1 - 0.05 * 2 / 5)
    assert adjust([0.4, 0.5], "bh").level == pytest.approx(1 - 0.05 / 2)
    assert adjust(p, "none").level == pytest.approx(0.95)
    assert adjust([], "holm").level == pytest.approx(0.95)


def test_the_words_say_which_intervals_they_are():
    assert adjust([0.001, 0.5, 0.6], "holm").ci_method == "simultaneous, 3 at once (Bonferroni)"
    assert "1 of 3 selected" in adjust([0.001, 0.5, 0.6], "bh").ci_method
    assert "none of 2 selected, as for one" in adjust([0.5, 0.6], "bh").ci_method
    assert adjust([0.001], "none").ci_method == "not corrected"
