"""Numbers and methods in words, alike in every caption, alternative text and table.

In: rows of the tables of `results.statistics.schema`. Out: text.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

MINUS = "\u2212"


def signed(value: Any, digits: int = 1) -> str:
    """A difference in points, with its sign; a dash where there is none."""
    if pd.isna(value):
        return "–"
    return f"{value:+z.{digits}f}".replace("-", MINUS)


def between(low: Any, high: Any, digits: int = 1) -> str:
    """An interval of differences; empty where there is none."""
    if pd.isna(low) or pd.isna(high):
        return "no interval"
    return f"{signed(low, digits)} to {signed(high, digits)}"


def percent(share: Any) -> str:
    """A share of 0 to 1 in per cent."""
    return "–" if pd.isna(share) else f"{100 * share:.0f} %"


def listed(names: Iterable[object], limit: int = 6) -> str:
    """Names in a sentence; of many the first, and how many more."""
    texts = [str(name) for name in names]
    if len(texts) > limit:
        return f"{', '.join(texts[:limit])} and {len(texts) - limit} more"
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}" if texts else "none"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def seeds_note(rows: pd.DataFrame) -> str:
    """How many paired seeds the rows have, and how many pairs failed runs took."""
    low, high = int(rows["k"].min()), int(rows["k"].max())
    text = f"k = {high} paired seeds" if low == high else f"k = {low} to {high} paired seeds"
    num_lost = int(rows["k_failed"].max()) if "k_failed" in rows else 0
    return f"{text}; up to {counted(num_lost, 'pair')} lost to failed runs" if num_lost else text


def intervals_note(rows: pd.DataFrame) -> str:
    """How the intervals of the rows were made."""
    methods = _distinct(rows["ci_method"])
    return f"95 % intervals: {listed(methods, 3)}." if methods else "No intervals: they need two paired seeds."


def families_note(rows: pd.DataFrame) -> str:
    """Within which families of hypotheses the rows are corrected, and how; those split by contrast are one here."""
    known = rows.dropna(subset=["family"])
    known = known.assign(whole=known["family"].str.split(": ").str[0])
    parts = []
    for (family, adjustment), part in known.groupby(["whole", "adjustment"], sort=False, dropna=False):
        how = {"holm": "Holm", "bh": "Benjamini-Hochberg"}.get(str(adjustment), "not corrected")
        low, high = int(part["family_size"].min()), int(part["family_size"].max())
        size = f"{high:,}" if low == high else f"{low:,} to {high:,}"
        split = ", each contrast a family" if part["family"].nunique() > 1 else ""
        exploratory = ", exploratory" if (part["role"] == "exploratory").all() else ""
        noun = "hypothesis" if high == 1 else "hypotheses"
        parts.append(f"“{family}” ({how}, {size} {noun}{split}{exploratory})")
    if not parts:
        return "Nothing is corrected for the number of comparisons."
    return f"Corrected within {'families' if len(parts) > 1 else 'the family'} {listed(parts, 8)}."


def _distinct(values: pd.Series) -> Sequence[str]:
    return [str(value) for value in values.dropna().unique()]
