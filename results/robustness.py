"""Robustness: the score under a condition minus the clean score of the same run, language by language.

In: plan, trials, scores (`results.schema`). Out: one row a cell, condition and language.
"""

from collections.abc import Collection

import numpy as np
import pandas as pd
import pyarrow as pa

from results.deltas import summarise
from results.means import counted_statuses, score_frame, with_macro
from results.schema import CELL_COLUMNS, CLEAN, MACRO

_UNIT = ["trial_id", "language", "metric", "selection"]
_ORDER = ["place", "metric", "selection", "condition", "is_language", "language"]
_STATISTICS = [
    "k",
    "base_mean",
    "base_sd",
    "cell_mean",
    "cell_sd",
    "delta",
    "delta_sd",
    "ci_low",
    "ci_high",
    "ci_method",
]


def compute_robustness(
    plan: pa.Table, trials: pa.Table, scores: pa.Table, *, include: Collection[str] = ()
) -> pa.Table:
    """Compare every cell's scores under each condition with its own clean scores, paired by run.

    Pairs of languages are left out: they have no clean score of their own. `macro` is averaged over languages per seed
    first, over the languages that have both scores.

    Returns:
        Columns named as those of `schema.DELTAS`, where `base_` is of the clean scores and `cell_` of those under the
        condition; baselines are cells like all others. Cells in the order of the plan, `macro` first.
    """
    cells = plan.select(["cell_id", "cell", *CELL_COLUMNS]).to_pandas().drop_duplicates("cell_id")
    cells = cells.assign(place=np.arange(len(cells)))
    summary = summarise(_paired_with_clean(plan, trials, scores, counted_statuses(include)))
    rows = (
        summary[summary["k"] > 0]
        .merge(cells, on="cell_id")
        .assign(is_language=lambda frame: frame["language"] != MACRO)
    )
    names = [
        "cell_id",
        "cell",
        *CELL_COLUMNS,
        "language",
        "metric",
        "selection",
        "condition",
        "num_examples",
        *_STATISTICS,
    ]
    return pa.Table.from_pandas(rows.sort_values(_ORDER)[names], preserve_index=False).replace_schema_metadata(None)


def _paired_with_clean(plan: pa.Table, trials: pa.Table, scores: pa.Table, counted: tuple[str, ...]) -> pd.DataFrame:
    """One row a run, measure and language (with `macro`): `cell` under the condition, `base` clean, and `delta`."""
    runs = plan.select(["trial_id", "cell_id", "seed", "source_language"]).to_pandas()
    statuses = trials.select(["trial_id", "status"]).to_pandas()
    runs = runs[runs["trial_id"].isin(statuses.loc[statuses["status"].isin(counted), "trial_id"])]
    single = score_frame(scores).query("condition_language == ''").merge(runs, on="trial_id")
    is_clean = single["condition"] == CLEAN
    clean = single.loc[is_clean, [*_UNIT, "value"]].rename(columns={"value": "base"})
    values = single[~is_clean].rename(columns={"value": "cell"}).merge(clean, on=_UNIT)
    values[["cell", "base"]] = values[["cell", "base"]].mask(values["cell"].isna() | values["base"].isna())
    values = with_macro(values, ["cell_id", "seed"], ["cell", "base"])
    return values.assign(delta=values["cell"] - values["base"])
