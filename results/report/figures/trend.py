"""The line of an effect over corpus sizes, with its band, as the statistics of single cells give it.

In: contrasts that are drawn, and `Evidence.effects`. Out: points of a line for each that has one.
"""

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from results.report.evidence import Evidence

_NUM_POINTS = 30
_LEVEL, _SLOPE = "effect", "effect:log_corpus"


def compute_trends(rows: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """Points of the lines of those contrasts that are one cell against its baseline.

    The line is level + slope * (log10(size) - mean of log10(size)). Its band takes the two errors to be independent, as
    they are of a line whose predictor is centred, and the fewer of their degrees of freedom.

    Args:
        rows: contrasts by language, each with its corpus size.
        evidence: the effects of single cells.

    Returns:
        Columns contrast, corpus_size, delta, ci_low, ci_high.
    """
    cells = _cells_by_terms(evidence)
    parts = []
    for (contrast, terms), part in rows.groupby(["contrast", "terms"], sort=False):
        sizes = part["corpus_size"].dropna().to_numpy(float)
        effect = _find_effect(evidence, cells.get(_read_terms(str(terms))), part)
        if effect is not None and len(sizes) == effect["num_languages"].iloc[0]:
            parts.append(_line(effect.set_index("term"), sizes).assign(contrast=str(contrast)))
    columns = ["contrast", "corpus_size", "delta", "ci_low", "ci_high"]
    return pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)


def _cells_by_terms(evidence: Evidence) -> Mapping[frozenset[tuple[str, float]], str]:
    """Cell by the terms of its delta: a declared contrast may be the delta of a cell under another name."""
    deltas = evidence.contrasts[evidence.contrasts["baseline_cell_id"].notna()].drop_duplicates("cell_id")
    return {_read_terms(str(row.terms)): str(row.cell_id) for row in deltas.itertuples()}


def _read_terms(text: str) -> frozenset[tuple[str, float]]:
    return frozenset((term["cell_id"], float(term["weight"])) for term in json.loads(text))


def _find_effect(evidence: Evidence, cell_id: str | None, part: pd.DataFrame) -> pd.DataFrame | None:
    """Level and slope of a cell in the measure that is drawn; None: it has no slope."""
    if cell_id is None:
        return None
    effects = evidence.effects
    found = effects[
        effects["cell_id"].isin([cell_id])
        & effects["term"].isin([_LEVEL, _SLOPE])
        & effects["outcome"].eq("delta")
        & effects["left_out"].isna()
        & effects["estimate"].notna()
    ]
    for column in ("metric", "selection", "condition"):
        found = found[found[column].eq(part[column].iloc[0])]
    return found if sorted(found["term"]) == [_LEVEL, _SLOPE] else None


def _line(effect: pd.DataFrame, sizes: np.ndarray) -> pd.DataFrame:
    logs = np.log10(sizes)
    steps = np.linspace(logs.min(), logs.max(), _NUM_POINTS)
    distance = steps - logs.mean()
    level, slope = effect.loc[_LEVEL], effect.loc[_SLOPE]
    middle = level["estimate"] + slope["estimate"] * distance
    error = np.sqrt(level["se"] ** 2 + (slope["se"] * distance) ** 2)
    half = stdtrit(min(level["df"], slope["df"]), 0.975) * error
    return pd.DataFrame({"corpus_size": 10**steps, "delta": middle, "ci_low": middle - half, "ci_high": middle + half})
