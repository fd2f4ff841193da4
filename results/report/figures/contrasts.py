"""The headline: each declared contrast of the mean over languages, with its plain and its corrected interval."""

import altair as alt
import pandas as pd

from results.analysis import Analysis
from results.report.evidence import Evidence
from results.report.figure import Figure
from results.report.figures.encodings import alone, verdict_color, verdict_shape, zero_line
from results.report.figures.view import inline, is_declared, main_contrasts, short_labels
from results.report.figures.words import between, counted, families_note, intervals_note, listed, seeds_note, signed
from results.statistics.verdicts import claim_of

KIND = "contrasts"
_ROW_HEIGHT = 54
_WORDS_ABOVE = {"name": -20, "claim": -5}
_MAX_REACH = 2.5
"""Corrected intervals that go farther than so many times the plain ones are cut off."""


def draw(evidence: Evidence) -> Figure | None:
    """Draw the declared contrasts; where none was declared, all cells, said to be exploratory."""
    rows = headline_rows(evidence)
    if rows.empty:
        return None
    declared = bool(is_declared(rows).any())
    title = "Declared contrasts" if declared else "All cells against their baselines (exploratory)"
    return Figure(
        kind=KIND,
        title=title,
        caption=_caption(rows, evidence.analysis),
        alt_text=_alt_text(rows, declared),
        chart=_chart(_with_words(rows), evidence.analysis.margin),
        table=_table(rows),
    )


def headline_rows(evidence: Evidence) -> pd.DataFrame:
    """Contrasts of the mean over languages that have a delta: the primary ones, else the deltas of all cells."""
    every = evidence.contrasts
    of_mean = every["unit"].eq("macro") & every["runs"].eq("ok") & every["delta"].notna()
    primary = every[of_mean & every["role"].eq("primary")]
    if not primary.empty:
        return primary
    rows = main_contrasts(evidence)
    return rows[rows["unit"].eq("macro") & rows["delta"].notna()]


def name_contrasts(rows: pd.DataFrame) -> "pd.Series[str]":
    """Short names of contrasts, with the task, metric and condition where these differ among the rows."""
    names = rows["contrast"].map(short_labels(list(rows["contrast"])))
    for column in ("target_task", "metric", "condition", "selection"):
        if rows[column].nunique() > 1:
            names = names + " · " + rows[column].fillna("several tasks")
    return names


def _with_words(rows: pd.DataFrame) -> pd.DataFrame:
    """The columns that are drawn, with what stands beside each interval."""
    frame = rows.assign(name=name_contrasts(rows).to_numpy())
    frame["claim"] = [
        f"{row.verdict}: {signed(row.delta)} ({between(row.ci_adjusted_low, row.ci_adjusted_high)})"
        for row in frame.itertuples()
    ]
    frame["verdict"] = frame["verdict"].map(claim_of)
    columns = ["name", "claim", "verdict", "role", "delta", "ci_low", "ci_high", "ci_adjusted_low", "ci_adjusted_high"]
    return frame[[*columns, "k", "p_adjusted", "mde", "equivalence_margin"]]


def _chart(frame: pd.DataFrame, margin: float) -> alt.TopLevelMixin:
    x = alt.X(
        "delta:Q",
        title="difference in points (right is better)",
        axis=alt.Axis(tickCount=8),
        scale=alt.Scale(domain=_domain(frame, margin), nice=False),
    )
    y = alt.Y("name:N", sort=list(frame["name"]), axis=None)
    color, shape = verdict_color(frame["verdict"]), verdict_shape()
    tooltip = [
        alt.Tooltip("name:N", title="contrast"),
        alt.Tooltip("claim:N", title="verdict (corrected interval)"),
        alt.Tooltip("ci_low:Q", title="95 % from", format="+.2f"),
        alt.Tooltip("ci_high:Q", title="95 % to", format="+.2f"),
        alt.Tooltip("p_adjusted:Q", title="p, corrected", format=".3g"),
        alt.Tooltip("k:Q", title="k"),
        alt.Tooltip("mde:Q", title="smallest detectable", format=".2f"),
        alt.Tooltip("role:N"),
    ]
    base = alt.Chart().encode(y=y)
    marks = base.encode(color=color, tooltip=tooltip)
    return alt.layer(
        alone().mark_rect(style="margin").encode(x=alt.XDatum(-margin), x2=alt.X2Datum(margin)),
        zero_line(),
        _words(y, "name", ["heading", "halo"]),
        _words(y, "claim", ["note", "halo"]),
        _words(y, "name", ["heading"]),
        _words(y, "claim", ["note"]),
        marks.mark_rule(style="corrected", yOffset=12, clip=True).encode(
            x="ci_adjusted_low:Q", x2="ci_adjusted_high:Q"
        ),
        marks.mark_tick(yOffset=12, height=9, thickness=1.25, clip=True).encode(x="ci_adjusted_low:Q"),
        marks.mark_tick(yOffset=12, height=9, thickness=1.25, clip=True).encode(x="ci_adjusted_high:Q"),
        marks.mark_rule(style="plain", yOffset=12).encode(x="ci_low:Q", x2="ci_high:Q"),
        marks.mark_point(yOffset=12, size=90).encode(x=x, shape=shape),
        data=inline(frame),
    ).properties(width="container", height=alt.Step(_ROW_HEIGHT))


