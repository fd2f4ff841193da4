"""The deltas of several sweeps side by side: cells that mean the same, and how far they are apart in each language.

In: stores; the first is the reference. Out: one row a cell, language and measure of each of the others.
"""

import json
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.special import stdtrit

from results.deltas import CONFIDENCE, compute_deltas
from results.means import MEASURE
from results.schema import CELL_COLUMNS
from results.several import NamedStore
from results.snapshot import Snapshot

_WELCH = "Welch's t on the difference of independent deltas, 95 %"
_SAME = "none: both are made of the same trials"
_OVERLAP = "none: some of the trials are the same, so that the deltas are not independent"
_FEW = "none: fewer than two paired seeds"

_PLACE = [*MEASURE, "language"]
_SIDE = ["cell_id", "cell", "k", "delta", "ci_low", "ci_high", "num_examples"]
"""Columns that each side has of its own; those of the reference are named `reference_...`."""

COMPARISONS = pa.schema(
    [
        pa.field("sweep", pa.string()),
        pa.field("reference", pa.string()),
        pa.field("target_task", pa.string()),
        *[pa.field(name, pa.string()) for name in _PLACE],
        pa.field("cell", pa.string()),  # null: only the reference has it
        pa.field("cell_id", pa.string()),
        pa.field("k", pa.int32()),
        pa.field("delta", pa.float64()),
        pa.field("ci_low", pa.float64()),
        pa.field("ci_high", pa.float64()),
        pa.field("num_examples", pa.int64()),
        pa.field("reference_cell", pa.string()),  # null: only the other has it
        pa.field("reference_cell_id", pa.string()),
        pa.field("reference_k", pa.int32()),
        pa.field("reference_delta", pa.float64()),
        pa.field("reference_ci_low", pa.float64()),
        pa.field("reference_ci_high", pa.float64()),
        pa.field("reference_num_examples", pa.int64()),
        pa.field("difference", pa.float64()),  # delta minus that of the reference
        pa.field("se", pa.float64()),
        pa.field("df", pa.float64()),
        pa.field("difference_ci_low", pa.float64()),
        pa.field("difference_ci_high", pa.float64()),
        pa.field("ci_method", pa.string()),  # null: nothing to compare
        pa.field("num_same_trials", pa.int32()),  # runs with the same id on both sides, those of baselines included
        pa.field("differs", pa.string()),  # JSON: what of the two cells is not the same -> [reference, other]
    ]
)
"""One row a sweep other than the reference, cell, language, metric, selection and condition."""


def compare_sweeps(stores: Sequence[NamedStore], *, include: Collection[str] = ()) -> pa.Table:
    """Put the deltas of sweeps beside those of the first.

    Cells mean the same where their axes have the same values; where the sweeps have other axes, where all that is known
    of the cells in columns is the same and no second cell of a sweep is like it. The seeds of two sweeps do not pair:
    the interval is Welch's (1947), which takes the deltas for independent. Where trials are the same on both sides (one
    id: same settings, seed and code) they are not, and there is none.

    Args:
        stores: two at least.
        include: statuses of runs that count as well, as `compute_deltas` takes it.

    Returns:
        Columns of `COMPARISONS`. A cell, language or measure that only one side has is a row without a difference.
    """
    first, *others = [_Side(one, include) for one in stores]
    rows = [row for other in others for row in _compare(first, other)]
    return pa.Table.from_pylist(rows, schema=COMPARISONS)


class _Side:
    """The deltas of one sweep, with the names of their runs."""

    def __init__(self, one: NamedStore, include: Collection[str]) -> None:
        snapshot: Snapshot = one.store.snapshot()
        deltas = compute_deltas(snapshot.plan, snapshot.trials, snapshot.scores, include=include)
        plan = snapshot.plan.select(["trial_id", "cell_id", "seed", "cell", "is_seeded"]).to_pandas()
        self.name = one.name
        self.rows: pd.DataFrame = deltas.to_pandas()
        self.rows["condition_language"] = self.rows["condition_language"].astype("object").fillna("")
        self.labels: dict[str, str] = dict(zip(plan["cell_id"], plan["cell"], strict=True))
        self._trial_of = {
            (cell_id, seed if is_seeded else None): trial_id
            for trial_id, cell_id, seed, _, is_seeded in plan.itertuples(index=False)
        }
        self.cells: pd.DataFrame = self.rows.drop_duplicates("cell_id").set_index("cell_id", drop=False)

    def trials_of(self, row: dict[str, Any]) -> set[str]:
        """Ids of the runs that a delta is made of."""
        places = [(cell, seed) for cell in (row["cell_id"], row["baseline_cell_id"]) for seed in (*row["seeds"], None)]
        return {self._trial_of[place] for place in places if place in self._trial_of}


