"""Deltas over magnitude and dose at once: measured points, and a quadratic surface where the grid is dense enough.

In: a snapshot. Out: `schema.SURFACES`.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results.analysis import Analysis
from results.schema import MACRO, make_table
from results.snapshot import Snapshot
from results.statistics.curves import magnitude_scale
from results.statistics.panel import Panel
from results.statistics.points import MeasuredPanel, Points, gather_measured
from results.statistics.quantiles import row_quantiles
from results.statistics.schema import SURFACES
from results.statistics.series import DesignCell, SurfaceSeries, list_surface_series

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


def compute_surfaces(snapshot: Snapshot, analysis: Analysis, panels: Sequence[MeasuredPanel] | None = None) -> pa.Table:
    """Lay out the deltas of cells that differ in magnitude and arm alone, in each language and in their mean.

    Arms that are no dose (`none`, `random`, `trivial`, ...) are levels of their own and take no part in the fit. The
    surface smooths: it does not pass through the points, and where it leaves their intervals it does not fit.

    Args:
        snapshot: of the store.
        analysis: says which metric counts.
        panels: of `gather_measured`, where they were read before; else they are read.

    Returns:
        Columns of `schema.SURFACES`: measured points in the order of the plan, then those of the surface, which is
        fitted where `MIN_LEVELS` magnitudes meet as many doses.
    """
    rows: list[Row] = []
    for measured in gather_measured(snapshot, analysis) if panels is None else panels:
        panel = measured.panel
        found = list_surface_series(measured.cells)
        points = measured.points if found else None
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


class Surface(NamedTuple):
    """A fitted surface on a grid, with pointwise 95 % intervals; arrays of shape (places,)."""

    magnitudes: Array
    """On the scale of `magnitude_scale`."""
    doses: Array
    deltas: Array
    low: Array
    high: Array


def fit_surface(magnitudes: Array, doses: Array, deltas: Array, replicates: Array) -> Surface:
    """Lay a quadratic through measured deltas by least squares, and through every replicate of them.

    Args:
        magnitudes: scaled, shape (points,).
        doses: shape (points,).
        deltas: shape (points,).
        replicates: joint ones, shape (points, draws).
    """
    across, along = np.meshgrid(
        np.linspace(magnitudes.min(), magnitudes.max(), _NUM_GRID), np.linspace(doses.min(), doses.max(), _NUM_GRID)
    )
    at = across.ravel(), along.ravel()
    weights = quadratic(*at) @ np.linalg.pinv(quadratic(magnitudes, doses))
    low, high = row_quantiles(weights @ replicates, (0.025, 0.975))
    return Surface(*at, weights @ deltas, low, high)


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
    drawn = np.stack([points.drawn(cell, unit) for cell in cells])
    if np.isnan(drawn).any() or np.linalg.matrix_rank(quadratic(scaled, doses)) < _NUM_COEFFICIENTS:
        return
    surface = fit_surface(scaled, doses, np.array([points.delta(cell, unit) for cell in cells]), drawn)
    for at, dose, delta, low, high in zip(*surface, strict=True):
        place = {"dose": float(dose), "level": None, "magnitude": float(smallest * (2.0**at - 1.0))}
        fitted = {"k": 0, "delta": float(delta), "ci_low": float(low), "ci_high": float(high), "ci_method": FITTED}
        yield common | place | {"is_measured": False} | fitted
