"""One language at a time: what is known of it, and every comparison in it.

In: evidence with sound verdicts. Out: a block a language, and compact rows for the charts that the page draws of it.
"""

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results.report.blocks import Grid
from results.report.comparisons import main_rows
from results.report.evidence import Evidence
from results.report.figures.view import focus, primary_metrics
from results.report.sections.claims import comparison_grid
from results.report.wording import is_missing, plain
from results.schema import CLEAN, MACRO
from results.statistics.verdicts import claim_of

_NUMBERS = ("delta", "ci_low", "ci_high", "ci_adjusted_low", "ci_adjusted_high")
_OF_DELTA = ["contrast", "verdict", "role", "k", *_NUMBERS]
_ON_CURVE = ("magnitude", "delta", "ci_low", "ci_high")
_OF_CURVE = ["series", "is_measured", "k", *_ON_CURVE]
_MEAN = "Mean over languages"


@dataclass(frozen=True, kw_only=True)
class LanguageDetail:
    """All that the page has on one language."""

    code: str
    name: str
    facts: tuple[tuple[str, str], ...]
    grid: Grid | None
    rows: str
    """JSON: `deltas` and `curve`, lists of short records (`chart_rows`)."""


def detail_languages(evidence: Evidence) -> tuple[LanguageDetail, ...]:
    """Describe the mean and every language that has a score, those with the largest corpus first."""
    contrasts = main_rows(evidence.contrasts)
    by_language = dict(list(contrasts.groupby("language", sort=False)))
    metrics = primary_metrics(evidence)
    drawn = dict(list(focus(contrasts, metrics).groupby("language", sort=False)))
    curves = dict(list(focus(evidence.curves, metrics).groupby("language", sort=False)))
    details = []
    for code, name in _scored(evidence):
        rows = by_language.get(code, contrasts.iloc[:0])
        records = chart_rows(drawn.get(code, contrasts.iloc[:0]), curves.get(code))
        details.append(
            LanguageDetail(
                code=code,
                name=name,
                facts=tuple(_facts(code, evidence)),
                grid=comparison_grid(rows, evidence, f"{name}: every comparison"),
                rows=json.dumps(records, separators=(",", ":"), ensure_ascii=False),
            )
        )
    return tuple(details)


def chart_rows(contrasts: pd.DataFrame, curve: pd.DataFrame | None) -> dict[str, list[dict[str, Any]]]:
    """Short records for the two charts of a language."""
    deltas = [
        {
            "name": row["contrast"] if row["role"] == "exploratory" else f"declared: {row['contrast']}",
            "verdict": claim_of(row["verdict"]),
            "role": row["role"],
            "k": row["k"],
            **_rounded(row, _NUMBERS),
        }
        for row in contrasts.loc[contrasts["k"].gt(0), _OF_DELTA].to_dict("records")
    ]
    if curve is None:
        return {"deltas": deltas, "curve": []}
    points = [
        {"series": row["series"], "measured": bool(row["is_measured"]), "k": row["k"]} | _rounded(row, _ON_CURVE)
        for row in curve[_OF_CURVE].to_dict("records")
    ]
    return {"deltas": deltas, "curve": points}


def _rounded(row: dict[Any, Any], names: tuple[str, ...]) -> dict[str, float | None]:
    return {name: None if is_missing(row[name]) else round(float(row[name]), 4) for name in names}


def _scored(evidence: Evidence) -> list[tuple[str, str]]:
    """Code and name of the mean and of every scored language, by corpus size where it is known."""
    present = dict.fromkeys(evidence.scores["language"])
    known = evidence.languages.sort_values("corpus_size", ascending=False, kind="stable")
    named = [(code, name) for code, name in zip(known["language"], known["name"], strict=True) if code in present]
    others = [(code, code) for code in present if code != MACRO and code not in set(known["language"])]
    return [*([(MACRO, _MEAN)] if MACRO in present else []), *named, *others]


def _facts(code: str, evidence: Evidence) -> list[tuple[str, str]]:
    """What is known of a language, and its mean score in each baseline."""
    facts = []
    rows = evidence.languages[evidence.languages["language"].eq(code)].to_dict("records")
    if code in set(evidence.scores["source_language"]):
        facts.append(("role", "source language: trained on, in no mean"))
    for row in rows:
        size = "not in it, or not known" if is_missing(row["corpus_size"]) else plain(float(row["corpus_size"]))
        unit = "" if is_missing(row["corpus_size"]) or is_missing(row["corpus_unit"]) else f" {row['corpus_unit']}"
        source = "" if is_missing(row["source"]) else f" ({row['source']})"
        facts += [(what, str(row[what])) for what in ("family", "script") if not is_missing(row[what])]
        facts.append(("size of the corpus", f"{size}{unit}{source}"))
        if not is_missing(row["resource_band"]):
            facts.append(("resource band", str(row["resource_band"])))
    base = evidence.scores[evidence.scores["language"].eq(code) & evidence.scores["is_baseline"]]
    base = base[base["selection"].eq("last") & base["condition"].eq(CLEAN) & base["condition_language"].eq("")]
    for row in base.to_dict("records"):
        spread = "" if is_missing(row["sd"]) else f" ± {row['sd']:.1f} (sd over {row['k']} seeds)"
        facts.append((f"baseline, {row['target_task']}, {row['metric']}", f"{row['mean']:.1f}{spread}"))
    return facts
