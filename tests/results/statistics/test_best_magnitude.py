"""Tests of the best magnitude, with simulations of what is promised of it."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.analysis import Analysis
from results.schema import MACRO
from results.statistics.best_magnitude import compute_best_magnitudes, estimate_gain, find_candidates
from results.statistics.bootstrap import draw_replicates, estimate
from results.statistics.differences import average, subtract
from results.statistics.splitting import split_gain
from tests.results.simulated import CORPUS_SIZES, Design, simulate_outcomes, simulate_store
from tests.results.statistics.worlds import score

NO_EFFECT = (0.0, 0.0, 0.0, 0.0)
ONE_BEST = (1.0, 4.0, 1.0, -3.0)


def simulate_sweep(truth, seed, *, num_seeds=5, num_examples=300):
    """Gains of four magnitudes over none in one language, as differences and as scores."""
    magnitudes = tuple(float(place) for place in range(len(truth) + 1))
    effects = {(float(place + 1), None, "de"): effect for place, effect in enumerate(truth)}
    design = Design(
        magnitudes=magnitudes, languages=("de",), num_seeds=num_seeds, num_examples=num_examples, effects=effects
    )
    outcomes = simulate_outcomes(design, seed)
    cells = [
        score(np.stack([outcomes[magnitude, None, run][0] for run in range(num_seeds)])) for magnitude in magnitudes
    ]
    seeds = tuple(range(num_seeds))
    differences = [subtract(cell, cells[0], seeds) for cell in cells[1:]]
    return differences, [(seeds, average([cell, cells[0]], (1.0, -1.0))) for cell in cells[1:]]


def naive_and_corrected(truth, num_sweeps, **changes):
    """Gain of the best magnitude as it looks, and judged on other data; each of shape (sweeps,)."""
    naive, corrected = [], []
    for seed in range(num_sweeps):
        differences, gains = simulate_sweep(truth, seed, **changes)
        naive.append(max(0.0, *(one.deltas.mean() for one in differences)))
        corrected.append(split_gain(gains).by_block.mean())
    return np.array(naive), np.array(corrected)


def test_where_nothing_helps_the_best_looks_good_and_its_corrected_gain_is_none():
    naive, corrected = naive_and_corrected(NO_EFFECT, 150)
    assert naive.mean() > 0.5
    assert abs(corrected.mean()) < 3 * corrected.std() / np.sqrt(len(corrected)) + 0.05
    assert corrected.mean() < naive.mean() / 3


def test_where_one_magnitude_is_clearly_best_the_corrected_gain_is_nearly_its_own():
    naive, corrected = naive_and_corrected(ONE_BEST, 100)
    assert corrected.mean() == pytest.approx(4.0, abs=0.5)
    assert corrected.mean() <= naive.mean()


@pytest.mark.slow
@pytest.mark.parametrize("truth", [NO_EFFECT, ONE_BEST])
def test_the_interval_of_the_gain_holds_what_picking_so_gains(truth):
    num_sweeps = 300
    found = []
    for seed in range(num_sweeps):
        differences, gains = simulate_sweep(truth, seed)
        found.append(estimate_gain(split_gain(gains), estimate(differences, num_draws=400)))
    expected = np.mean([one.delta[0] for one in found])
    ends = [one.interval() for one in found]
    held = np.mean([one.low[0] <= expected <= one.high[0] for one in ends])
    assert held >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / num_sweeps)


def candidates(truth, seed, **changes):
    differences, _ = simulate_sweep(truth, seed, **changes)
    replicates = draw_replicates(differences, num_draws=400)
    values = np.array([0.0, *(one.deltas.mean() for one in differences)])
    return find_candidates(values, np.column_stack([np.zeros(len(replicates)), replicates]))


@pytest.mark.slow
@pytest.mark.parametrize(("truth", "best"), [(NO_EFFECT, 0), (ONE_BEST, 2), ((0.5, 1.0, 0.5, -2.0), 2)])
@pytest.mark.parametrize("num_seeds", [3, 5])
def test_the_best_magnitude_is_among_the_candidates_in_95_of_100_sweeps(truth, best, num_seeds):
    num_sweeps = 300
    held = np.mean([best in candidates(truth, seed, num_seeds=num_seeds) for seed in range(num_sweeps)])
    assert held >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / num_sweeps)


def test_a_magnitude_that_is_clearly_best_is_alone_among_the_candidates():
    assert candidates((0.0, 25.0, 0.0, -20.0), 0) == [2]


def test_candidates_of_the_quick_suite_hold_the_best():
    assert np.mean([2 in candidates(ONE_BEST, seed) for seed in range(30)]) >= 0.9


def test_options_without_any_spread_are_compared_as_they_are():
    values = np.array([0.0, 1.0, 1.0])
    assert find_candidates(values, np.tile(values, (50, 1))) == [1, 2]


@given(st.integers(0, 1000), st.floats(0.1, 10))
@settings(max_examples=30, deadline=None)
def test_the_largest_is_always_a_candidate_and_scale_does_not_matter(seed, scale):
    generator = np.random.default_rng(seed)
    values = generator.normal(size=4)
    replicates = values + generator.normal(size=(200, 4))
    found = find_candidates(values, replicates)
    assert int(np.argmax(values)) in found
    assert find_candidates(scale * values, scale * replicates) == found


@pytest.fixture(scope="module")
def best(tmp_path_factory):
    """A sweep in which 0.2 helps by 15 points in every language."""
    effects = {(0.2, None, language): 15.0 for language in CORPUS_SIZES}
    design = Design(magnitudes=(0.0, 0.1, 0.2, 0.4), num_seeds=4, num_examples=150, effects=effects)
    store = simulate_store(tmp_path_factory.mktemp("best"), design)
    return store, compute_best_magnitudes(store.snapshot(), Analysis()).to_pandas().set_index("language")


def test_the_planted_best_is_found_in_every_language_and_in_the_mean(best):
    _, rows = best
    assert set(rows.index) == {MACRO, *CORPUS_SIZES}
    assert (rows["best_magnitude"] == 0.2).all()
    assert rows.loc[MACRO, ["low", "high"]].tolist() == [0.2, 0.2]
    assert rows.loc[MACRO, "gain"] == pytest.approx(15.0, abs=2.0)
    assert rows.loc[MACRO, "gain_low"] > 5
    assert (rows["k"] == 4).all()


def test_shares_are_of_all_magnitudes_and_sum_to_1(best):
    for text in best[1]["shares"]:
        shares = json.loads(text)
        assert list(shares) == ["0", "0.1", "0.2", "0.4"]
        assert sum(shares.values()) == pytest.approx(1.0, abs=0.001)


def test_a_corrected_gain_lies_near_the_delta_that_it_corrects(best):
    store, rows = best
    deltas = store.snapshot().deltas.to_pandas()
    largest = deltas[deltas["language"] == MACRO]["delta"].max()
    assert rows.loc[MACRO, "gain"] == pytest.approx(largest, abs=1.0)


def test_few_seeds_have_no_corrected_gain_and_say_so(tmp_path):
    store = simulate_store(tmp_path, Design(num_seeds=2, num_examples=60, languages=("en", "de", "sw")))
    row = compute_best_magnitudes(store.snapshot(), Analysis()).to_pandas().set_index("language").loc[MACRO]
    assert np.isnan(row["gain"])
    assert "fewer than 3 seeds" in row["method_note"]
