"""How values of the page are written, beside what figures write (`results.report.figures.words`).

In: values of the tables of evidence. Out: short texts.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from results.report.figures.words import MINUS
from results.statistics.verdicts import claim_of

NOTHING = "–"

VERDICTS = ("better", "worse", "no loss", "equivalent", "undecided", "not testable")
MARKS = {"better": "▲", "worse": "▼", "no loss": "■", "equivalent": "◆", "undecided": "○", "not testable": "×"}
"""A shape for every verdict, as in the figures, so that none is told by colour alone."""


def plain_verdict(verdict: str) -> str:
    """A verdict without what it is restricted to: `better (one intermediate run)` is `better`."""
    return verdict.partition(" (")[0]


def mark_of(verdict: str) -> str:
    """The shape of what a verdict claims."""
    return MARKS.get(claim_of(verdict), "")


def is_missing(value: Any) -> bool:
    """Whether a value of a frame stands for none."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def probability(value: float | None) -> str:
    """A p-value: `p = .021`, `p < .001`."""
    if value is None or math.isnan(value):
        return ""
    return "p < .001" if value < 0.001 else f"p = {value:.3f}".replace("0.", ".", 1)


def plain(value: Any) -> str:
    """Any value of a frame as text: few digits, a dash for a missing one."""
    if is_missing(value):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if math.isinf(value):
            return str(value)
        if value == int(value) and abs(value) < 1e9:
            return f"{int(value)}".replace("-", MINUS)
        return (f"{value:.3g}" if abs(value) < 1 else f"{value:.2f}").replace("-", MINUS)
    return str(value)


def moment(iso: str) -> str:
    """A time for people: `2026-11-22 19:05 UTC`."""
    return f"{datetime.fromisoformat(iso).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def spread(values: Sequence[int]) -> str:
    """One number, or from where to where: `5`, `3 to 5`."""
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"
