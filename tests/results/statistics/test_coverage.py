"""Simulations: how often intervals hold the truth, and tests reject what is true, in worlds whose truth is known.

Nominal means: within three binomial standard errors. Where seeds and examples both matter, the interval holds the truth
more often than it says, never less; how much more is written down here.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import stdtr

from results.statistics.adjustment import adjust
from results.statistics.bootstrap import estimate
from results.statistics.differences import Scored, subtract
from results.statistics.estimates import Estimates
from results.statistics.significance import mcnemar, sign_flip
from tests.results.statistics.worlds import World, simulate, simulate_difference, simulate_languages

NUM_DRAWS = 1000
EXAMPLES_MATTER = World(num_seeds=5, num_examples=300, seed_sd=0.5, churn=0.1, method_share=0.3)
SEEDS_MATTER = World(num_seeds=5, num_examples=1500, seed_sd=6.0, churn=0.02, method_share=0.0)
BOTH_MATTER = World(num_seeds=5, num_examples=300, seed_sd=2.0, churn=0.05, method_share=0.05)
NEITHER_REPEATS = World(num_seeds=5, num_examples=300, seed_sd=0.0, churn=0.3, method_share=0.0)
"""Runs differ by chance alone, example by example: the residual is all there is."""


def _simulate(world: World, num_worlds: int, seed: int = 0) -> Estimates:
    """Estimates, less what is true."""
    generator = np.random.default_rng(seed)
    found = estimate([simulate_difference(world, generator) for _ in range(num_worlds)], num_draws=NUM_DRAWS)
    return replace(found, delta=found.delta - world.effect)


def _error(rate: float, num_worlds: int) -> float:
    """Three binomial standard errors."""
    return 3 * float(np.sqrt(rate * (1 - rate) / num_worlds))


def _rejects(found: Estimates, alpha: float = 0.05) -> float:
    return float((found.p_values() < alpha).mean())


def _rejects_by_satterthwaite(found: Estimates, alpha: float) -> float:
    """One t with degrees of freedom by Satterthwaite, which is what would be done usually."""
    df = found.df * found.se**4 / found.seed_variance**2
    return float((2 * (1 - stdtr(df, np.abs(found.delta) / found.se)) < alpha).mean())


def _rejects_by_examples(found: Estimates) -> float:
    """A bootstrap of test examples alone."""
    return float((np.abs(found.delta) > 1.96 * np.sqrt(found.example_variance)).mean())


def _rejects_by_seeds(found: Estimates) -> float:
    """A t-test over seeds alone."""
    t = np.abs(found.delta) / np.sqrt(found.seed_variance)
    return float((2 * (1 - stdtr(found.df, t)) < 0.05).mean())


@pytest.mark.parametrize(("world", "expected"), [(EXAMPLES_MATTER, 0.035), (SEEDS_MATTER, 0.05), (BOTH_MATTER, 0.035)])
def test_intervals_hold_the_truth_as_often_as_they_say_or_a_little_more(world, expected):
    num_worlds = 1000
    missed = _rejects(_simulate(world, num_worlds))
    assert missed <= 0.05 + _error(0.05, num_worlds)
    assert missed == pytest.approx(expected, abs=_error(expected, num_worlds))


def test_intervals_are_widest_for_what_they_need_where_runs_differ_by_chance_alone():
    """The two levels hold the same residual; of the seed blocks it is estimated from five values only."""
    num_worlds = 1000
    assert _rejects(_simulate(NEITHER_REPEATS, num_worlds)) == pytest.approx(0.02, abs=_error(0.02, num_worlds))


def test_a_planted_effect_is_recovered_without_bias():
    world = replace(BOTH_MATTER, effect=4.0)
    found = _simulate(world, 800)
    assert abs(found.delta.mean()) < 3 * found.delta.std() / np.sqrt(800)
    assert found.delta.var() == pytest.approx(np.mean(found.se**2), rel=0.2)
    assert _rejects(found) <= 0.05 + _error(0.05, 800)
    assert _rejects(replace(found, delta=found.delta + world.effect)) > 0.5


def test_intervals_of_a_ratio_of_sums_hold_the_truth_as_well():
    """Words of sentences, right or wrong together: a sentence is drawn as a whole."""
    generator = np.random.default_rng(0)
    num_worlds, k, n = 1000, 5, 200
    differences = []
    for _ in range(num_worlds):
        words = generator.integers(1, 40, n)
        ease = generator.normal(0.8, 0.15, n)
        scored = []
        for _ in ("cell", "baseline"):
            chance = np.clip(ease + generator.normal(0, 0.1, n) + generator.normal(0, 0.01, (k, 1)), 0, 1)
            scored.append(_score_words(generator.binomial(words, chance), words))
        differences.append(subtract(*scored, range(k)))
    found = estimate(differences, num_draws=NUM_DRAWS)
    missed = _rejects(found)
    assert missed <= 0.05 + _error(0.05, num_worlds)
    assert missed > 0.02
    assert found.delta.var() == pytest.approx(np.mean(found.se**2), rel=0.2)


def _score_words(right: npt.NDArray[np.int64], words: npt.NDArray[np.int64]) -> Scored:
    ratio = right.sum(axis=1, keepdims=True) / words.sum()
    influences = 100 * (right - ratio * words) / words.sum()
    return Scored(100 * ratio[:, 0], {"sentences": influences.astype(np.float32)})


def test_resampling_examples_alone_finds_effects_where_there_are_none():
    """Null true, one in ten examples judged differently by two runs, sd of a run 0.6 points: a third are false."""
    world = World(num_seeds=5, num_examples=5010, seed_sd=0.6 * 2**0.5, churn=0.07, method_share=0.0)
    found = _simulate(world, 400)
    assert _rejects_by_examples(found) == pytest.approx(0.36, abs=_error(0.36, 400))
    assert _rejects(found) <= 0.05 + _error(0.05, 400)


def test_a_t_test_over_seeds_alone_finds_effects_that_other_examples_would_not_have():
    found = _simulate(EXAMPLES_MATTER, 1000)
    assert _rejects_by_seeds(found) > 0.2


def test_one_t_with_satterthwaites_degrees_of_freedom_fails_at_the_levels_of_corrected_tests():
    """Why the interval is made from two parts."""
    generator = np.random.default_rng(0)
    num_worlds, k, alpha = 100_000, 3, 0.05 / 15
    seed_variance = 0.8 * generator.chisquare(k - 1, num_worlds) / (k - 1)
    found = Estimates(
        k=np.full(num_worlds, k),
        delta=generator.standard_normal(num_worlds),
        seed_variance=seed_variance,
        example_variance=np.full(num_worlds, 0.2),
        residual_variance=np.zeros(num_worlds),
    )
    assert _rejects_by_satterthwaite(found, alpha) > 4 * alpha
    assert _rejects(found, alpha) <= alpha + _error(alpha, num_worlds)


def test_with_two_seeds_hardly_anything_is_rejected():
    found = _simulate(replace(BOTH_MATTER, num_seeds=2), 1000)
    assert _rejects(found) < 0.035
    assert np.median(found.interval().high - found.interval().low) > 3 * np.median(3.92 * found.se)


def test_the_family_of_all_languages_holds_a_false_claim_in_one_of_twenty_sweeps_at_most():
    world = World(num_seeds=5, num_examples=200, num_languages=15, seed_sd=4.0, churn=0.02, method_share=0.02)
    generator = np.random.default_rng(0)
    num_worlds = 300
    families = [simulate_languages(world, generator) for _ in range(num_worlds)]
    found = estimate([one for family in families for one in family], num_draws=NUM_DRAWS)
    p = found.p_values().reshape(num_worlds, 15)
    false_claims = [(adjust(row, "holm").p <= 0.05).any() for row in p]
    assert np.mean(false_claims) <= 0.05 + _error(0.05, num_worlds)
    assert np.mean((p <= 0.05).any(axis=1)) > 0.2  # uncorrected


def test_of_the_claims_after_benjamini_hochberg_one_in_twenty_is_false_at_most():
    generator = np.random.default_rng(0)
    num_worlds, num_true = 200, 6
    world = World(num_seeds=8, num_examples=200, num_languages=6, seed_sd=2.0, churn=0.05, method_share=0.02)
    shares, missed = [], []
    for _ in range(num_worlds):
        differences = simulate_languages(world, generator) + simulate_languages(replace(world, effect=9.0), generator)
        found = estimate(differences, num_draws=NUM_DRAWS)
        adjusted = adjust(found.p_values(), "bh")
        claims = adjusted.p <= 0.05
        shares.append(claims[:num_true].sum() / max(claims.sum(), 1))
        interval, truth = found.interval(adjusted.level), np.repeat([0.0, 9.0], num_true)
        outside = (truth < interval.low) | (truth > interval.high)
        missed.append((outside & claims).sum() / max(claims.sum(), 1))
        assert claims[num_true:].any()
    assert np.mean(shares) <= 0.05 * 0.5 + 3 * np.std(shares) / np.sqrt(num_worlds)
    assert np.mean(missed) <= 0.05 + 3 * np.std(missed) / np.sqrt(num_worlds)


def test_equivalence_is_claimed_of_a_difference_at_the_margin_in_one_of_twenty_at_most():
    num_worlds = 1000
    found = _simulate(replace(SEEDS_MATTER, seed_sd=2.0, num_seeds=8), num_worlds)
    at_margin = replace(found, delta=found.delta - 4.0).equivalence(4.0)
    assert np.mean(at_margin.p_no_loss < 0.05) == pytest.approx(0.05, abs=_error(0.05, num_worlds))
    assert np.mean(at_margin.p < 0.05) <= 0.05 + _error(0.05, num_worlds)
    assert np.mean(found.equivalence(4.0).p < 0.05) > 0.9


@pytest.mark.parametrize(("num_seeds", "seed_sd"), [(5, 0.0), (10, 3.0)])
def test_four_of_five_effects_as_large_as_the_detectable_one_are_found(num_seeds, seed_sd):
    found = _simulate(replace(BOTH_MATTER, num_seeds=num_seeds, seed_sd=seed_sd), 800)
    effect = np.median(found.detectable_effect())
    assert _rejects(replace(found, delta=found.delta + effect)) == pytest.approx(0.8, abs=0.08)


def test_sign_flips_keep_their_level_over_seeds_and_cannot_reach_it_with_five():
    generator = np.random.default_rng(0)
    for k, reaches in ((5, False), (6, True), (9, True)):
        p = np.array([sign_flip(row).p for row in generator.standard_normal((3000, k))])
        assert (p < 0.05).any() == reaches
        assert np.mean(p < 0.05) <= 0.05 + _error(0.05, 3000)


def test_sign_flips_and_mcnemar_speak_of_these_examples_and_these_runs_only():
    generator = np.random.default_rng(0)
    flips = [sign_flip(one.deltas).p for one in _differences(replace(EXAMPLES_MATTER, num_seeds=8), generator)]
    assert np.mean(np.array(flips) < 0.05) > 0.2  # other examples would say otherwise
    runs = np.array([simulate(replace(BOTH_MATTER, seed_sd=4.0), generator)[:, 0, 0] for _ in range(300)])
    cell, baseline = runs[:, 0], runs[:, 1]
    p = mcnemar((~cell & baseline).sum(axis=1), (cell & ~baseline).sum(axis=1))
    assert np.mean(p < 0.05) > 0.2  # another seed would say otherwise


def _differences(world: World, generator: np.random.Generator):
    return [simulate_difference(world, generator) for _ in range(300)]


@pytest.mark.slow
@pytest.mark.parametrize("num_seeds", [2, 3, 5, 10])
@pytest.mark.parametrize("seed_sd", [0.0, 0.3, 0.6, 1.0, 2.0])
def test_no_interval_misses_the_truth_more_often_than_it_says(num_seeds, seed_sd):
    """Small and large test sets, much and little that runs disagree on, one language and the mean of five."""
    for num_worlds, num_examples, num_languages in ((2000, 500, 1), (800, 500, 5), (400, 5010, 1)):
        for churn, method_share in ((0.02, 0.02), (0.3, 0.0), (0.1, 0.3)):
            world = World(
                num_seeds=num_seeds,
                num_examples=num_examples,
                num_languages=num_languages,
                seed_sd=seed_sd,
                churn=churn,
                method_share=method_share,
            )
            found = _simulate(world, num_worlds)
            for alpha in (0.05, 0.05 / 15):
                assert _rejects(found, alpha) <= alpha + _error(alpha, num_worlds), (world, alpha)


@pytest.mark.slow
@pytest.mark.parametrize("num_seeds", [3, 5, 10])
@pytest.mark.parametrize(("seed_sd", "expected"), [(0.3, 0.15), (0.6, 0.36), (1.0, 0.55)])
def test_examples_alone_mislead_as_much_with_any_number_of_seeds(num_seeds, seed_sd, expected):
    world = World(num_seeds=num_seeds, num_examples=5010, seed_sd=seed_sd * 2**0.5, churn=0.07, method_share=0.0)
    found = _simulate(world, 600)
    assert _rejects_by_examples(found) == pytest.approx(expected, abs=_error(expected, 600))
    assert _rejects(found) <= 0.05 + _error(0.05, 600)
