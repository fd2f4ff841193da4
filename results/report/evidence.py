"""All that a report shows, gathered once. In: a store. Out: `Evidence`; every figure and sentence is made from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The tables of one sweep as frames; one that has nothing to say has no rows."""

    uri: str
    sweep: Mapping[str, Any]
    """What sweep.json holds."""
    analysis: Analysis
    made_at: str
    """UTC, ISO 8601."""
    languages: pd.DataFrame
    """`schema.LANGUAGES`."""
    trials: pd.DataFrame
    """`Snapshot.trials`: every planned trial with its status."""
    scores: pd.DataFrame
    """`means.compute_means`: mean score of every cell, baselines among them."""
    contrasts: pd.DataFrame
    """`statistics.schema.CONTRASTS`: declared ones and all deltas."""
    curves: pd.DataFrame
    best_magnitudes: pd.DataFrame
    surfaces: pd.DataFrame
    effects: pd.DataFrame
    """`statistics.schema.CURVES`, `BEST_MAGNITUDES`, `SURFACES`, `EFFECTS`."""
    failures: pd.DataFrame
    """`failures.compute_failures`, a row a cell."""
    pairs: pd.DataFrame
    """Deltas of pairs of languages (`condition_language` is set)."""
