"""How deltas move with magnitude, language by language: measured points, and a curve through them with its band.

In: a snapshot. Out: `schema.CURVES`.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.interpolate import PchipInterpolator

from results.analysis import Analysis
from results.schema import MACRO, make_table
from results.snapshot import Snapshot
from results.statistics.panel import Panel
from results.statistics.points import MeasuredPanel, Points, gather_measured
from results.statistics.quantiles import row_quantiles
from results.statistics.schema import CURVES
from results.statistics.series import DesignCell, MagnitudeSeries, list_magnitude_series

MIN_MAGNITUDES = 4
"""Above 0; with fewer a curve would say no more than the points."""
_POINTS_A_STEP = 5
"""Of the curve, between two measured magnitudes."""

FITTED = (
    "monotone cubic (PCHIP) through the measured points, over log2(1 + magnitude / the smallest above 0); 95 % band: "
    "quantiles of the same curve through joint replicates over seeds and, where they are known, test examples"
)

Array = npt.NDArray[np.float64]
Row = dict[str, Any]


def compute_curves(snapshot: Snapshot, analysis: Analysis, panels: Sequence[MeasuredPanel] | None = None) -> pa.Table:
    """Trace every series of cells that differ in magnitude alone, in each language and in their mean.

    The mean is over all languages but the source language. The curve passes through the measured points and between two
    of them never leaves their range: no shape is assumed, and no magnitude that was not measured is found best by a
    curve that overshoots (Fritsch and Carlson 1980). Its scale is a logarithm that has a place for 0.

    Args:
        snapshot: of the store.
        analysis: says which metric counts.
        panels: of `gather_measured`, where they were read before; else they are read.

    Returns:
        Columns of `schema.CURVES`; series in the order of the plan, `macro` first, then measured and fitted points by
        rising magnitude. Fitted only where there are `MIN_MAGNITUDES`, all with an interval.
    """
    rows: list[Row] = []
    for measured in gather_measured(snapshot, analysis) if panels is None else panels:
        panel = measured.panel
        found = list_magnitude_series(measured.cells)
        points = measured.points if found else None
        if points is None:
            continue
        for series in found:
            rows += _trace(panel, series, points)
    return make_table(rows, CURVES)


def magnitude_scale(magnitudes: Array, smallest: float) -> Array:
    """Doublings of the magnitude, with a place for 0: log2(1 + magnitude / smallest)."""
    scaled: Array = np.log2(1.0 + magnitudes / smallest)
    return scaled


class Curve(NamedTuple):
    """A fitted curve with its pointwise 95 % band; arrays of shape (places,)."""

    places: Array
    """On the scale of `magnitude_scale`."""
    deltas: Array
    low: Array
    high: Array


def fit_curve(knots: Array, deltas: Array, replicates: Array) -> Curve:
    """Draw a curve through measured deltas, and the same through every replicate of them.

    Args:
        knots: where they were measured, rising, shape (points,).
        deltas: shape (points,).
        replicates: joint ones, shape (points, draws).
    """
    steps = [np.linspace(low, high, _POINTS_A_STEP + 2)[1:] for low, high in pairwise(knots)]
    places = np.concatenate([knots[:1], *steps])
    drawn = PchipInterpolator(knots, replicates, axis=0)(places)
    low, high = row_quantiles(drawn, (0.025, 0.975))
    return Curve(places, PchipInterpolator(knots, deltas)(places), low, high)


def _members(series: MagnitudeSeries) -> list[DesignCell]:
    return [*([series.plain] if series.plain else []), *series.cells]


def _trace(panel: Panel, series: MagnitudeSeries, points: Points) -> Iterator[Row]:
    for unit in (MACRO, *panel.languages):
        cells = [cell for cell in _members(series) if points.has(cell, unit)]
        if all(cell.cell_id in points.baselines for cell in cells):
            continue
        common: Row = {"series": series.name, "method": series.method, "language": unit, **panel.measure._asdict()}
        for cell in cells:
            yield common | {"magnitude": cell.magnitude, "is_measured": True} | points.row(cell, unit)
        yield from _fit(common, cells, unit, points)


def _fit(common: Row, cells: Sequence[DesignCell], unit: str, points: Points) -> Iterator[Row]:
    """Points of the curve at the measured magnitudes and between; none where these are few or have no interval."""
    above = [cell.magnitude for cell in cells if cell.magnitude > 0]
    drawn = np.stack([points.drawn(cell, unit) for cell in cells])
    if len(above) < MIN_MAGNITUDES or np.isnan(drawn).any():
        return
    knots = magnitude_scale(np.array([cell.magnitude for cell in cells]), min(above))
    curve = fit_curve(knots, np.array([points.delta(cell, unit) for cell in cells]), drawn)
    for at, delta, low, high in zip(curve.places, curve.deltas, curve.low, curve.high, strict=True):
        magnitude = float(min(above) * (2.0**at - 1.0))
        fitted = {"k": 0, "delta": float(delta), "ci_low": float(low), "ci_high": float(high), "ci_method": FITTED}
        yield common | {"magnitude": magnitude, "is_measured": False} | fitted
