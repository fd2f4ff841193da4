import numpy as np
import pytest
from scipy.stats import bootstrap, ttest_1samp
from threadpoolctl import threadpool_limits

from results.statistics.bootstrap import draw_replicates, estimate
from results.statistics.differences import Scored, average, contrast, subtract
from tests.results.statistics.worlds import World, score, simulate, simulate_difference


def _differences(num=6, examples="shared", **world):
    generator = np.random.default_rng(0)
    return [simulate_difference(World(**{"num_seeds": 5} | world), generator, examples) for _ in range(num)]


def test_the_variance_from_examples_is_that_of_scipys_bootstrap_of_the_mean_over_seeds():
    world = World(num_seeds=5, num_examples=300)
    cell, baseline = simulate(world, np.random.default_rng(3))[:, 0]
    found = estimate([subtract(score(cell), score(baseline), range(5))])
    paired = 100 * (cell.astype(float) - baseline).mean(axis=0)
    other = bootstrap((paired,), np.mean, n_resamples=10_000, method="percentile", rng=np.random.default_rng(1))
    assert found.delta[0] == pytest.approx(paired.mean())
    assert np.sqrt(found.example_variance[0]) == pytest.approx(other.standard_error, rel=0.04)
    closed = paired.var(ddof=1) / len(paired)
    assert found.example_variance[0] == pytest.approx(closed, rel=0.06)


def test_the_variance_of_a_ratio_is_that_of_scipys_bootstrap_of_the_ratio_itself():
    generator = np.random.default_rng(0)
    denominators = generator.integers(1, 30, (1, 600)).astype(float)
    numerators = generator.binomial(denominators.astype(int), 0.6).astype(float)
    ratio = (numerators.sum(axis=1) / denominators.sum(axis=1))[:, None]
    influences = 100 * (numerators - ratio * denominators) / denominators.sum()
    two = Scored(np.repeat(100 * ratio[:, 0], 2), {"a": influences.repeat(2, axis=0).astype(np.float32)})
    found = estimate([contrast([two], [1.0], range(2))])
    other = bootstrap(
        (numerators[0], denominators[0]),
        lambda top, bottom, axis: 100 * top.sum(axis=axis) / bottom.sum(axis=axis),
        n_resamples=10_000,
        paired=True,
        method="percentile",
        rng=generator,
    )
    assert np.sqrt(found.example_variance[0]) == pytest.approx(other.standard_error, rel=0.04)


def test_where_examples_add_nothing_it_is_the_t_test_over_seeds():
    deltas = np.random.default_rng(0).standard_normal((20, 4)) + 0.5
    found = estimate([contrast([Scored(row, {})], [1.0], range(4)) for row in deltas])
    other = ttest_1samp(deltas, 0.0, axis=1)
    np.testing.assert_allclose(found.p_values(), other.pvalue, rtol=1e-8)
    interval, expected = found.interval(0.99), other.confidence_interval(0.99)
    np.testing.assert_allclose(interval.low, expected.low)
    np.testing.assert_allclose(interval.high, expected.high)


def test_the_sum_of_the_parts_is_the_variance_of_a_two_way_random_effects_model():
    generator = np.random.default_rng(5)
    k, n = 6, 400
    values = 30 * generator.standard_normal((k, n)) + 20 * generator.standard_normal(n)
    values += generator.standard_normal((k, 1)) * 2
    scored = Scored(values.mean(1), {"a": ((values - values.mean(1, keepdims=True)) / n).astype(np.float32)})
    found = estimate([contrast([scored], [1.0], range(k))], num_draws=20_000)
    of_seeds = n * values.mean(1).var(ddof=1)
    of_examples = k * values.mean(0).var(ddof=1)
    residuals = values - values.mean(0) - values.mean(1, keepdims=True) + values.mean()
    residual = np.square(residuals).sum() / ((k - 1) * (n - 1))
    assert found.se[0] ** 2 == pytest.approx((of_seeds + of_examples - residual) / (k * n), rel=0.02)


