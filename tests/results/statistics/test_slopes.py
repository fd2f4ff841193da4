"""Tests of lines over languages, with simulations of what their intervals promise."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from results.statistics.slopes import fit_line

SIZES = np.log10([300.8, 66.6, 56.8, 53.3, 46.9, 32.7, 28.0, 20.9, 20.2, 9.0, 5.7, 3.2, 1.6, 0.6, 0.1])
LOG_CORPUS = SIZES - SIZES.mean()


def simulate(generator, *, num_blocks=5, language=1.0, residual=1.0, common=0.5, trend=0.3, slope=0.0, size=LOG_CORPUS):
    """Effects by language and seed block: languages differ, runs are good or bad, more so where the corpus is small."""
    num_languages = len(size)
    effects = slope * size[:, None] + generator.normal(0, language, (num_languages, 1))
    effects = effects + generator.normal(0, residual, (num_languages, num_blocks))
    effects += generator.normal(0, common, num_blocks)
    return effects + generator.normal(0, trend, num_blocks) * size[:, None]


def share_rejected(num_sweeps, seed, **changes):
    generator = np.random.default_rng(seed)
    return np.mean(
        [fit_line(simulate(generator, **changes), LOG_CORPUS).p_values() < 0.05 for _ in range(num_sweeps)], 0
    )


def test_estimates_are_least_squares_through_the_means_of_languages():
    effects = simulate(np.random.default_rng(0))
    ols = sm.OLS(effects.mean(axis=1), sm.add_constant(LOG_CORPUS)).fit()
    assert fit_line(effects, LOG_CORPUS).estimates == pytest.approx(ols.params)


def test_errors_are_those_of_least_squares_where_seeds_add_nothing_but_residuals():
    """Where every seed says the same, only languages are a sample."""
    effects = np.repeat(simulate(np.random.default_rng(1), num_blocks=1), 4, axis=1)
    ols = sm.OLS(effects[:, 0], sm.add_constant(LOG_CORPUS)).fit()
    line = fit_line(effects, LOG_CORPUS)
    assert line.errors == pytest.approx(ols.bse)
    assert line.df == pytest.approx(len(LOG_CORPUS) - 2)
    assert line.p_values() == pytest.approx(ols.pvalues)


def test_errors_are_those_of_seeds_where_languages_all_lie_on_one_line():
    generator = np.random.default_rng(2)
    levels, trends = generator.normal(size=5), generator.normal(size=5)
    line = fit_line(levels + trends * LOG_CORPUS[:, None], LOG_CORPUS)
    expected = np.array([levels.std(ddof=1), trends.std(ddof=1)]) / np.sqrt(5)
    assert line.errors == pytest.approx(expected)
    assert line.df == pytest.approx(4)


def test_one_seed_block_gives_a_line_without_errors():
    line = fit_line(simulate(np.random.default_rng(3), num_blocks=1), LOG_CORPUS)
    assert np.isfinite(line.estimates).all()
    assert np.isnan(line.errors).all()


def test_without_a_predictor_there_is_a_level_alone():
    effects = simulate(np.random.default_rng(4))
    line = fit_line(effects, None)
    assert line.estimates == pytest.approx([effects.mean()])


def test_too_few_languages_are_refused():
    with pytest.raises(ValueError, match="too few"):
        fit_line(np.zeros((2, 3)), np.array([-1.0, 1.0]))


@given(st.integers(0, 10_000), st.floats(-3, 3), st.floats(0.1, 10))
@settings(max_examples=50, deadline=None)
def test_shifting_and_scaling_effects_shifts_and_scales_the_line(seed, shift, scale):
    effects = simulate(np.random.default_rng(seed), num_blocks=3)
    line, other = fit_line(effects, LOG_CORPUS), fit_line(scale * effects + shift, LOG_CORPUS)
    assert other.estimates == pytest.approx(scale * line.estimates + [shift, 0], abs=1e-9)
    assert other.errors == pytest.approx(scale * line.errors)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_errors_never_fall_below_those_of_languages_alone(seed):
    effects = simulate(np.random.default_rng(seed), num_blocks=3)
    ols = sm.OLS(effects.mean(axis=1), sm.add_constant(LOG_CORPUS)).fit()
    assert np.all(fit_line(effects, LOG_CORPUS).errors >= ols.bse * (1 - 1e-9))


NUM_SWEEPS = 2_000
TOLERANCE = 3 * np.sqrt(0.05 * 0.95 / NUM_SWEEPS)
"""Three standard errors of the simulation."""


@pytest.mark.parametrize("num_blocks", [3, 5, 10])
def test_no_trend_over_languages_is_found_one_time_in_twenty(num_blocks):
    """Languages differ at random, runs are worse for small corpora at random, and there is no trend."""
    level, slope = share_rejected(NUM_SWEEPS, num_blocks, num_blocks=num_blocks)
    assert slope <= 0.05 + TOLERANCE
    assert slope >= 0.02  # nor is the test so cautious that it could find nothing
    assert level <= 0.05 + TOLERANCE + 0.01


def test_with_two_seeds_false_positives_stay_below_one_in_ten():
    """One degree of freedom for what seeds do is too little for exact tests: see docs/statistics.md."""
    level, slope = share_rejected(NUM_SWEEPS, 2, num_blocks=2)
    assert max(level, slope) < 0.10


def test_where_languages_do_not_differ_beyond_noise_the_test_is_cautious():
    _, slope = share_rejected(NUM_SWEEPS, 7, language=0.0, trend=0.0)
    assert slope <= 0.05


def test_a_planted_slope_is_recovered_and_covered():
    generator = np.random.default_rng(8)
    found = [fit_line(simulate(generator, slope=-1.5), LOG_CORPUS) for _ in range(NUM_SWEEPS)]
    slopes = np.array([line.estimates[1] for line in found])
    assert slopes.mean() == pytest.approx(-1.5, abs=4 * slopes.std() / np.sqrt(NUM_SWEEPS))
    ends = np.array([[end[1] for end in line.interval()] for line in found])
    coverage = np.mean((ends[:, 0] <= -1.5) & (ends[:, 1] >= -1.5))
    assert abs(coverage - 0.95) <= TOLERANCE + 0.01


def test_taking_every_language_and_seed_for_a_sample_of_its_own_finds_trends_that_are_not_there():
    """What the model without random slopes does (the reference's warning): z is inflated."""
    generator = np.random.default_rng(9)
    size = np.repeat(LOG_CORPUS, 5)
    p = [sm.OLS(simulate(generator).ravel(), sm.add_constant(size)).fit().pvalues[1] for _ in range(500)]
    assert np.mean(np.array(p) < 0.05) > 0.15