def _compare(first: _Side, other: _Side) -> list[dict[str, Any]]:
    pairs = _match_cells(first.cells, other.cells)
    matched = {cell for pair in pairs for cell in pair}
    alone = [(cell, None) for cell in first.cells.index if cell not in matched]
    alone += [(None, cell) for cell in other.cells.index if cell not in matched]
    by_cell = [dict(list(side.rows.groupby("cell_id"))) for side in (first, other)]
    rows = []
    for pair in [*pairs, *alone]:
        places: dict[tuple[Any, ...], list[dict[str, Any] | None]] = {}
        for side, cell in enumerate(pair):
            for row in [] if cell is None else by_cell[side][cell].to_dict("records"):
                place = tuple(row[name] for name in ("target_task", *_PLACE))
                places.setdefault(place, [None, None])[side] = {str(name): value for name, value in row.items()}
        rows += [_make_row(first, other, *sides) for sides in places.values()]
    return rows


def _match_cells(first: pd.DataFrame, other: pd.DataFrame) -> list[tuple[str, str]]:
    """Pair the cells of two sweeps that mean the same, in the order of the first."""
    meaning = [name for name in CELL_COLUMNS if name != "axes"]
    pairs: list[tuple[str, str]] = []
    for columns in (["target_task", "axes"], meaning):
        left, right = (side[~side.index.isin([cell for pair in pairs for cell in pair])] for side in (first, other))
        keys = [_unique_keys(side, columns) for side in (left, right)]
        pairs += [(cell, keys[1][key]) for key, cell in keys[0].items() if key in keys[1]]
    place = {cell: number for number, cell in enumerate(first.index)}
    return sorted(pairs, key=lambda pair: place[pair[0]])


def _unique_keys(cells: pd.DataFrame, columns: list[str]) -> dict[tuple[Any, ...], str]:
    """Cells by what they mean; those that are not the only ones of their meaning are left out."""
    texts = cells[columns].astype("object").where(cells[columns].notna(), None)
    keys = list(texts.itertuples(index=False, name=None))
    return {key: cell for key, cell in zip(keys, cells.index, strict=True) if keys.count(key) == 1}


def _make_row(
    first: _Side, other: _Side, reference: dict[str, Any] | None, own: dict[str, Any] | None
) -> dict[str, Any]:
    known = own if own is not None else reference or {}
    row = {"sweep": other.name, "reference": first.name, "target_task": known["target_task"]}
    row |= {name: known[name] or None for name in _PLACE}
    for prefix, side in (("reference_", reference), ("", own)):
        row |= {prefix + name: None if side is None else _plain(side[name]) for name in _SIDE}
    if reference is None or own is None:
        return row
    num_same = len(first.trials_of(reference) & other.trials_of(own))
    row |= {"num_same_trials": num_same, "differs": json.dumps(_list_differences(first, other, reference, own))}
    if _plain(own["delta"]) is None or _plain(reference["delta"]) is None:
        return row
    row["difference"] = own["delta"] - reference["delta"]
    if num_same:
        is_all = first.trials_of(reference) == other.trials_of(own)
        return row | {"ci_method": _SAME if is_all else _OVERLAP}
    if min(own["k"], reference["k"]) < 2:
        return row | {"ci_method": _FEW}
    return row | _welch(row["difference"], own, reference)


def _welch(difference: float, own: dict[str, Any], reference: dict[str, Any]) -> dict[str, Any]:
    """Interval of a difference of two independent means; degrees of freedom by Satterthwaite (1946)."""
    k = np.array([own["k"], reference["k"]], np.float64)
    variances = np.array([own["delta_sd"], reference["delta_sd"]], np.float64) ** 2 / k
    variance = float(variances.sum())
    df = variance**2 / float((variances**2 / (k - 1)).sum()) if variance else float(k.sum() - 2)
    half_width = float(stdtrit(df, 0.5 + CONFIDENCE / 2)) * variance**0.5
    interval = {"difference_ci_low": difference - half_width, "difference_ci_high": difference + half_width}
    return {"se": variance**0.5, "df": df, "ci_method": _WELCH} | interval


def _list_differences(
    first: _Side, other: _Side, reference: dict[str, Any], own: dict[str, Any]
) -> dict[str, list[Any]]:
    """What is not the same of two cells that are compared, of their baselines and of their test sets."""
    sides = [{name: _plain(row[name]) for name in (*CELL_COLUMNS, "num_examples")} for row in (reference, own)]
    for sweep, side, row in ((first, sides[0], reference), (other, sides[1], own)):
        side["baseline"] = sweep.labels.get(row["baseline_cell_id"])
    names = [name for name in sides[0] if name != "axes"]
    return {name: [side[name] for side in sides] for name in names if sides[0][name] != sides[1][name]}


def _plain(value: Any) -> Any:
    """A value of a frame as Arrow and JSON take it; missing is null."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and np.isnan(value) else value
