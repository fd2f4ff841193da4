"""Which magnitude is best, how sure that is, and what it gains when it was not picked on the data that judge it.

In: a snapshot. Out: `schema.BEST_MAGNITUDES`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results.analysis import Analysis
from results.schema import MACRO, make_table
from results.snapshot import Snapshot
from results.statistics.bootstrap import draw_replicates, estimate
from results.statistics.differences import PairedDifference, Scored, contrast
from results.statistics.estimates import Estimates
from results.statistics.panel import Panel
from results.statistics.points import NUM_DRAWS, MeasuredPanel, gather_measured, none_if_nan
from results.statistics.quantiles import row_quantiles
from results.statistics.schema import BEST_MAGNITUDES
from results.statistics.series import DesignCell, MagnitudeSeries, list_magnitude_series
from results.statistics.splitting import MIN_BLOCKS, SplitGain, split_gain

COVERAGE = 0.95
"""Probability that the truly best magnitude is among those from `low` to `high`."""

METHOD = (
    "best of the measured magnitudes, 0 among them, against the same cell without perturbation; shares: of joint "
    "replicates over seeds and, where they are known, test examples; low to high: magnitudes not clearly worse than "
    "another, 95 % (multiple comparisons with the best); gain: of what is picked on the other seeds and other test "
    "examples, judged on one seed and a fifth of the examples, in turn (corrects for picking the best of many)"
)
_TOO_FEW = f"no corrected gain: fewer than {MIN_BLOCKS} seeds"

Array = npt.NDArray[np.float64]
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Candidates:
    """The magnitudes above 0 of one series in one language, each against none."""

    series: MagnitudeSeries
    unit: str
    cells: tuple[DesignCell, ...]
    places: tuple[int, ...]
    """Of each cell among all gains that are estimated."""
    split: SplitGain | None
    note: str | None


def compute_best_magnitudes(
    snapshot: Snapshot, analysis: Analysis, panels: Sequence[MeasuredPanel] | None = None
) -> pa.Table:
    """Find the best magnitude of every series in each language and in their mean.

    The best of several noisy deltas is too good on average, the more of them the more: `gain` is what a magnitude gains
    on seeds and test examples that had no say in picking it. Where nothing helps, it is 0 on average; where 0 is picked
    every time it is exactly 0.

    Args:
        snapshot: of the store.
        analysis: says which metric counts.
        panels: of `gather_measured`, where they were read before; else they are read.

    Returns:
        Columns of `schema.BEST_MAGNITUDES`; none for a series without a cell of magnitude 0.
    """
    rows: list[Row] = []
    for measured in gather_measured(snapshot, analysis) if panels is None else panels:
        panel = measured.panel
        differences: list[PairedDifference] = []
        found = [
            one
            for series in list_magnitude_series(measured.cells)
            for unit in (MACRO, *panel.languages)
            if (one := _gather(panel, series, unit, differences)) is not None
        ]
        if found:
            estimates = estimate(differences)
            replicates = draw_replicates(differences, num_draws=NUM_DRAWS)
            rows += [_row(panel, one, estimates, replicates) for one in found]
    return make_table(rows, BEST_MAGNITUDES)


def find_candidates(values: Array, replicates: Array, coverage: float = COVERAGE) -> list[int]:
    """Places of the options that may be the best: a set that holds the truly best one with probability `coverage`.

    Each option is compared with all others at once (multiple comparisons with the best, Hsu 1981; critical values from
    joint replicates), and leaves the set where one of them is clearly better. Where all are equal, all stay: to count
    how often each comes out best would not do, since the best of many equal ones comes out best but rarely.

    Args:
        values: estimates, shape (options,).
        replicates: of all of them jointly, each about its estimate; shape (draws, options).
    """
    errors = np.ascontiguousarray((replicates - values).T)
    scales = np.full((len(values), len(values)), np.inf)
    largest = np.full_like(errors, -np.inf)  # by how much another is better, of all others the most
    for one in range(len(values) - 1):
        shifts = errors[one + 1 :] - errors[one]
        low, high = row_quantiles(shifts, (0.25, 0.75))  # not the standard deviation: a t may have none
        scale = np.where(high > low, high - low, np.inf)
        scales[one, one + 1 :] = scales[one + 1 :, one] = scale
        shifts /= scale[:, None]
        np.maximum(largest[one], shifts.max(axis=0), out=largest[one])
        np.maximum(largest[one + 1 :], -shifts, out=largest[one + 1 :])
    (critical,) = row_quantiles(largest, (coverage,))
    behind = values - values[:, None]
    is_behind = np.where(np.isinf(scales), behind > 0, behind / scales > critical[:, None])
    return [int(one) for one in np.flatnonzero(~is_behind.any(axis=1))]


def estimate_gain(split: SplitGain, of_options: Estimates) -> Estimates:
    """The gain of picking, one row: seeds differ as the judged gains do, examples as those of what was picked.

    Args:
        split: gains that were judged on other data than what picked.
        of_options: each option's own gain.
    """
    k = len(split.by_block)
    return Estimates(
        k=np.array([k]),
        delta=np.array([split.by_block.mean()]),
        seed_variance=np.array([split.by_block.var(ddof=1) / k]),
        example_variance=np.array([np.nan_to_num(of_options.example_part) @ split.shares_picked[1:]]),
        residual_variance=np.zeros(1),
    )


def _gather(
    panel: Panel, series: MagnitudeSeries, unit: str, differences: list[PairedDifference]
) -> _Candidates | None:
    """Pair each magnitude with none; the differences are added to those of all series."""
    plain = series.plain
    if plain is None:
        return None
    chosen: list[DesignCell] = []
    gains: list[tuple[tuple[int, ...], Scored]] = []
    note = None
    languages = panel.languages_of([plain.cell_id, *(cell.cell_id for cell in series.cells)], unit)
    for cell in series.cells:
        both = (cell.cell_id, plain.cell_id)
        seeds = panel.shared_seeds(both, languages)
        if not languages or not seeds:
            continue
        blocks = panel.blocks(both, seeds)
        note = note or blocks.note
        chosen.append(cell)
        gain = panel.weighted(both, (1.0, -1.0), languages, blocks)
        differences.append(contrast([gain], [1.0], [block[0] for block in blocks.seeds]))
        gains.append((differences[-1].seeds, gain))
    if not chosen:
        return None
    places = tuple(range(len(differences) - len(chosen), len(differences)))
    return _Candidates(series=series, unit=unit, cells=tuple(chosen), places=places, split=split_gain(gains), note=note)


def _row(panel: Panel, one: _Candidates, estimates: Estimates, replicates: Array) -> Row:
    magnitudes = [0.0, *(cell.magnitude for cell in one.cells)]
    deltas = np.array([0.0, *estimates.delta[list(one.places)]])
    row: Row = {
        "series": one.series.name,
        "method": one.series.method,
        "language": one.unit,
        **panel.measure._asdict(),
        "k": int(estimates.k[list(one.places)].min()),
        "best_magnitude": magnitudes[int(np.argmax(deltas))],
        "shares": "{}",
        "method_note": "; ".join(filter(None, [METHOD, one.note, _TOO_FEW if one.split is None else None])),
    }
    drawn = replicates[:, list(one.places)]
    if not np.isnan(drawn).any():
        with_none = np.column_stack([np.zeros(len(drawn)), drawn])
        shares = np.bincount(np.argmax(with_none, axis=1), minlength=len(magnitudes)) / len(drawn)
        likely = [magnitudes[place] for place in find_candidates(deltas, with_none)]
        texts = {f"{magnitude:g}": round(float(share), 4) for magnitude, share in zip(magnitudes, shares, strict=True)}
        row |= {"shares": json.dumps(texts), "low": min(likely), "high": max(likely)}
    if one.split is not None:
        gain = estimate_gain(one.split, estimates.take(list(one.places)))
        ends = gain.interval()
        row |= {
            "gain": float(gain.delta[0]),
            "gain_low": none_if_nan(ends.low[0]),
            "gain_high": none_if_nan(ends.high[0]),
        }
    return row
