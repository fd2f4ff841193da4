"""Mean of every cell over its seeds, language by language, and the mean over languages.

In: scores with their trials (`Snapshot.results`). Out: one row a cell, language, metric, selection and condition.
"""

from collections.abc import Collection

import pandas as pd
import pyarrow as pa

from results.errors import QueryError
from results.schema import ALL_PAIRS, MACRO, OFF_DIAGONAL

MEASURE = ["metric", "selection", "condition", "condition_language"]
"""What is measured, on which checkpoint, and how; never averaged over, but for pairs of languages (`with_macro`)."""

_ROUNDING = 1e-6
_CELL = ["place", "cell_id", "cell", "is_baseline", "target_task", "source_language"]


SCORED = ("degenerate", "stopped_early")
"""Statuses of trials that have scores, which are not those of a training that went well to its end."""


def counted_statuses(include: Collection[str] = ()) -> tuple[str, ...]:
    """Statuses of the trials whose scores count.

    Raises:
        QueryError: one to be included is not among `SCORED`.
    """
    if unknown := [status for status in include if status not in SCORED]:
        raise QueryError(f"status '{unknown[0]}' cannot be included; allowed: {', '.join(SCORED)}")
    return ("ok", *include)


def split_statuses(text: str | None) -> tuple[str, ...]:
    """Split statuses given by comma; none given: none."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def compute_means(results: pa.Table, *, include: Collection[str] = ()) -> pd.DataFrame:
    """Average every cell's scores over its counted trials (`counted_statuses`).

    Returns:
        Columns cell_id, cell, is_baseline, target_task, source_language, language, metric, selection, condition,
        condition_language, num_examples, k (number of seeds), mean, sd (n - 1; NaN for one seed). `macro` is averaged
        over languages (or pairs of them, see `schema.MACRO`) per seed first. Cells in the order of `results`.
    """
    frame = score_frame(results, ["status", "seed", *_CELL[1:]])
    frame["place"] = frame.groupby("cell_id", sort=False).ngroup()
    is_counted = frame["status"].isin(counted_statuses(include)) & frame["value"].notna()
    frame = with_macro(frame[is_counted], [*_CELL, "seed"], ["value"])
    groups = frame.sort_values("seed").groupby([*_CELL, *MEASURE, "language"], dropna=False)
    means = groups.agg(
        num_examples=("num_examples", "max"), k=("value", "count"), mean=("value", "mean"), sd=("value", "std")
    ).reset_index()
    return means.drop(columns="place")


def compute_chance(results: pa.Table) -> pd.DataFrame:
    """Scores of knowing nothing of the examples, `macro` among them, where they are the same in all trials.

    Returns:
        Columns target_task, language, metric, selection, condition, condition_language, chance; no row for a metric
        that has none.
    """
    frame = score_frame(results, ["target_task", "source_language", "chance"]).dropna(subset=["value", "chance"])
    frame = with_macro(frame, ["target_task", "trial_id"], ["chance"])
    groups = frame.groupby(["target_task", *MEASURE, "language"], sort=False)["chance"]
    chance: pd.DataFrame = groups.agg(["min", "max"]).reset_index()
    is_one = chance["max"] - chance["min"] < _ROUNDING
    return chance[is_one].rename(columns={"min": "chance"}).drop(columns="max")


def score_frame(scores: pa.Table, extra: Collection[str] = ()) -> pd.DataFrame:
    """Scores as a frame in which a missing `condition_language` is an empty string, so that it can be a key."""
    frame: pd.DataFrame = scores.select(["trial_id", "language", *MEASURE, "value", "num_examples", *extra]).to_pandas()
    frame["condition_language"] = frame["condition_language"].astype("object").fillna("")
    return frame


def with_macro(frame: pd.DataFrame, run: list[str], values: Collection[str]) -> pd.DataFrame:
    """Add rows `macro`: per run and measure, the unweighted mean of `values` over all but the source language.

    Where sentences have two languages there are two such rows (`schema.MACRO`): over all ordered pairs, and over those
    of different languages.

    Args:
        frame: one row a run, measure and language, with `source_language` and `num_examples`.
        run: columns that tell runs apart.
        values: columns to average; NaN is left out. `num_examples` is summed over the rows that are averaged.
    """
    # a fixed order of summation: the same numbers for rows in any order
    frame = frame.sort_values(["language", "condition_language"])
    pairs = frame[frame["condition_language"] != ""]
    single = frame[frame["condition_language"] == ""]
    averaged = pd.concat(
        [
            single[single["language"] != single["source_language"]],
            pairs.assign(condition_language=ALL_PAIRS),
            pairs[pairs["language"] != pairs["condition_language"]].assign(condition_language=OFF_DIAGONAL),
        ]
    )
    scored = averaged[list(values)].notna().all(axis="columns")
    averaged = averaged.assign(num_examples=averaged["num_examples"].where(scored, 0))
    how = dict.fromkeys(values, "mean") | {"num_examples": "sum"}
    macro = averaged.groupby([*run, *MEASURE], as_index=False, dropna=False).agg(how).assign(language=MACRO)
    return pd.concat([macro, frame], ignore_index=True)