def test_equal_examples_get_equal_draws_and_others_get_others():
    first, second = _differences(2)
    twice = draw_replicates([first, second, first], num_draws=500)
    np.testing.assert_allclose(twice[:, 0], twice[:, 2], atol=1e-4)
    alone = draw_replicates([first], num_draws=500)
    np.testing.assert_allclose(alone[:, 0], twice[:, 0], atol=1e-4)
    elsewhere = _differences(1, examples="elsewhere")[0]
    unlike = draw_replicates([elsewhere], num_draws=500)
    assert np.abs(unlike - alone).max() > 1


def test_numbers_do_not_depend_on_what_else_is_estimated_or_in_which_order():
    differences = _differences(7, num_examples=700)
    forwards, backwards = estimate(differences), estimate(differences[::-1])
    np.testing.assert_array_equal(forwards.se, backwards.se[::-1])
    np.testing.assert_array_equal(estimate(differences[2:3]).se, forwards.se[2:3])


def test_a_few_columns_at_a_time_give_the_numbers_of_all_at_once(monkeypatch):
    differences = _differences(num=9)
    whole = estimate(differences)
    monkeypatch.setattr("results.statistics.bootstrap._COLUMNS_AT_A_TIME", 4)
    np.testing.assert_array_equal(estimate(differences).example_variance, whole.example_variance)
    monkeypatch.setattr("results.statistics.bootstrap._MAX_COLUMNS", 6)
    np.testing.assert_array_equal(estimate(differences).example_variance, whole.example_variance)


def test_numbers_do_not_depend_on_how_many_threads_there_are():
    differences = _differences(40, num_examples=700)
    with threadpool_limits(limits=1):
        one = estimate(differences)
    with threadpool_limits(limits=2):
        two = estimate(differences)
    np.testing.assert_array_equal(one.se, two.se)


def test_variances_of_unlike_test_sets_add_up():
    generator = np.random.default_rng(0)
    parts = [simulate(World(num_seeds=4, num_examples=n), generator)[:, 0] for n in (200, 300)]
    scored = [[score(rows, f"set {number}") for rows in part] for number, part in enumerate(parts)]
    alone = estimate([subtract(cell, baseline, range(4)) for cell, baseline in scored])
    mean = estimate([subtract(average([one[0] for one in scored]), average([one[1] for one in scored]), range(4))])
    assert mean.example_variance[0] == pytest.approx(alone.example_variance.sum() / 4, rel=1e-5)
    assert mean.residual_variance[0] == pytest.approx(alone.residual_variance.sum() / 4, rel=1e-5)
    assert mean.delta[0] == pytest.approx(alone.delta.mean())


def test_a_mean_over_languages_of_one_test_set_keeps_what_they_have_in_common():
    """With the same examples in all languages, averaging does not make the error as small as with ten test sets."""
    generator = np.random.default_rng(0)
    world = World(num_seeds=5, num_languages=10, churn=0.05, method_share=0.4, language_share=0.8)
    cells, baselines = simulate(world, generator)

    def of_mean(name):
        own, base = (
            average([score(rows, name.format(number)) for number, rows in enumerate(languages)])
            for languages in (cells, baselines)
        )
        return estimate([subtract(own, base, range(5))]).example_variance[0]

    assert of_mean("shared") > 3 * of_mean("set {}")


@pytest.mark.parametrize("num_seeds", [2, 3, 5, 20])
def test_quantiles_of_replicates_are_the_ends_of_the_intervals(num_seeds):
    differences = _differences(4, num_seeds=num_seeds)
    found, replicates = estimate(differences), draw_replicates(differences, num_draws=20_000)
    for level in (0.5, 0.9):
        interval = found.interval(level)
        ends = np.quantile(replicates, [0.5 - level / 2, 0.5 + level / 2], axis=0)
        np.testing.assert_allclose(
            ends, [interval.low, interval.high], atol=0.12 * (interval.high - interval.low).max()
        )


