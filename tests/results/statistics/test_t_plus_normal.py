import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import nctdtrinc
from scipy.stats import norm, t

from results.statistics.t_plus_normal import detectable, quantile, survival

DEGREES = (1, 2, 3, 4, 9, 24, 499)
SCALES = st.just(0.0) | st.floats(1e-9, 5.0)
"""Standard errors in points: none, or one that a float can hold a share of."""


@pytest.mark.parametrize("df", DEGREES)
def test_without_a_normal_part_it_is_students_t(df):
    x = np.array([-3.0, 0.0, 0.5, 2.0, 8.0, 40.0, 1000.0])
    np.testing.assert_allclose(survival(x, 1.0, 0.0, df), t.sf(x, df), rtol=1e-9, atol=1e-13)


def test_without_a_t_part_it_is_normal_whatever_the_degrees_of_freedom():
    x = np.array([-2.0, 0.0, 1.0, 6.0])
    for df in DEGREES:
        np.testing.assert_allclose(survival(x, 0.0, 2.0, df), norm.sf(x / 2), rtol=1e-12)


@pytest.mark.parametrize("df", [1, 2, 4, 9])
@pytest.mark.parametrize(("t_scale", "normal_scale"), [(1.0, 1.0), (0.2, 1.0), (1.0, 0.1)])
def test_tails_are_those_of_the_integral_over_the_normal_part(df, t_scale, normal_scale):
    def tail(x):
        return quad(lambda z: norm.pdf(z) * t.sf((x - normal_scale * z) / t_scale, df), -12, 12, epsabs=1e-13)[0]

    x = [-1.0, 0.3, 2.0, 6.0]
    np.testing.assert_allclose(survival(x, t_scale, normal_scale, df), [tail(one) for one in x], rtol=1e-7, atol=1e-11)


@settings(max_examples=60, deadline=None)
@given(df=st.sampled_from(DEGREES), t_scale=SCALES, normal_scale=SCALES, probability=st.floats(0.51, 1 - 1e-6))
def test_a_quantile_leaves_exactly_its_probability_behind(df, t_scale, normal_scale, probability):
    found = quantile(probability, t_scale, normal_scale, df)
    if t_scale == normal_scale == 0:
        assert found == 0
    else:
        assert survival(found, t_scale, normal_scale, df) == pytest.approx(1 - probability, rel=1e-5)


@settings(max_examples=40, deadline=None)
@given(df=st.sampled_from(DEGREES), t_scale=SCALES, normal_scale=SCALES, probability=st.floats(0.8, 1 - 1e-6))
def test_a_quantile_lies_between_each_part_alone_and_the_sum_of_both(df, t_scale, normal_scale, probability):
    found = quantile(probability, t_scale, normal_scale, df)
    parts = t.ppf(probability, df) * t_scale, norm.ppf(probability) * normal_scale
    assert max(parts) * (1 - 1e-9) <= found <= sum(parts) * (1 + 1e-9)


@pytest.mark.parametrize("df", [1, 2, 4, 9, 24])
@pytest.mark.parametrize("level", [0.95, 1 - 0.05 / 15])
def test_what_is_detectable_without_a_normal_part_is_the_noncentrality_of_a_t_test(df, level):
    expected = nctdtrinc(df, 0.2, t.ppf(0.5 + level / 2, df))
    assert detectable(0.8, 0.5 + level / 2, 2.0, 0.0, df) == pytest.approx(2 * expected, rel=2e-3 if df > 1 else 0.02)


def test_what_is_detectable_without_a_t_part_is_the_sum_of_two_normal_quantiles():
    expected = norm.ppf(0.975) + norm.ppf(0.8)
    np.testing.assert_allclose(detectable(0.8, 0.975, 0.0, [1.0, 3.0], 4), [expected, 3 * expected], rtol=1e-6)
    assert detectable(0.8, 0.975, 0.0, 0.0, 4) == 0
    assert np.isnan(detectable(0.8, 0.975, np.nan, 1.0, 4))


@pytest.mark.parametrize("df", [2, 4])
def test_what_is_detectable_is_detected_in_four_of_five_tries(df):
    generator = np.random.default_rng(0)
    num_tries = 20_000
    effect = detectable(0.8, 0.975, 1.0, 1.0, df)
    scales = np.sqrt(generator.chisquare(df, num_tries) / df)
    values = effect + generator.standard_normal(num_tries) * np.sqrt(2)
    assert np.mean(values > quantile(0.975, scales, 1.0, df)) == pytest.approx(0.8, abs=0.01)


def test_rows_do_not_touch_each_other_and_unknown_rows_stay_unknown():
    t_scale, normal_scale = np.array([1.0, np.nan, 0.0, 0.5]), np.array([0.5, 1.0, 0.0, 0.0])
    df = np.array([4.0, 4.0, 2.0, np.nan])
    together = quantile([0.9, 0.9, 0.99, 0.9], t_scale, normal_scale, df)
    assert together[0] == quantile(0.9, 1.0, 0.5, 4.0)
    assert np.isnan(together[1])
    assert together[2] == 0
    assert np.isnan(together[3])
    assert np.isnan(survival(1.0, t_scale, normal_scale, df)).tolist() == [False, True, False, True]
