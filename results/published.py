"""Published scores with their sources, and how a sweep's baselines compare with them.

In: the table `published.csv` beside this file; plan, trials and scores. Out: tables. Every number of the table was read
in the source it names, or in what its source column says quotes it; nothing is from memory.
"""

import json
from collections.abc import Collection, Iterator
from importlib.resources import files
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from results.means import counted_statuses
from results.schema import CLEAN
from results.snapshot import Snapshot

ZERO_SHOT = "zero-shot"
"""Setting of the numbers that a sweep is compared with: fine-tuned on the task's English data only."""

MEAN = "mean"
"""Stands in `language` for a mean over languages, the source language included: those that its source has."""

TOLERANCE = 3.0
"""Points that published scores of one encoder, task and language may always lie apart.

Our choice: where the table has two or more sources for the same number, about six in seven pairs are no further apart.
"""

PUBLISHED = pa.schema(
    [
        pa.field("task", pa.string()),
        pa.field("encoder", pa.string()),  # a hub id where there is one
        pa.field("setting", pa.string()),
        pa.field("language", pa.string()),
        pa.field("metric", pa.string()),
        pa.field("value", pa.float64()),
        pa.field("source", pa.string()),
        pa.field("note", pa.string()),
    ]
)
"""One row a published score, 0 to 100."""

COMPARISON = pa.schema(
    [
        pa.field("cell", pa.string()),
        pa.field("encoder", pa.string()),
        pa.field("published_encoder", pa.string()),
        pa.field("target_task", pa.string()),
        pa.field("metric", pa.string()),
        pa.field("selection", pa.string()),
        pa.field("language", pa.string()),
        pa.field("num_languages", pa.int32()),  # that a `mean` is over; else 1
        pa.field("k", pa.int32()),
        pa.field("mean", pa.float64()),
        pa.field("sd", pa.float64()),
        pa.field("published_low", pa.float64()),
        pa.field("published_high", pa.float64()),
        pa.field("num_published", pa.int32()),
        pa.field("gap", pa.float64()),  # mean minus the mean of what was published
        pa.field("spread", pa.float64()),  # range of what was published, at least `TOLERANCE`
        pa.field("exceeds", pa.bool_()),  # the gap is larger than the spread
        pa.field("sources", pa.list_(pa.string())),
        pa.field("notes", pa.list_(pa.string())),
    ]
)
"""One row a baseline, metric and language that there are published scores of."""


def read_published() -> pa.Table:
    """Every published score; columns of `PUBLISHED`."""
    with files("results").joinpath("published.csv").open("rb") as file:
        options = csv.ConvertOptions(column_types=PUBLISHED, strings_can_be_null=False)
        return csv.read_csv(file, convert_options=options)


def zero_shot_scores() -> pd.DataFrame:
    """The published scores that a sweep can be compared with; columns of `PUBLISHED`."""
    published: pd.DataFrame = read_published().to_pandas()
    return published[published["setting"] == ZERO_SHOT]


def baseline_cells(snapshot: Snapshot) -> pd.DataFrame:
    """The rows of the plan of one trial of each baseline."""
    plan: pd.DataFrame = snapshot.plan.to_pandas()
    return plan[plan["is_baseline"]].drop_duplicates("cell_id")


def find_obstacle(row: pd.Series) -> str | None:
    """Why a baseline is not what published scores are of; none: it is.

    Args:
        row: of the plan.
    """
    spec = json.loads(row["spec"])
    evaluation = spec.get("evaluation", {})
    if not pd.isna(row["intermediate_task"]):
        return f"it was trained on {row['intermediate_task']} first"
    if row["method"] not in (None, "none") and row["magnitude"] != 0.0:
        return f"it was trained under {row['method']}"
    if (limit := spec.get("target", {}).get("max_train_examples")) is not None:
        return f"it was trained on {limit} examples only"
    if evaluation.get("split", "test") != "test":
        return f"it was scored on the split '{evaluation['split']}', not on 'test'"
    if (limit := evaluation.get("max_examples")) is not None:
        return f"it was scored on the first {limit} examples of every language only"
    return None


def encoder_name(encoder: str) -> str:
    """Name of an encoder without owner, folder and revision; it is found in the published table by that."""
    return encoder.rstrip("/").rsplit("/", 1)[-1].split("@")[0]


def compare_with_published(snapshot: Snapshot, *, include: Collection[str] = ()) -> pa.Table:
    """Put the clean scores of a sweep's plain baselines beside published zero-shot scores of the same encoder and task.

    An encoder is known by its name (`encoder_name`). A `mean` is over the languages that its source has, all of which
    must have been scored; it is taken per seed first.

    Returns:
        Columns of `COMPARISON`.
    """
    baselines = baseline_cells(snapshot)
    plain = baselines[[find_obstacle(row) is None for _, row in baselines.iterrows()]]
    published = zero_shot_scores()
    results = snapshot.results.to_pandas()
    is_counted = results["status"].isin(counted_statuses(include)) & results["value"].notna()
    results = results[is_counted & results["condition"].eq(CLEAN) & results["condition_language"].isna()]
    rows: list[dict[str, Any]] = []
    for cell in plain.to_dict("records"):
        name = encoder_name(cell["encoder"])
        known = published[published["task"].eq(cell["target_task"]) & published["encoder"].map(encoder_name).eq(name)]
        same = {key: cell[key] for key in ("cell", "encoder", "target_task")}
        rows += [same | row for row in _compare_cell(results[results["cell_id"] == cell["cell_id"]], known)]
    return pa.Table.from_pylist(rows, schema=COMPARISON)


def _compare_cell(scores: pd.DataFrame, published: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows of one baseline: languages by name, then means over them.

    Args:
        scores: of its counted trials.
        published: of its encoder and task.
    """
    for (metric, selection), own in scores.groupby(["metric", "selection"], sort=False):
        table = own.pivot(index="trial_id", columns="language", values="value")
        for languages, known in _published_units(published[published["metric"] == metric]):
            if not set(languages) <= set(table.columns):
                continue
            values = table[list(languages)].mean(axis="columns", skipna=False).dropna()
            if values.empty:
                continue
            low, high = known["value"].min(), known["value"].max()
            gap, spread = values.mean() - known["value"].mean(), max(high - low, TOLERANCE)
            yield {
                "published_encoder": known["encoder"].iloc[0],
                "metric": metric,
                "selection": selection,
                "language": known["language"].iloc[0],
                "num_languages": len(languages),
                "k": len(values),
                "mean": values.mean(),
                "sd": values.std() if len(values) > 1 else None,
                "published_low": low,
                "published_high": high,
                "num_published": len(known),
                "gap": gap,
                "spread": spread,
                "exceeds": bool(abs(gap) > spread),
                "sources": list(dict.fromkeys(known["source"])),
                "notes": list(dict.fromkeys(note for note in known["note"] if note)),
            }


def _published_units(published: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """Published scores of the same thing, of one metric: the languages that it is over, and the rows.

    Means over other languages are other things; a mean whose languages its source does not give is left out.
    """
    is_mean = published["language"] == MEAN
    for language, rows in published[~is_mean].groupby("language"):
        yield (str(language),), rows
    by_source = published[~is_mean].groupby("source")["language"].agg(lambda languages: " ".join(sorted(languages)))
    means = published[is_mean].assign(over=published["source"].map(by_source))
    for over, rows in means.groupby("over"):  # leaves out what is missing
        languages = tuple(str(over).split())
        if len(languages) > 1:
            yield languages, rows
