"""Deltas of cells against their baselines, estimated all at once: what curves and surfaces go through.

In: a panel. Out: `Points`: estimates with intervals, and joint replicates of all cells in all languages.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from results.analysis import Analysis
from results.schema import MACRO
from results.snapshot import Snapshot
from results.statistics.bootstrap import draw_replicates, estimate
from results.statistics.differences import PairedDifference
from results.statistics.estimates import Estimates
from results.statistics.panel import Panel, describe_interval, gather_panels
from results.statistics.series import DesignCell, list_cells

NUM_DRAWS = 2_000
"""Of replicates: the ends of bands and the shares made of them are looked at, not read to the third digit."""

BASELINE = "the baseline: 0 by definition"

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Points:
    """Paired deltas by cell and unit (a language, or `macro`)."""

    places: Mapping[tuple[str, str], int]
    """By cell id and unit, of those that have a delta."""
    baselines: frozenset[str]
    """Cells that are baselines: their delta is 0 and has no error."""
    notes: Sequence[str]
    """How each interval was made."""
    estimates: Estimates
    ends: tuple[Array, Array]
    replicates: Array
    """Shape (draws, deltas); NaN where there is no interval."""

    def has(self, cell: DesignCell, unit: str) -> bool:
        """Tell whether a cell has a delta in a unit in which others have one."""
        return cell.cell_id in self.baselines or (cell.cell_id, unit) in self.places

    def delta(self, cell: DesignCell, unit: str) -> float:
        """In points."""
        return 0.0 if cell.cell_id in self.baselines else float(self.estimates.delta[self.places[cell.cell_id, unit]])

    def drawn(self, cell: DesignCell, unit: str) -> Array:
        """Replicates of the delta, shape (draws,)."""
        if cell.cell_id in self.baselines:
            return np.zeros(len(self.replicates))
        column: Array = self.replicates[:, self.places[cell.cell_id, unit]]
        return column

    def row(self, cell: DesignCell, unit: str) -> dict[str, Any]:
        """`k`, `delta`, `ci_low`, `ci_high` and `ci_method` of a table."""
        if cell.cell_id in self.baselines:
            return {"k": 0, "delta": 0.0, "ci_low": 0.0, "ci_high": 0.0, "ci_method": BASELINE}
        place = self.places[cell.cell_id, unit]
        return {
            "k": int(self.estimates.k[place]),
            "delta": float(self.estimates.delta[place]),
            "ci_low": none_if_nan(self.ends[0][place]),
            "ci_high": none_if_nan(self.ends[1][place]),
            "ci_method": self.notes[place],
        }


@dataclass(frozen=True)
class MeasuredPanel:
    """A panel with the deltas of its cells; these are computed once, for whoever asks first."""

    panel: Panel
    cells: tuple[DesignCell, ...]
    """Of the panel's task, in the order of the plan."""

    @cached_property
    def points(self) -> Points | None:
        """Of all cells; see `measure_points`."""
        return measure_points(self.panel, self.cells)


def gather_measured(snapshot: Snapshot, analysis: Analysis) -> list[MeasuredPanel]:
    """Read what curves, surfaces and best magnitudes are made of: see `gather_panels`."""
    cells = list_cells(snapshot.plan)
    return [
        MeasuredPanel(panel, tuple(cell for cell in cells if cell.target_task == panel.measure.target_task))
        for panel in gather_panels(snapshot, analysis)
    ]


def measure_points(panel: Panel, cells: Iterable[DesignCell]) -> Points | None:
    """Pair cells with their baselines in every language and in the mean; None where nothing can be paired.

    The mean is over all languages but the source language that every run of the two cells has scored.
    """
    places: dict[tuple[str, str], int] = {}
    paired: list[PairedDifference] = []
    notes: list[str] = []
    distinct = {cell.cell_id: cell for cell in cells}
    for cell in distinct.values():
        if cell.cell_id == cell.baseline_cell_id:
            continue
        for unit in (MACRO, *panel.languages):
            both = (cell.cell_id, cell.baseline_cell_id)
            languages = panel.languages_of(both, unit)
            seeds = panel.shared_seeds(both, languages)
            if languages and seeds:
                blocks = panel.blocks(both, seeds)
                places[cell.cell_id, unit] = len(paired)
                paired.append(panel.difference(both, (1.0, -1.0), languages, blocks))
                notes.append(describe_interval(paired[-1], blocks.note))
    if not paired:
        return None
    estimates = estimate(paired)
    interval = estimates.interval()
    return Points(
        places=places,
        baselines=frozenset(cell.cell_id for cell in distinct.values() if cell.cell_id == cell.baseline_cell_id),
        notes=notes,
        estimates=estimates,
        ends=(interval.low, interval.high),
        replicates=draw_replicates(paired, num_draws=NUM_DRAWS),
    )


def none_if_nan(value: float) -> float | None:
    """What a table holds where there is no number."""
    return None if np.isnan(value) else float(value)
