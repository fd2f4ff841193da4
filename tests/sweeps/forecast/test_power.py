"""The smallest difference that is found: published numbers, simulations, and what is counted."""

from math import inf, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from results.store import ResultStore
from sweeps.forecast.power import (
    Noise,
    count_errors,
    count_test_examples,
    detectable_effects,
    item_error,
    measure_delta_sds,
)
from sweeps.planning.plan import plan_sweep
from tests.sweeps.factories import BASE, make_space
from tests.sweeps.finished import finish_trials
from xlt_core.plan import plan_trial
from xlt_core.spec import parse_trial_spec

ONE_TEST, XNLI, TWO_WAY = 0.05, 0.05 / 15, 0.05 / 120
NUM_SIMULATED = 20_000


@pytest.mark.parametrize(
    ("num_examples", "points"),
    [
        (5010, (0.89, 1.25, 1.69, 1.95)),
        (2490, (1.26, 1.78, 2.39, 2.77)),
        (1000, (1.98, 2.80, 3.78, 4.37)),
        (500, (2.80, 3.96, 5.34, 6.18)),
    ],
)
def test_noise_of_test_sets_is_that_of_the_published_simulation(num_examples: int, points: tuple[float, ...]) -> None:
    cases = ((0.05, ONE_TEST), (0.10, ONE_TEST), (0.10, XNLI), (0.10, TWO_WAY))
    found = [count_errors(alpha, 0.8) * item_error(num_examples, share) for share, alpha in cases]
    assert found == pytest.approx(points, abs=0.01)


@pytest.mark.parametrize(
    ("seed_sd", "points"), [(0.6, (1.37, 1.06, 0.75)), (1.0, (2.29, 1.77, 1.25)), (2.0, (4.57, 3.54, 2.51))]
)
def test_noise_of_seeds_is_that_of_the_published_simulation(seed_sd: float, points: tuple[float, ...]) -> None:
    found = [detectable_effects({"sw": 5010}, k, Noise(seed_sd=seed_sd))[0].from_seeds for k in (3, 5, 10)]
    assert found == pytest.approx(points, abs=0.01)


@pytest.mark.parametrize("num_examples", [500, 5010])
def test_a_difference_of_that_size_on_one_test_set_is_found_four_times_in_five(num_examples: int) -> None:
    """Two models that disagree on a tenth of the items, the better one right on more of these; McNemar's test."""
    [effect] = detectable_effects({"sw": num_examples}, 5, Noise())
    draws = np.random.default_rng(0)
    num_disagreeing = draws.binomial(num_examples, 0.10, NUM_SIMULATED)
    share_better = 0.5 + effect.from_test_set / 100 / 0.10 / 2
    better = draws.binomial(num_disagreeing, share_better)
    z = (2 * better - num_disagreeing) / np.sqrt(num_disagreeing)
    assert np.mean(np.abs(z) > stats.norm.ppf(0.975)) == pytest.approx(0.80, abs=0.02)


@pytest.mark.parametrize("num_seeds", [3, 5, 10])
def test_a_difference_of_that_size_is_found_by_the_interval_of_the_deltas_four_times_in_five(num_seeds: int) -> None:
    """Paired differences with the noise of seeds and of items that all seeds share; t-test over seeds."""
    [effect] = detectable_effects({"sw": 10**9}, num_seeds, Noise())
    assert effect.by_interval is not None
    draws = np.random.default_rng(num_seeds).normal(effect.by_interval, sqrt(2), (NUM_SIMULATED, num_seeds))
    assert np.mean(stats.ttest_1samp(draws, 0, axis=1).pvalue < 0.05) == pytest.approx(0.80, abs=0.02)


@given(
    st.integers(10, 10_000),
    st.integers(2, 40),
    st.floats(0.01, 0.5),
    st.floats(0.1, 5.0),
)
def test_more_seeds_and_larger_test_sets_see_more_and_both_noises_add(
    num_examples: int, num_seeds: int, share: float, seed_sd: float
) -> None:
    noise = Noise(disagreeing_share=share, seed_sd=seed_sd)
    small, large = detectable_effects({"a": num_examples, "b": 2 * num_examples}, num_seeds, noise)
    [more] = detectable_effects({"a": num_examples}, num_seeds + 1, noise)
    assert small.points**2 == pytest.approx(small.from_test_set**2 + small.from_seeds**2)
    assert large.points < small.points < small.corrected
    assert more.points < small.points
    assert small.by_interval is not None
    assert more.by_interval is not None
    assert more.by_interval < small.by_interval
    assert small.points < small.by_interval


def test_of_one_seed_no_interval_is_expected() -> None:
    assert detectable_effects({"sw": 100}, 1, Noise())[0].by_interval is None


def test_an_empty_test_set_shows_nothing() -> None:
    assert detectable_effects({"sw": 0}, 5, Noise())[0].points == inf


def test_the_world_is_counted_without_files_and_no_more_than_are_scored() -> None:
    plan = plan_sweep(make_space()).trials[0].plan
    assert count_test_examples(plan) == {"src": 10, "kin-hi": 10}
    evaluation = {**BASE["evaluation"], "max_examples": None}
    whole = plan_trial(parse_trial_spec({**BASE, "evaluation": evaluation}))
    sizes = count_test_examples(whole)
    assert set(sizes) == {"src", "kin-hi"}
    assert len(set(sizes.values())) == 1
    assert sizes["src"] > 100


def test_measured_differences_take_the_place_of_the_usual_noise(tmp_path: Path) -> None:
    """Baseline 50 with every seed; the cell 51, 53, 52 in `src`: sd 1; too few seeds say nothing."""
    values = {0: 1.0, 1: 3.0, 2: 2.0}
    for num_seeds, expected in ((3, {"src": 1.0}), (2, {})):
        plan = plan_sweep(make_space(axes={"target.perturbation.magnitude": [0.0, 0.5]}, seeds=num_seeds))
        store = finish_trials(
            tmp_path / str(num_seeds),
            plan,
            lambda trial: {"src": 50.0 + (0.0 if trial.is_baseline else values[trial.plan.spec.seed])},
        )
        assert measure_delta_sds(ResultStore.open(store.uri)) == pytest.approx(expected)
    noise = Noise(delta_sds={"src": 1.0})
    assert [noise.delta_sd(language) for language in ("src", "kin-hi")] == [1.0, sqrt(2)]
