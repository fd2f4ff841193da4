"""Deltas: the score of a cell minus the score of its baseline, paired by seed, language by language.

In: plan, trials, scores (`results.schema`). Out: the deltas table. A pure function of its arguments.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from scipy.special import nctdtrinc, stdtrit

from results.means import MEASURE, counted_statuses, score_frame, with_macro
from results.schema import CELL_COLUMNS, DELTAS, MACRO, PENDING

CONFIDENCE = 0.95
CI_METHOD = "t over seeds, k-1 df, 95 %"
POWER = 0.8

_PAIRED = "paired"
_KEY = ["cell_id", *MEASURE, "language"]


def compute_deltas(plan: pa.Table, trials: pa.Table, scores: pa.Table, *, include: Collection[str] = ()) -> pa.Table:
    """Compare every cell with its baseline, over the seeds that both have.

    Where nothing is random in one of the two (`is_seeded` in the plan), its one run counts for every seed of the other.
    A pair of which a run failed is lost and counted: `k_failed`, and by status in `failures`, where `baseline <status>`
    means that only the baseline's run failed and `unscored` that both ended well but the language has no score. A pair
    with a run that is not finished yet is not counted anywhere. `macro` is averaged over languages per seed first, over
    the languages (or pairs of languages, `schema.MACRO`) scored in both runs. Interval: Student's t on the paired
    differences, k - 1 degrees of freedom.

    Args:
        include: statuses of runs that count as well, of `means.SCORED`; else only `ok`.

    Returns:
        Columns of `schema.DELTAS`: cells in the order of the plan without the baselines, `macro` first.
    """
    pairs = _pair_runs(plan, trials, counted_statuses(include))
    if pairs.empty or scores.num_rows == 0:
        return DELTAS.empty_table()
    values = _pair_scores(pairs, score_frame(scores))
    deltas = summarise(values)
    deltas = _add_failures(deltas, pairs)
    deltas = deltas[(deltas["k"] > 0) | (deltas["failures"] != "{}")]
    return DELTAS.empty_table() if deltas.empty else _as_table(deltas, values, plan)


def _pair_runs(plan: pa.Table, trials: pa.Table, counted: tuple[str, ...]) -> pd.DataFrame:
    """One row a planned run of a cell other than a baseline, with the baseline's run of the same seed."""
    columns = ["trial_id", "cell_id", "baseline_cell_id", "seed", "is_seeded", "source_language"]
    runs = plan.select(columns).to_pandas()
    runs = runs.merge(trials.select(["trial_id", "status"]).to_pandas(), on="trial_id", how="left")
    runs["status"] = runs["status"].fillna(PENDING)
    own = runs[runs["cell_id"] != runs["baseline_cell_id"]]
    baselines = runs[["cell_id", "seed", "is_seeded", "trial_id", "status"]].add_prefix("base_")
    pairs: pd.DataFrame = own.merge(baselines, left_on="baseline_cell_id", right_on="base_cell_id")
    is_for_every_seed = pairs["is_seeded"] != pairs["base_is_seeded"]
    pairs = pairs[is_for_every_seed | pairs["seed"].eq(pairs["base_seed"])]
    pairs["seed"] = pairs["seed"].where(pairs["is_seeded"], pairs["base_seed"])
    pairs = pd.concat([pairs, own[~own["trial_id"].isin(pairs["trial_id"])]], ignore_index=True)
    pairs["base_status"] = pairs["base_status"].fillna("not planned")
    own, base = pairs["status"], pairs["base_status"]
    pairs["state"] = np.select(
        [~own.isin([*counted, PENDING]), ~base.isin([*counted, PENDING]), own.eq(PENDING) | base.eq(PENDING)],
        [own, "baseline " + base, PENDING],
        default=_PAIRED,
    )
    return pairs.filter(["cell_id", "seed", "source_language", "trial_id", "base_trial_id", "state"])


