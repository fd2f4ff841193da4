"""Rows of the contrasts table before anything is estimated, for tests."""

import numpy as np

from results.analysis import Term
from results.schema import CELL_COLUMNS
from results.statistics.comparisons import Comparison
from results.statistics.measured import Measure
from results.statistics.pairing import PairedRuns
from results.statistics.units import Draft

CLEAN = Measure("accuracy", "last", "clean")
TESTED = {"xnli": "accuracy"}


def make_draft(
    kind: str = "declared",
    unit: str = "macro",
    measure: Measure = CLEAN,
    name: str = "strong",
    language: str = "macro",
    **changes: object,
) -> Draft:
    """A row of which nothing is known but what it is."""
    comparison = Comparison(
        kind=kind,  # type: ignore[arg-type]
        name=name,
        cell_id=name,
        baseline_cell_id=None,
        terms=(Term("a", 1.0), Term("b", -1.0)),
        labels=dict.fromkeys(CELL_COLUMNS) | {"target_task": "xnli"},
    )
    nothing = {
        "paired": PairedRuns(seeds=(), runs=((), ())),
        "values": np.empty((2, 0)),
        "difference": None,
        "logit_difference": None,
        "changes": None,
        "num_examples": 0,
        "examples_hash": None,
        "why_not": None,
        "reason": None,
        "deltas": np.empty(0),
    }
    about = {"comparison": comparison, "measure": measure, "kind": unit, "name": language, "languages": ("de", "sw")}
    return Draft(**about | nothing | changes)  # type: ignore[arg-type]