def test_differences_that_share_a_baseline_are_as_correlated_in_replicates_as_they_are():
    generator = np.random.default_rng(0)
    k, n = 12, 200
    run = generator.standard_normal((3, k)) * 3
    example = generator.random((3, k, n)) < 0.7
    cells = [Scored(60 + run[i], score(example[i]).contributions) for i in range(3)]
    differences = [subtract(cell, cells[2], range(k)) for cell in cells[:2]]
    found = np.corrcoef(draw_replicates(differences).T)[0, 1]
    np.testing.assert_allclose(found, 0.5, atol=0.25)


def test_replicates_of_seeds_that_one_difference_lacks_are_still_joint():
    world = World(num_seeds=6, seed_sd=8.0, churn=0.02, method_share=0.0)
    cell, baseline = (score(rows[0]) for rows in simulate(world, np.random.default_rng(0)))

    def without(scored, seed):
        rows = [row for row in range(6) if row != seed]
        return Scored(scored.scores[rows], {name: one[rows] for name, one in scored.contributions.items()})

    whole = subtract(cell, baseline, range(6))
    part = subtract(without(cell, 2), without(baseline, 2), [0, 1, 3, 4, 5])
    assert np.corrcoef(draw_replicates([whole, part]).T)[0, 1] > 0.7


def test_a_single_seed_has_a_delta_and_no_error():
    lone = simulate_difference(World(num_seeds=1), np.random.default_rng(0))
    found = estimate([lone])
    assert found.delta[0] == lone.deltas[0]
    interval = found.interval()
    for values in (found.se, found.df, interval.low, interval.high, found.p_values(), found.detectable_effect()):
        assert np.isnan(values).all()
    assert np.isnan(draw_replicates([lone], num_draws=10)).all()


def test_differences_of_unlike_numbers_of_seeds_are_each_estimated_as_alone():
    generator = np.random.default_rng(0)
    differences = [simulate_difference(World(num_seeds=k), generator) for k in (3, 1, 5, 3)]
    together = estimate(differences)
    for place, one in enumerate(differences):
        alone = estimate([one])
        for name in ("k", "delta", "seed_variance", "example_variance"):
            np.testing.assert_array_equal(getattr(together, name)[place], getattr(alone, name)[0])
        np.testing.assert_allclose(
            draw_replicates(differences, num_draws=20)[:, place], draw_replicates([one], num_draws=20)[:, 0]
        )


def test_a_difference_that_is_not_known_has_no_error_either():
    unknown = contrast([Scored(np.array([np.nan, np.nan, np.nan]), {})], [1.0], range(3))
    found = estimate([unknown])
    assert np.isnan(found.delta[0])
    assert np.isnan(found.seed_variance[0])


def test_there_may_be_nothing_to_estimate():
    assert estimate([]).interval().low.shape == (0,)
    assert draw_replicates([], num_draws=10).shape == (10, 0)


def test_seed_blocks_that_agree_but_for_rounding_have_no_spread_that_could_make_a_claim():
    cell, baseline = np.array([71.3, 72.1, 0.3]), np.array([71.0, 71.8, 0.0])
    assert len(set(cell - baseline)) > 1
    found = estimate([contrast([Scored(cell, {}), Scored(baseline, {})], [1.0, -1.0], range(3))])
    assert found.delta[0] == pytest.approx(0.3)
    assert found.se[0] == 0
    assert np.isnan(found.p_values()[0])
    assert np.isnan(found.interval().low[0])


def test_a_difference_of_rounding_is_none():
    tenths = [Scored(np.full(2, value), {}) for value in (0.3, 0.1, 0.2)]
    found = estimate([contrast(tenths, [1.0, -1.0, -1.0], range(2))])
    assert (found.delta[0], found.p_values()[0]) == (0.0, 1.0)
