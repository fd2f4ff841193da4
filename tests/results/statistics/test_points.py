"""Tests of deltas that are estimated all at once."""

import numpy as np
import pytest

from results.analysis import Analysis
from results.schema import MACRO
from results.statistics.best_magnitude import compute_best_magnitudes
from results.statistics.curves import compute_curves
from results.statistics.panel import gather_panels
from results.statistics.points import BASELINE, gather_measured, measure_points, none_if_nan
from results.statistics.series import list_cells
from results.statistics.surfaces import compute_surfaces


@pytest.fixture(scope="module")
def snapshot(flat_store):
    return flat_store.snapshot()


@pytest.fixture(scope="module")
def points(snapshot):
    (panel,) = gather_panels(snapshot, Analysis())
    return measure_points(panel, list_cells(snapshot.plan))


def test_deltas_are_those_of_the_deltas_table(snapshot, points):
    deltas = {(row["cell_id"], row["language"]): row for row in snapshot.deltas.to_pylist()}
    assert deltas.keys() == points.places.keys()
    for cell in list_cells(snapshot.plan):
        for unit in (MACRO, "sw"):
            if cell.cell_id != cell.baseline_cell_id:
                expected = deltas[cell.cell_id, unit]
                assert points.delta(cell, unit) == pytest.approx(expected["delta"])
                assert points.row(cell, unit)["k"] == expected["k"]


def test_the_baseline_has_no_delta_and_no_error(snapshot, points):
    baseline = list_cells(snapshot.plan)[0]
    assert points.has(baseline, "de")
    assert points.row(baseline, "de") == {"k": 0, "delta": 0.0, "ci_low": 0.0, "ci_high": 0.0, "ci_method": BASELINE}
    assert not points.drawn(baseline, "de").any()


def test_replicates_lie_about_the_delta_and_fill_its_interval(snapshot, points):
    cell = list_cells(snapshot.plan)[1]
    row, drawn = points.row(cell, MACRO), points.drawn(cell, MACRO)
    assert np.median(drawn) == pytest.approx(row["delta"], abs=0.15)
    inside = np.mean((row["ci_low"] <= drawn) & (drawn <= row["ci_high"]))
    assert inside == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize("compute", [compute_curves, compute_surfaces, compute_best_magnitudes])
def test_panels_that_are_shared_say_what_panels_of_ones_own_say(grid_store, compute):
    snapshot = grid_store.snapshot()
    shared = gather_measured(snapshot, Analysis())
    assert shared[0].points is shared[0].points
    assert compute(snapshot, Analysis(), shared).equals(compute(grid_store.snapshot(), Analysis()))


def test_nothing_to_pair_is_none(snapshot):
    (panel,) = gather_panels(snapshot, Analysis())
    assert measure_points(panel, []) is None


def test_nan_is_null():
    assert none_if_nan(float("nan")) is None
    assert none_if_nan(1.5) == 1.5