def _pair_scores(pairs: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """One row a pair, measure and language (with `macro`): `cell` and `base`, both NaN where the pair is lost."""
    run = ["cell_id", "seed", "source_language", "state"]
    own = pairs[[*run, "trial_id"]].merge(scores, on="trial_id").drop(columns="trial_id")
    base = pairs[[*run, "base_trial_id"]].rename(columns={"base_trial_id": "trial_id"})
    base = base.merge(scores, on="trial_id").drop(columns="trial_id")
    values = own.merge(base, on=[*run, *MEASURE, "language"], how="outer", suffixes=("_cell", "_base"))
    values = values.rename(columns={"value_cell": "cell", "value_base": "base"})
    values["num_examples"] = values["num_examples_cell"].fillna(values["num_examples_base"])
    lost = values["cell"].isna() | values["base"].isna() | values["state"].ne(_PAIRED)
    values[["cell", "base"]] = values[["cell", "base"]].mask(lost)
    values = with_macro(values, ["cell_id", "seed", "state"], ["cell", "base"])
    values["delta"] = values["cell"] - values["base"]
    return values.sort_values([*_KEY, "seed"], ignore_index=True)


def summarise(values: pd.DataFrame) -> pd.DataFrame:
    """Mean, standard deviation (n - 1) and interval of every cell, measure and language.

    Args:
        values: one row a run, measure and language, with `base`, `cell` and their difference `delta`; NaN is left out.
    """
    deltas = values.groupby(_KEY, as_index=False).agg(
        num_examples=("num_examples", "max"),
        k=("delta", "count"),
        base_mean=("base", "mean"),
        base_sd=("base", "std"),
        cell_mean=("cell", "mean"),
        cell_sd=("cell", "std"),
        delta=("delta", "mean"),
        delta_sd=("delta", "std"),
    )
    k = deltas["k"].where(deltas["k"] > 1)
    critical, standard_error = stdtrit(k - 1, 0.5 + CONFIDENCE / 2), deltas["delta_sd"] / np.sqrt(k)
    half_width = critical * standard_error
    deltas["ci_low"] = deltas["delta"] - half_width
    deltas["ci_high"] = deltas["delta"] + half_width
    deltas["ci_method"] = [CI_METHOD if known else None for known in k.notna()]
    deltas["mde"] = nctdtrinc(k - 1, 1 - POWER, critical) * standard_error  # power of the t test, by its noncentral t
    deltas["delta_logit"] = _log_odds(deltas["cell_mean"]) - _log_odds(deltas["base_mean"])
    deltas["error_reduction"] = deltas["delta"] / (100.0 - deltas["base_mean"]).replace(0.0, np.nan)
    return deltas


def _log_odds(scores: "pd.Series[float]") -> npt.NDArray[np.float64]:
    """Of scores of 0 to 100; NaN at both ends."""
    inside = scores.where((scores > 0.0) & (scores < 100.0)).to_numpy(np.float64)
    return np.log(inside / (100.0 - inside))


def _add_failures(deltas: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Add `k_failed` and `failures`; the first is the sum of the second without `unscored`."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for cell_id, state in zip(pairs["cell_id"], pairs["state"], strict=True):
        if state != PENDING:
            counts[cell_id][state] += 1
    texts: list[str] = []
    failed: list[int] = []
    for cell_id, k in zip(deltas["cell_id"], deltas["k"], strict=True):
        lost = dict(counts[cell_id])
        num_unscored = lost.pop(_PAIRED, 0) - k
        failed.append(sum(lost.values()))
        texts.append(json.dumps(lost | ({"unscored": int(num_unscored)} if num_unscored else {}), sort_keys=True))
    return deltas.assign(k_failed=failed, failures=texts)


def _as_table(deltas: pd.DataFrame, values: pd.DataFrame, plan: pa.Table) -> pa.Table:
    """Add the columns of the cell and the seeds, put the rows in order."""
    cells = plan.select(["cell_id", "baseline_cell_id", "cell", *CELL_COLUMNS]).to_pandas()
    cells = cells.drop_duplicates("cell_id").assign(place=lambda frame: np.arange(len(frame)))
    paired = values[values["delta"].notna()]
    seeds = paired.groupby(_KEY)["seed"].agg(list).rename("seeds").reset_index()
    deltas = deltas.merge(cells, on="cell_id").merge(seeds, on=_KEY, how="left")
    deltas["seeds"] = [value if isinstance(value, list) else [] for value in deltas["seeds"]]
    deltas["is_language"] = deltas["language"] != MACRO
    order = ["place", "metric", "selection", "condition", "is_language", "language", "condition_language"]
    deltas = deltas.sort_values(order, ignore_index=True)
    deltas["condition_language"] = deltas["condition_language"].replace({"": None})
    return pa.Table.from_arrays([_column(deltas, field) for field in DELTAS], schema=DELTAS)


def _column(frame: pd.DataFrame, field: pa.Field) -> pa.Array:
    """A column as Arrow; NaN is null."""
    values: Any = frame[field.name]
    if pa.types.is_integer(field.type):
        values = values.astype("int64")
    return pa.array(values, type=field.type, from_pandas=True)
