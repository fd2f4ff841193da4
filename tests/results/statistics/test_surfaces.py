"""Tests of deltas over magnitude and dose."""

import numpy as np
import pytest

from results.analysis import Analysis
from results.schema import MACRO
from results.statistics.bootstrap import draw_replicates
from results.statistics.curves import magnitude_scale
from results.statistics.differences import subtract
from results.statistics.surfaces import compute_surfaces, fit_surface, quadratic
from tests.results.simulated import Design, simulate_outcomes
from tests.results.statistics.conftest import DOSES, GAIN_OF_HARD, MAGNITUDES
from tests.results.statistics.worlds import score


@pytest.fixture(scope="module")
def surface(grid_store):
    frame = compute_surfaces(grid_store.snapshot(), Analysis()).to_pandas()
    return frame[frame["language"] == MACRO]


def test_every_arm_and_magnitude_is_a_measured_point(surface):
    measured = surface[surface["is_measured"]]
    assert len(measured) == len(MAGNITUDES) * len(DOSES)
    without_stage = measured[measured["level"] == "none"]
    assert without_stage["magnitude"].tolist() == list(MAGNITUDES)
    assert without_stage["dose"].isna().all()


def test_the_fitted_surface_is_least_squares_through_the_measured_doses(surface):
    measured = surface[surface["is_measured"] & surface["dose"].notna()]
    fitted = surface[~surface["is_measured"]]
    columns = quadratic(magnitude_scale(measured["magnitude"].to_numpy(), 0.1), measured["dose"].to_numpy())
    coefficients = np.linalg.lstsq(columns, measured["delta"].to_numpy())[0]
    at = quadratic(magnitude_scale(fitted["magnitude"].to_numpy(), 0.1), fitted["dose"].to_numpy())
    assert fitted["delta"].to_numpy() == pytest.approx(at @ coefficients, abs=1e-6)
    assert (fitted["ci_low"] <= fitted["delta"]).all()
    assert (fitted["delta"] <= fitted["ci_high"]).all()


def test_the_fit_smooths_errors_of_single_points(surface):
    """Nineteen points say more of their middle than each of itself."""
    measured = surface[surface["is_measured"] & surface["dose"].notna()]
    fitted = surface[~surface["is_measured"]]
    width = (fitted["ci_high"] - fitted["ci_low"]).median()
    assert width < (measured["ci_high"] - measured["ci_low"]).median()


def test_the_planted_gain_of_the_hard_arm_is_seen(surface):
    fitted = surface[~surface["is_measured"] & (surface["magnitude"] == 0)].set_index("dose")
    assert fitted.loc[1.0, "delta"] - fitted.loc[0.0, "delta"] == pytest.approx(GAIN_OF_HARD, abs=2.0)


def test_a_sweep_without_doses_has_no_surface(flat_store):
    assert compute_surfaces(flat_store.snapshot(), Analysis()).num_rows == 0


def true_surface(magnitude, dose):
    """Points, over scaled magnitude and dose."""
    return -1.0 * magnitude + 3.0 * dose - 1.5 * magnitude * dose + 0.25 * magnitude**2


@pytest.mark.slow
def test_intervals_hold_the_true_surface_in_95_of_100_sweeps_everywhere_on_average():
    """Four magnitudes by three doses against a cell without a stage, five seeds."""
    magnitudes, doses = (0.0, 1.0, 3.0, 7.0), (0.0, 0.5, 1.0)
    scaled = magnitude_scale(np.array(magnitudes), 1.0)
    places = [(at, dose) for at in range(4) for dose in doses]
    effects = {(magnitudes[at], dose, "de"): true_surface(scaled[at], dose) for at, dose in places}
    design = Design(magnitudes=magnitudes, doses=(None, *doses), languages=("de",), num_examples=300, effects=effects)
    seeds = tuple(range(design.num_seeds))
    held = []
    for number in range(150):
        outcomes = simulate_outcomes(design, number)

        def scored(magnitude, dose, outcomes=outcomes):
            return score(np.stack([outcomes[magnitude, dose, run][0] for run in seeds]))

        baseline = scored(0.0, None)
        paired = [subtract(scored(magnitudes[at], dose), baseline, seeds) for at, dose in places]
        at, dose = np.array([(scaled[at], dose) for at, dose in places]).T
        deltas = np.array([one.deltas.mean() for one in paired])
        surface = fit_surface(at, dose, deltas, draw_replicates(paired, num_draws=500).T)
        truth = true_surface(surface.magnitudes, surface.doses)
        held.append(np.mean((surface.low <= truth) & (truth <= surface.high)))
    assert np.mean(held) == pytest.approx(0.95, abs=3 * np.std(held) / np.sqrt(len(held)) + 0.01)
