"""Tests of deltas over magnitude and dose."""

import numpy as np
import pytest

from results.analysis import Analysis
from results.schema import MACRO
from results.statistics.curves import magnitude_scale
from results.statistics.surfaces import compute_surfaces, quadratic
from tests.results.statistics.conftest import DOSES, GAIN_OF_HARD, MAGNITUDES


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
