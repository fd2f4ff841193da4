"""Failure as a result: how often training failed in each cell, with an exact interval; how large perturbations were.

In: trials with what they are (`Snapshot.trials`). Out: one row a cell, or a combination of columns.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from scipy.special import betaincinv

from results.errors import QueryError
from results.schema import CELL_COLUMNS, PENDING

FAILED = ("degenerate", "diverged")
"""Statuses that say that training failed: a finding."""
_COUNTED = ("ok", *FAILED, "stopped_early", "oom", "infra")
"""The last three tell nothing about training: they are counted, and left out of shares."""

CONFIDENCE = 0.95
_CELL = ("cell_id", "cell", "is_baseline")
_SIZES = ("size_mean", "loss_gap")
_LABELS = (*_CELL, "seed", *CELL_COLUMNS)


def compute_failures(trials: pa.Table, by: Sequence[str] = ()) -> pa.Table:
    """Count the finished trials of every cell by status, and give the share that failed.

    Args:
        trials: of `Snapshot.trials`, maybe filtered.
        by: columns of a cell, or names of axes, to pool over all others; none given: one row a cell.

    Returns:
        What a row is of, then `num_finished`, `num_<status>`, `share_failed` (of the trials that are ok, degenerate or
        diverged; 0 to 1), `share_low` and `share_high` (Clopper-Pearson, 95 %), `size_kind`, and the means over trials
        of `size_mean` and `loss_gap` where they were measured. Sizes of different kinds are not averaged: where a row
        pools kinds, `size_kind` and `size_mean` are null. Cells in the order of the plan, else sorted by `by`.

    Raises:
        QueryError: no such column and no such axis.
    """
    frame = trials.select([*_LABELS, "status", "size_kind", *_SIZES]).to_pandas()
    frame = _with_axes(frame.assign(place=frame.groupby("cell_id", sort=False).ngroup()), by)
    frame = frame[frame["status"] != PENDING]
    key = [*by] if by else ["place", *_CELL, *CELL_COLUMNS]
    counts = {f"num_{status}": frame["status"].eq(status) for status in _COUNTED}
    groups = frame.assign(**counts).groupby(key, dropna=False)
    table = groups[[*counts]].sum().assign(num_finished=groups.size())
    num_failed = table[[f"num_{status}" for status in FAILED]].sum(axis="columns").to_numpy()
    num_ended = num_failed + table["num_ok"].to_numpy()
    low, high = exact_interval(num_failed, num_ended)
    table["share_failed"] = num_failed / np.where(num_ended == 0, np.nan, num_ended)
    table["share_low"], table["share_high"] = low, high
    is_one_kind = groups["size_kind"].nunique() == 1
    table["size_kind"] = groups["size_kind"].first().where(is_one_kind, None)
    table["size_mean"] = groups["size_mean"].mean().where(is_one_kind)
    table["loss_gap"] = groups["loss_gap"].mean()
    table = table.reset_index().drop(columns="place", errors="ignore")
    order = [*(name for name in key if name != "place"), "num_finished", *counts]
    order += ["share_failed", "share_low", "share_high", "size_kind", *_SIZES]
    return pa.Table.from_pandas(table[order], preserve_index=False).replace_schema_metadata(None)


def exact_interval(
    num_hits: npt.NDArray[np.integer], num_trials: npt.NDArray[np.integer]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Clopper and Pearson's (1934) exact interval of a share, by quantiles of the beta distribution.

    Args:
        num_hits: shape (n,).
        num_trials: shape (n,); no trials have no interval (NaN).

    Returns:
        Lower and upper ends, each of shape (n,), 0 to 1.
    """
    tail = (1 - CONFIDENCE) / 2
    num_others = num_trials - num_hits
    low = np.where(num_hits == 0, 0.0, betaincinv(np.maximum(num_hits, 1), num_others + 1, tail))
    high = np.where(num_others == 0, 1.0, betaincinv(num_hits + 1, np.maximum(num_others, 1), 1 - tail))
    return np.where(num_trials == 0, np.nan, low), np.where(num_trials == 0, np.nan, high)


def _with_axes(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Add a column for every name that is no column yet but the name of an axis."""
    axes = [json.loads(text) for text in frame["axes"].fillna("{}")]
    known = {axis for values in axes for axis in values}
    for name in names:
        if name not in _LABELS:
            if name not in known:
                there_are = ", ".join([*_LABELS, *sorted(known)])
                raise QueryError(f"no column and no axis '{name}'; there are: {there_are}")
            frame = frame.assign(**{name: [_scalar(values.get(name)) for values in axes]})
    return frame


def _scalar(value: Any) -> Any:
    """A value of an axis as rows can be grouped by it."""
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value
