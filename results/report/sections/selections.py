"""Rules of choosing a checkpoint, side by side: what they score, and what differs from taking the last.

In: `statistics.schema.SELECTIONS` as a frame. Out: tables; none where there is one rule only.
"""

from dataclasses import dataclass

import pandas as pd

from results.report.blocks import Grid, lay_out
from results.report.comparisons import names_of
from results.report.evidence import Evidence
from results.report.figures.words import between, listed, signed
from results.report.wording import is_missing
from results.schema import MACRO


@dataclass(frozen=True, kw_only=True)
class Selections:
    """What other rules would have given."""

    note: str
    means: Grid
    by_language: Grid | None


def compare_rules(evidence: Evidence) -> Selections | None:
    """Put the rules side by side; none: every score is of one rule."""
    rows = evidence.selections
    if rows.empty or rows["selection"].nunique() < 2:
        return None
    is_mean = rows["language"].eq(MACRO)
    oracles = rows.loc[rows["is_oracle"], "selection"].unique()
    note = "Every claim is about the last checkpoint. Here is what other rules of choosing one would have given."
    if len(oracles):
        note += f" {listed(oracles)} chose by labels of the languages scored, and so gave no zero-shot result."
    return Selections(
        note=f"{note} Intervals: {listed(rows.loc[rows['k_last'].gt(1), 'ci_method'].unique(), 3)}.",
        means=_grid(rows[is_mean], evidence, "Means over languages, by rule"),
        by_language=None if is_mean.all() else _grid(rows[~is_mean], evidence, "Every language, by rule"),
    )


def _grid(rows: pd.DataFrame, evidence: Evidence, caption: str) -> Grid:
    names = names_of(evidence.languages)
    records = rows.to_dict("records")
    columns = {
        "cell": rows["cell"].to_list(),
        "task": rows["target_task"].to_list(),
        "metric": rows["metric"].to_list(),
        "language": [names.get(row["language"], row["language"]) for row in records],
        "rule": [f"{row['selection']}{' (oracle)' if row['is_oracle'] else ''}" for row in records],
        "mean ± sd": [_mean(row["mean"], row["sd"]) for row in records],
        "delta": [signed(row["delta"]) for row in records],
        "95 % interval": [between(row["delta_low"], row["delta_high"]) for row in records],
        "minus last": [signed(row["minus_last"]) for row in records],
        "its 95 % interval": [between(row["minus_last_low"], row["minus_last_high"]) for row in records],
        "k": rows["k"].to_list(),
    }
    alike = [name for name in ("task", "metric", "language") if len(set(columns[name])) == 1]
    return lay_out(pd.DataFrame({name: column for name, column in columns.items() if name not in alike}), caption)


def _mean(mean: float, sd: float) -> str:
    if is_missing(mean):
        return "–"
    return f"{mean:.1f}" if is_missing(sd) else f"{mean:.1f} ± {sd:.1f}"
