"""Ways to choose a checkpoint, side by side: last, chosen on English or on target languages, averaged.

In: a snapshot. Out: `schema.SELECTIONS`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from results.analysis import Analysis
from results.schema import CELL_COLUMNS, MACRO, make_table
from results.snapshot import Snapshot
from results.statistics.bootstrap import estimate
from results.statistics.differences import PairedDifference, contrast
from results.statistics.measured import LAST
from results.statistics.panel import Panel, gather_panels
from results.statistics.points import none_if_nan
from results.statistics.schema import SELECTIONS

ORACLE = "target_oracle"
"""Chosen on data of the target languages: an upper bound, no zero-shot result."""

_CI_METHOD = "t over seeds, k-1 df; test examples not resampled: predictions are kept of the last checkpoint only"

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """A row, and where its two differences are among all that are estimated."""

    row: Row
    against_baseline: int | None
    against_last: int | None


def compare_selections(snapshot: Snapshot, analysis: Analysis) -> pa.Table:
    """Compare the selections of every cell: mean, delta against the baseline chosen alike, difference to `last`.

    All are of the primary metric, paired by seed, with intervals over seeds alone: predictions are kept of `last` only,
    and intervals that stand side by side are to be made alike.

    Returns:
        Columns of `schema.SELECTIONS`; no rows where a sweep has only one selection.
    """
    selections = dict.fromkeys(snapshot.scores["selection"].unique().to_pylist())
    if len(selections) < 2:
        return SELECTIONS.empty_table()
    panels = gather_panels(snapshot, analysis, selections=selections, with_outcomes=False)
    groups: dict[tuple[str, str, str], dict[str, Panel]] = {}
    for panel in panels:
        measure = panel.measure
        by_selection = groups.setdefault((measure.target_task, measure.metric, measure.condition), {})
        by_selection[measure.selection] = panel
    drafts: list[_Draft] = []
    differences: list[PairedDifference] = []
    for row in _cells(snapshot):
        for (task, _, _), by_selection in groups.items():
            if task == row["target_task"] and len(by_selection) > 1:
                drafts += _draft(row, by_selection, differences)
    return make_table(_fill(drafts, differences), SELECTIONS)


def _cells(snapshot: Snapshot) -> list[Row]:
    names = ["cell_id", "baseline_cell_id", "cell", "is_baseline", *CELL_COLUMNS]
    distinct = {row["cell_id"]: row for row in snapshot.plan.select(names).to_pylist()}
    return list(distinct.values())


def _draft(cell: Row, panels: Mapping[str, Panel], differences: list[PairedDifference]) -> Iterator[_Draft]:
    cell_id, baseline_id = cell["cell_id"], cell["baseline_cell_id"]
    last = panels.get(LAST)
    any_panel = next(iter(panels.values()))
    for unit in (MACRO, *any_panel.languages):
        for selection, panel in panels.items():
            languages = panel.languages_of([cell_id], unit)
            seeds = panel.shared_seeds([cell_id], languages)
            if not languages or not seeds:
                continue
            values = panel.scored(cell_id, languages, panel.blocks([], seeds)).scores
            measure = panel.measure
            row = cell | {
                "language": unit,
                "metric": measure.metric,
                "condition": measure.condition,
                "selection": selection,
                "is_oracle": selection == ORACLE,
                "k": len(seeds),
                "mean": float(values.mean()),
                "sd": float(values.std(ddof=1)) if len(seeds) > 1 else None,
                "k_last": 0,
            }
            against_baseline = against_last = None
            if cell_id != baseline_id and (found := _against_baseline(panel, cell_id, baseline_id, unit)) is not None:
                against_baseline = len(differences)
                differences.append(found)
            if last is not None and selection != LAST and (found := _against_last(panel, last, cell_id, unit)):
                against_last = len(differences)
                differences.append(found)
                row["k_last"] = len(found.seeds)
            yield _Draft(row=row, against_baseline=against_baseline, against_last=against_last)


def _against_baseline(panel: Panel, cell_id: str, baseline_id: str, unit: str) -> PairedDifference | None:
    both = (cell_id, baseline_id)
    languages = panel.languages_of(both, unit)
    seeds = panel.shared_seeds(both, languages)
    if not languages or not seeds:
        return None
    return panel.difference(both, (1.0, -1.0), languages, panel.blocks(both, seeds))


def _against_last(panel: Panel, last: Panel, cell_id: str, unit: str) -> PairedDifference | None:
    """Pair the same runs under two selections; in the mean over the languages that both have."""
    languages = tuple(one for one in panel.languages_of([cell_id], unit) if one in last.languages_of([cell_id], unit))
    known = last.shared_seeds([cell_id], languages)
    seeds = [seed for seed in panel.shared_seeds([cell_id], languages) if seed in known]
    if not languages or not seeds:
        return None
    blocks = panel.blocks([cell_id], seeds)
    scored = [one.scored(cell_id, languages, blocks) for one in (panel, last)]
    return contrast(scored, (1.0, -1.0), [block[0] for block in blocks.seeds])


def _fill(drafts: list[_Draft], differences: list[PairedDifference]) -> Iterator[Row]:
    """Estimate all differences at once and put them into the rows."""
    estimates = estimate(differences)
    interval = estimates.interval()
    for draft in drafts:
        row = draft.row | {"ci_method": "no interval"}
        for name, place in (("delta", draft.against_baseline), ("minus_last", draft.against_last)):
            if place is not None:
                row[name] = float(estimates.delta[place])
                row[f"{name}_low"] = none_if_nan(interval.low[place])
                row[f"{name}_high"] = none_if_nan(interval.high[place])
                row["ci_method"] = _CI_METHOD if len(differences[place].deltas) > 1 else "no interval: one seed"
        if not np.isfinite(row["mean"]):
            continue
        yield row
