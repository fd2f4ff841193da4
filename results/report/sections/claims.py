"""What can be claimed, and what cannot: every declared comparison with its intervals and its verdict, in sentences.

In: contrasts with sound verdicts. Out: claims; nothing is called better whose corrected interval contains zero.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from results.report.blocks import Grid, lay_out
from results.report.comparisons import (
    Row,
    correction,
    evidence_sentence,
    in_order,
    main_rows,
    names_of,
    setting_name,
    unit_name,
    varying_settings,
    verdict_sentence,
)
from results.report.evidence import Evidence
from results.report.figures.view import is_declared
from results.report.figures.words import between, counted, listed, signed
from results.report.wording import VERDICTS, is_missing, mark_of, moment, plain, probability
from results.schema import MACRO
from results.statistics.verdicts import claim_of

_SAID = {
    "better": "better",
    "worse": "worse",
    "no loss": "no loss",
    "equivalent": "equivalent",
}
"""Verdicts that are a claim, in a list of languages."""
_MOST_EXPLORATORY = 40

_OF_SETTINGS = ["runs", "condition_language", "target_task", "metric"]
_OF_GRID = [
    *("contrast", "unit", "language", "num_languages", "target_task", "metric", "selection", "condition", "role"),
    *("verdict", "delta", "ci_low", "ci_high", "ci_adjusted_low", "ci_adjusted_high", "p_adjusted", "adjustment"),
    *("family_size", "mde"),
]
"""Of 80 columns of contrasts: what a line of a table is written from."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One hypothesis and what became of it."""

    name: str
    over: str
    setting: str
    hypothesis: str | None
    verdict: str
    kind: str
    """What the verdict claims, as a name in style sheets: `no-loss`."""
    mark: str
    sentence: str
    evidence: str
    beside: str
    """The same contrast by other metrics and in the source language; empty where there is neither."""


@dataclass(frozen=True, kw_only=True)
class Claims:
    """All that can be said of differences."""

    declaration: str
    primary: tuple[Claim, ...]
    secondary: tuple[str, ...]
    """A sentence a family."""
    secondary_grid: Grid | None
    exploratory: str
    exploratory_grid: Grid | None


def find_claims(evidence: Evidence) -> Claims:
    """Say what the sweep shows; `evidence` has sound verdicts."""
    rows = in_order(main_rows(evidence.contrasts))
    by_role = {role: rows[rows["role"].eq(role)] for role in ("primary", "secondary", "exploratory")}
    exploratory = by_role["exploratory"]
    means = exploratory[exploratory["language"].eq(MACRO)]
    shown = means.head(_MOST_EXPLORATORY)
    cut = "" if len(shown) == len(means) else f" (the first {len(shown)} of {len(means)} cells)"
    return Claims(
        declaration=f"{_declaration(evidence)}{_missing(evidence)}",
        primary=tuple(_claims(by_role["primary"], evidence)),
        secondary=tuple(_summaries(by_role["secondary"], evidence)),
        secondary_grid=comparison_grid(by_role["secondary"], evidence, "Secondary comparisons"),
        exploratory=_exploratory(exploratory),
        exploratory_grid=comparison_grid(shown, evidence, f"Exploratory: means over languages{cut}"),
    )


def comparison_grid(rows: pd.DataFrame, evidence: Evidence, caption: str) -> Grid | None:
    """A table of comparisons for people; none without rows."""
    if rows.empty:
        return None
    names, varying = names_of(evidence.languages), varying_settings(main_rows(evidence.contrasts[_OF_SETTINGS]))
    records = rows[_OF_GRID].to_dict("records")
    frame = pd.DataFrame(
        {
            "comparison": rows["contrast"].to_list(),
            "over": [unit_name(row, names) for row in records],
            "setting": [setting_name(row, varying) for row in records],
            "verdict": [_verdict(row) for row in records],
            "delta": [signed(row["delta"]) for row in records],
            "95 % interval": [between(row["ci_low"], row["ci_high"]) for row in records],
            "corrected": [between(row["ci_adjusted_low"], row["ci_adjusted_high"]) for row in records],
            "p, corrected": [probability(row["p_adjusted"]) for row in records],
            "correction": [correction(row) for row in records],
            "k": rows["k"].to_list(),
            "detectable": [plain(row["mde"]) for row in records],
        }
    )
    said_above = ["over"] if rows["unit"].eq("language").all() and rows["language"].nunique() == 1 else []
    said_above += [] if any(frame["setting"]) else ["setting"]
    return lay_out(frame.drop(columns=said_above), caption)


def _verdict(row: Row) -> str:
    """With its mark; of an exploratory row it says that it is one."""
    exploratory = ", exploratory" if row["role"] == "exploratory" else ""
    return f"{mark_of(row['verdict'])} {row['verdict']}{exploratory}"


