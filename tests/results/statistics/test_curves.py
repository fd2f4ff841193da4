"""Tests of deltas along the magnitude."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.analysis import Analysis
from results.schema import MACRO
from results.statistics.bootstrap import draw_replicates
from results.statistics.contrasts import compute_contrasts
from results.statistics.curves import compute_curves, fit_curve, magnitude_scale
from tests.results.simulated import CORPUS_SIZES
from tests.results.statistics.conftest import DOSES, MAGNITUDES, planted_effect
from tests.results.statistics.test_best_magnitude import simulate_sweep


@pytest.fixture(scope="module")
def curves(grid_store):
    return compute_curves(grid_store.snapshot(), Analysis()).to_pandas()


def test_there_is_a_curve_a_series_and_language_with_every_measured_magnitude(curves):
    measured = curves[curves["is_measured"]]
    assert measured["series"].nunique() == len(DOSES)
    assert set(measured["language"]) == {MACRO, *CORPUS_SIZES}
    for _, rows in measured.groupby(["series", "language"]):
        assert rows["magnitude"].tolist() == list(MAGNITUDES)


def test_measured_points_are_rows_of_the_contrasts_table(grid_store, curves):
    contrasts = compute_contrasts(grid_store.snapshot(), Analysis()).to_pandas()
    contrasts = contrasts[(contrasts["unit"] != "group") & contrasts["cell_id"].eq("m0.4-d1")].set_index("language")
    dose = curves[curves["is_measured"] & curves["series"].str.endswith("dose 1") & (curves["magnitude"] == 0.4)]
    for row in dose.to_dict("records"):
        expected = contrasts.loc[row["language"]]
        for name in ("delta", "ci_low", "ci_high"):
            assert row[name] == pytest.approx(expected[name], abs=1e-4)


def test_magnitude_0_is_0_where_that_is_the_baseline_and_a_delta_where_it_is_not(curves):
    zero = curves[curves["is_measured"] & (curves["magnitude"] == 0) & (curves["language"] == MACRO)]
    by_series = zero.set_index("series")["delta"]
    assert by_series["gaussian · intermediate none"] == 0
    assert by_series["gaussian · intermediate mnli dose 1"] > 1


def test_the_fitted_curve_lies_between_its_measured_neighbours_and_within_their_intervals(curves):
    for _, rows in curves.groupby(["series", "language"]):
        measured = rows[rows["is_measured"]].set_index("magnitude")
        for row in rows[~rows["is_measured"]].to_dict("records"):
            below = measured[measured.index <= row["magnitude"] * (1 + 1e-9)].iloc[-1]
            above = measured[measured.index >= row["magnitude"] * (1 - 1e-9)].iloc[0]
            low, high = sorted((below["delta"], above["delta"]))
            assert low - 1e-6 <= row["delta"] <= high + 1e-6
            assert row["ci_low"] <= row["delta"] <= row["ci_high"]


def test_bands_hold_what_was_planted_about_as_often_as_they_promise(curves):
    source = curves[curves["is_measured"] & curves["language"].isin(CORPUS_SIZES) & (curves["k"] > 0)]
    doses = source["series"].str.extract(r"dose ([\d.]+)$")[0].astype(float)
    planted = [
        planted_effect(magnitude, None if np.isnan(dose) else dose, language)
        for magnitude, dose, language in zip(source["magnitude"], doses, source["language"], strict=True)
    ]
    covered = (source["ci_low"] <= planted) & (planted <= source["ci_high"])
    assert covered.mean() > 0.85  # one store: its rows share runs


def test_fewer_than_four_magnitudes_are_not_fitted(flat_store):
    curves = compute_curves(flat_store.snapshot(), Analysis()).to_pandas()
    assert curves["is_measured"].all()
    assert set(curves["magnitude"]) == {0.0, 0.1, 0.3}
    assert curves.set_index(["language", "magnitude"]).loc[(MACRO, 0.3), "k"] == 2  # one diverged


def test_the_same_store_gives_the_same_curves(grid_store, curves):
    again = compute_curves(grid_store.snapshot(), Analysis()).to_pandas()
    assert again.equals(curves)


@given(st.floats(1e-6, 1e3), st.floats(0, 1e3), st.floats(0, 1e3))
def test_the_scale_of_magnitudes_has_a_place_for_0_and_keeps_their_order(smallest, one, other):
    low, high = sorted((one, other))
    scaled = magnitude_scale(np.array([0.0, smallest, low, high]), smallest)
    assert scaled[0] == 0.0
    assert scaled[1] == pytest.approx(1.0)
    assert scaled[2] <= scaled[3]


@pytest.mark.slow
@pytest.mark.parametrize("num_seeds", [3, 5])
def test_the_band_holds_the_true_curve_in_95_of_100_sweeps_at_every_place(num_seeds):
    """The truth is a line on the curve's scale, which a curve through true points would meet everywhere."""
    truth = (-1.0, -2.0, -3.0, -4.0)
    knots = np.arange(5.0)
    num_sweeps = 250
    held = []
    for seed in range(num_sweeps):
        differences, _ = simulate_sweep(truth, seed, num_seeds=num_seeds)
        drawn = draw_replicates(differences, num_draws=500)
        deltas = np.array([0.0, *(one.deltas.mean() for one in differences)])
        curve = fit_curve(knots, deltas, np.vstack([np.zeros(len(drawn)), drawn.T]))
        held.append((curve.low <= -curve.places + 1e-9) & (-curve.places - 1e-9 <= curve.high))
    assert np.mean(held, axis=0).min() >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / num_sweeps) - 0.01
