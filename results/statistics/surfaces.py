"""Deltas over magnitude and dose at once: measured points, and a quadratic surface where the grid is dense enough.

In: a snapshot. Out: `schema.SURFACES`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results.analysis import Analysis
from results.schema import MACRO, make_table
from results.snapshot import Snapshot
from results.statistics.curves import magnitude_scale
from results.statistics.panel import Panel, gather_panels
from results.statistics.points import Points, measure_points
from results.statistics.schema import SURFACES
from results.statistics.series import DesignCell, SurfaceSeries, list_cells, list_surface_series

MIN_LEVELS = 3
"""Of magnitude (0 among them) and of dose: what a square takes."""
_NUM_COEFFICIENTS = 6
_NUM_GRID = 13

FITTED = (
    "quadratic in log2(1 + magnitude / the smallest above 0) and in dose, least squares through the measured doses; "
    "95 %: quantiles of the same surface through joint replicates over seeds and, where they are known, test examples"
)

Array = npt.NDArray[np.float64]
Row = dict[str, Any]


def compute_surfaces(snapshot: Snapshot, analysis: Analysis) -> pa.Table:
    """Lay out the deltas of cells that differ in magnitude and arm alone, in each language and in their mean.

    Arms that are no dose (`none`, `random`, `trivial`, ...) are levels of their own and take no part in the fit. The
    surface smooths: it does not pass through the points, and where it leaves their intervals it does not fit.

    Returns:
        Columns of `schema.SURFACES`: measured points in the order of the plan, then those of the surface, which is
        fitted where `MIN_LEVELS` magnitudes meet as many doses.
    """
    cells = list_cells(snapshot.plan)
    rows: list[Row] = []
    for panel in gather_panels(snapshot, analysis):
        of_task = [cell for cell in cells if cell.target_task == panel.measure.target_task]
        found = list_surface_series(of_task)
        points = measure_points(panel, (cell for series in found for cell in series.cells))
        if points is None:
            continue
        for series in found:
            rows += _lay_out(panel, series, points)
    return make_table(rows, SURFACES)


def quadratic(magnitudes: Array, doses: Array) -> Array:
    """Columns of the model: 1, both, their product, their squares; shape (points, 6)."""
    return np.column_stack(
        [np.ones_like(doses), magnitudes, doses, magnitudes * doses, magnitudes**2, doses**2],
    )


def _lay_out(panel: Panel, series: SurfaceSeries, points: Points) -> Iterator[Row]:
    for unit in (MACRO, *panel.languages):
        cells = [cell for cell in series.cells if points.has(cell, unit)]
        if all(cell.cell_id in points.baselines for cell in cells):
            continue
        common: Row = {"series": series.name, "method": series.method, "language": unit, **panel.measure._asdict()}
        for cell in cells:
            place = {"dose": cell.dose, "level": cell.level, "magnitude": cell.magnitude, "is_measured": True}
            yield common | place | points.row(cell, unit)
        yield from _fit(common, [cell for cell in cells if cell.dose is not None], unit, points)


def _fit(common: Row, cells: list[DesignCell], unit: str, points: Points) -> Iterator[Row]:
    magnitudes = {cell.magnitude for cell in cells}
    if min(len(magnitudes), len({cell.dose for cell in cells})) < MIN_LEVELS:
        return
    smallest = min(one for one in magnitudes if one > 0)
    scaled = magnitude_scale(np.array([cell.magnitude for cell in cells]), smallest)
    doses = np.array([cell.dose for cell in cells], float)
    columns = quadratic(scaled, doses)
    drawn = np.stack([points.drawn(cell, unit) for cell in cells])
    if np.linalg.matrix_rank(columns) < _NUM_COEFFICIENTS or np.isnan(drawn).any():
        return
    across, along = np.meshgrid(
        np.linspace(scaled.min(), scaled.max(), _NUM_GRID), np.linspace(doses.min(), doses.max(), _NUM_GRID)
    )
    weights = quadratic(across.ravel(), along.ravel()) @ np.linalg.pinv(columns)
    surface = weights @ np.array([points.delta(cell, unit) for cell in cells])
    low, high = np.quantile(weights @ drawn, (0.025, 0.975), axis=1)
    for place, (at, dose) in enumerate(zip(across.ravel(), along.ravel(), strict=True)):
        yield common | {
            "dose": float(dose),
            "level": None,
            "magnitude": float(smallest * (2.0**at - 1.0)),
            "is_measured": False,
            "k": 0,
            "delta": float(surface[place]),
            "ci_low": float(low[place]),
            "ci_high": float(high[place]),
            "ci_method": FITTED,
        }