def _claims(rows: pd.DataFrame, evidence: Evidence) -> Iterator[Claim]:
    names, varying = names_of(evidence.languages), varying_settings(main_rows(evidence.contrasts))
    hypotheses = {contrast.name: contrast.hypothesis for contrast in evidence.analysis.contrasts}
    for row in rows.to_dict("records"):
        yield Claim(
            name=row["contrast"],
            over=unit_name(row, names),
            setting=setting_name(row, varying),
            hypothesis=hypotheses.get(row["contrast"]),
            verdict=row["verdict"],
            kind=claim_of(row["verdict"]).replace(" ", "-"),
            mark=mark_of(row["verdict"]),
            sentence=verdict_sentence(row),
            evidence=evidence_sentence(row),
            beside=_beside(row, evidence),
        )


def _beside(row: Row, evidence: Evidence) -> str:
    """What a mean in one metric hides: the same contrast by other metrics of the task, and in the source language."""
    found = main_rows(evidence.contrasts)
    for name in ("contrast", "target_task", "selection", "condition"):
        found = found[found[name].eq(row[name])]
    trials = evidence.trials
    sources = trials.loc[trials["target_task"].eq(row["target_task"]), "source_language"]
    others = found[found["language"].eq(row["language"]) & found["metric"].ne(row["metric"])]
    at_source = found[found["language"].isin(sources) & found["metric"].eq(row["metric"])]
    at_source = at_source[at_source["language"].ne(row["language"])]
    names = names_of(evidence.languages)
    labelled = [(f"by {one['metric']}", one) for one in others.drop_duplicates("metric").to_dict("records")]
    labelled += [
        (f"in the source language, {unit_name(one, names)},", one)
        for one in at_source.drop_duplicates("language").to_dict("records")
    ]
    parts = [
        f"{label} {signed(one['delta'])} ({between(one['ci_low'], one['ci_high'])})"
        for label, one in labelled
        if not is_missing(one["delta"])
    ]
    if not parts:
        return ""
    return f"Not part of the claim, with 95 % intervals that are not corrected: {'; '.join(parts)}."


def _declaration(evidence: Evidence) -> str:
    analysis = evidence.analysis
    if not is_declared(evidence.contrasts).any() and not analysis.contrasts:
        return (
            "Nothing was declared before the sweep ran: every comparison on this page is exploratory. It may suggest "
            "what to test next; it shows nothing by itself."
        )
    what = counted(len(analysis.contrasts), "contrast")
    when = f" on {moment(analysis.declared_at)}" if analysis.declared_at else ""
    late = analysis.num_finished_when_declared
    if late is None:
        return f"{what} declared{when}; it is not on record how many trials had finished by then."
    if late == 0:
        return f"{what} declared{when}, before any trial had finished."
    return (
        f"{what} declared{when}, when {counted(late, 'trial')} had already finished: these are not predictions made "
        "blind, and should be read with that in mind."
    )


def _missing(evidence: Evidence) -> str:
    """Declared contrasts of which there is nothing yet, which no claim below names."""
    known = set(evidence.contrasts["contrast"])
    names = [f"“{one.name}”" for one in evidence.analysis.contrasts if one.name not in known]
    if not names:
        return ""
    return f" Nothing can be said of {listed(names)}: no pair of its runs has finished, or a cell is not planned."


def _summaries(rows: pd.DataFrame, evidence: Evidence) -> Iterator[str]:
    """One sentence a contrast, setting and kind of unit: for which languages what can be said."""
    names, varying = names_of(evidence.languages), varying_settings(main_rows(evidence.contrasts))
    keys = ["contrast", "unit", "target_task", "metric", "selection", "condition"]
    for _, part in rows.groupby(keys, sort=False, dropna=False):
        records = part.to_dict("records")
        first = records[0]
        setting = setting_name(first, varying)
        said = [
            f"{_SAID[verdict]} in {listed((unit_name(row, names) for row in found), 8)}"
            for verdict in _SAID
            if (found := [row for row in records if claim_of(row["verdict"]) == verdict])
        ]
        open_count = sum(claim_of(row["verdict"]) not in _SAID for row in records)
        if open_count:
            said.append(f"nothing can be said of {open_count} of {len(records)}")
        yield (
            f"{first['contrast']}, by {first['unit']}{' (' + setting + ')' if setting else ''}, "
            f"{correction(first)}: {'; '.join(said)}."
        )


def _exploratory(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "There are no exploratory comparisons yet."
    counts = Counter(map(claim_of, rows["verdict"]))
    said = [f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict]]
    return (
        f"{counted(len(rows), 'comparison')} of cells with their baselines, in all languages, groups and means, "
        f"{'was' if len(rows) == 1 else 'were'} made without having been declared: {', '.join(said)}. "
        "They are exploratory: what stands out here has to be declared and run again before it can be claimed."
    )