def _words(y: alt.Y, field: str, styles: list[str]) -> alt.Chart:
    """A line of words above each interval, or what keeps other marks away from it."""
    line: alt.Chart = (
        alt.Chart()
        .mark_text(style=styles, align="left", dy=_WORDS_ABOVE[field], limit=520)
        .encode(y=y, text=f"{field}:N", x=alt.value(0))
    )
    return line


def _domain(frame: pd.DataFrame, margin: float) -> list[float]:
    """What is shown of the axis: all plain intervals, and of corrected ones what is within a few times their reach."""
    near = float(frame[["delta", "ci_low", "ci_high"]].abs().max().max())
    wide = frame[["ci_adjusted_low", "ci_adjusted_high"]].clip(-_MAX_REACH * near, _MAX_REACH * near)
    every = pd.concat([frame[["delta", "ci_low", "ci_high"]], wide], axis="columns")
    low, high = min(float(every.min().min()), -1.1 * margin), max(float(every.max().max()), 1.1 * margin)
    room = 0.04 * (high - low)
    return [low - room, high + room]


def _caption(rows: pd.DataFrame, analysis: Analysis) -> str:
    num_finished = analysis.num_finished_when_declared
    when = "before any trial finished" if num_finished == 0 else f"when {num_finished} trials had finished"
    declared = f"Contrasts that were declared{'' if num_finished is None else ' ' + when}"
    what = declared if is_declared(rows).any() else "No contrast was declared: every cell minus its baseline"
    return (
        f"{what}, mean over all languages but the source language. Thick: 95 % interval of the contrast alone; thin: "
        "corrected for the number of comparisons, and what the verdict rests on; one without an end goes on, its ends "
        f"are in words. {seeds_note(rows)}. {intervals_note(rows)} {families_note(rows)} Grey field: within the "
        f"equivalence margin of {analysis.margin:g} points. Triangles up: better; down: worse; "
        "squares: no loss; diamonds: equivalent; circles: undecided."
    )


def _alt_text(rows: pd.DataFrame, declared: bool) -> str:
    names = name_contrasts(rows)
    stand_out = rows["verdict"].isin(["better", "worse"])
    shown = stand_out if not declared and stand_out.any() else pd.Series(True, index=rows.index)
    sentences = [
        f"{name}: {row.verdict}, {signed(row.delta)} points, corrected interval "
        f"{between(row.ci_adjusted_low, row.ci_adjusted_high)}"
        for name, row in zip(names[shown], rows[shown].itertuples(), strict=True)
    ]
    kind = "declared contrast" if declared else "exploratory contrast"
    intro = f"{counted(len(rows), kind)}; the corrected interval of {int(stand_out.sum())} excludes zero."
    return f"{intro} {listed(sentences, 8)}."


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    frame = pd.DataFrame({"Contrast": name_contrasts(rows).to_numpy(), "Verdict": rows["verdict"].to_numpy()})
    numbers = {
        "Delta (points)": "delta",
        "95 % from": "ci_low",
        "95 % to": "ci_high",
        "Corrected from": "ci_adjusted_low",
        "Corrected to": "ci_adjusted_high",
        "p": "p",
        "p, corrected": "p_adjusted",
        "Smallest detectable (points)": "mde",
        "k": "k",
        "Pairs lost": "k_failed",
        "Family": "family",
        "Role": "role",
    }
    return frame.assign(**{heading: rows[column].to_numpy() for heading, column in numbers.items()})
