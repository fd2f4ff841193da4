"""Magnitude against delta, a small panel a language, from the largest corpus to none."""

import altair as alt
import pandas as pd

from results.report.evidence import Evidence
from results.report.figure import Figure
from results.report.figures.encodings import interval_tooltips, magnitude_axis, zero_line
from results.report.figures.theme import SHAPES
from results.report.figures.view import focus, inline, language_name, language_order, name_languages, primary_metrics
from results.report.figures.words import between, counted, intervals_note, listed, seeds_note, signed
from results.schema import MACRO

KIND = "curves"
_NUM_COLUMNS, _WIDTH, _HEIGHT = 6, 132, 92
_DODGE = 1.09
_MAX_SERIES = 8
"""So many colours can be told apart."""


def draw(evidence: Evidence) -> Figure | None:
    """Draw the curves of every task; a task's panels share their axes."""
    every = focus(evidence.curves, primary_metrics(evidence))
    rows = every[every["delta"].notna()]
    if not (rows["is_measured"] & (rows["magnitude"] > 0)).any():
        return None
    series = list(rows["series"].unique())
    shown = rows[rows["series"].isin(series[:_MAX_SERIES])]
    return Figure(
        kind=KIND,
        title="Delta by magnitude, language by language",
        caption=_caption(rows, series),
        alt_text=_alt_text(rows, evidence),
        chart=_chart(shown, evidence),
        table=_table(rows, evidence),
    )


def _chart(rows: pd.DataFrame, evidence: Evidence) -> alt.TopLevelMixin:
    blocks = [_panels(part, evidence) for _, part in rows.groupby("target_task", sort=False)]
    tasks = list(rows["target_task"].unique())
    if len(blocks) == 1:
        return blocks[0]
    titled = [block.properties(title=task) for block, task in zip(blocks, tasks, strict=True)]
    stacked: alt.VConcatChart = alt.vconcat(*titled)
    return stacked


def _panels(rows: pd.DataFrame, evidence: Evidence) -> alt.FacetChart:
    """The panels of one task."""
    codes = [code for code in (MACRO,) if rows["language"].eq(code).any()] + language_order(evidence, rows["language"])
    names = {code: language_name(evidence, code) for code in codes}
    has_fit = rows.groupby(["series", "language"])["is_measured"].transform(lambda flags: not flags.all())
    frame = rows[
        ["series", "method", "language", "magnitude", "is_measured", "k", "delta", "ci_low", "ci_high"]
    ].assign(panel=rows["language"].map(names), is_line=~rows["is_measured"] | ~has_fit)
    measured = frame[frame["is_measured"]]
    order = list(frame["series"].unique())
    frame["place"] = _dodged(frame, order)
    x = magnitude_axis(measured["magnitude"], field="place", max_ticks=5)
    y = alt.Y("delta:Q", title="delta (points)", scale=alt.Scale(domain=_domain(measured)), axis=alt.Axis(tickCount=4))
    legend = None if len(order) == 1 else alt.Legend(title=None, columns=2)
    color = alt.Color("series:N", scale=alt.Scale(domain=order, range="category"), legend=legend)
    shape = alt.Shape("series:N", scale=alt.Scale(domain=order, range=list(SHAPES[: len(order)])), legend=legend)
    base = alt.Chart().encode(x=x, color=color)
    tooltip = [alt.Tooltip("panel:N", title="language"), "series:N", "magnitude:Q", *interval_tooltips(), "k:Q"]
    layers = alt.layer(
        zero_line("y"),
        base.transform_filter("!datum.is_measured")
        .mark_area(style="band", clip=True)
        .encode(y=alt.Y("ci_low:Q"), y2="ci_high:Q"),
        base.transform_filter("datum.is_line").mark_line(strokeWidth=1.5, clip=True).encode(y=y),
        base.transform_filter("datum.is_measured").mark_rule(clip=True).encode(y=alt.Y("ci_low:Q"), y2="ci_high:Q"),
        base.transform_filter("datum.is_measured")
        .mark_point(size=34, clip=True)
        .encode(y=y, shape=shape, tooltip=tooltip),
        data=inline(frame),
    ).properties(width=_WIDTH, height=_HEIGHT)
    facet = alt.Facet("panel:N", sort=[names[code] for code in codes], title=None, header=alt.Header(labelPadding=3))
    chart: alt.FacetChart = layers.facet(facet=facet, columns=_NUM_COLUMNS, spacing=14)
    return chart


def _dodged(frame: pd.DataFrame, order: list[str]) -> "pd.Series[float]":
    """Magnitudes, those measured a little apart by series, so that points and intervals do not hide each other."""
    shift = frame["series"].map({name: place - (len(order) - 1) / 2 for place, name in enumerate(order)})
    return frame["magnitude"] * (_DODGE**shift).where(frame["is_measured"], 1.0)


def _domain(measured: pd.DataFrame) -> list[float]:
    """What the panels show of the vertical axis: every delta, and nearly all intervals; a wild one is cut off."""
    low = min(0.0, measured["delta"].min(), measured["ci_low"].quantile(0.05))
    high = max(0.0, measured["delta"].max(), measured["ci_high"].quantile(0.95))
    return [float(low), float(high)]


def _caption(rows: pd.DataFrame, series: list[str]) -> str:
    fitted = rows[~rows["is_measured"]]
    how = f" Lines with bands: {listed(fitted['ci_method'].unique(), 2)}." if len(fitted) else " Lines join the points."
    left_out = len(series) - _MAX_SERIES
    more = f" The first {_MAX_SERIES} of {len(series)} series are drawn; the table has all." if left_out > 0 else ""
    measured = rows[rows["is_measured"] & (rows["magnitude"] > 0)]
    return (
        "Cell minus its baseline in points against magnitude (linear up to the smallest, then logarithmic; 0: nothing "
        "is perturbed). Panels: the mean over all languages but the source language, the source language, then from "
        f"the largest corpus to none. Points with 95 % intervals: measured, each interval alone.{how} "
        f"Intervals beyond a panel are cut off.{more} {seeds_note(measured)}. {intervals_note(measured)}"
    )


def _alt_text(rows: pd.DataFrame, evidence: Evidence) -> str:
    measured = rows[rows["is_measured"] & (rows["magnitude"] > 0)]
    means = measured[measured["language"].eq(MACRO)]
    means = means if len(means) else measured
    sentences = []
    for (task, series), part in means.groupby(["target_task", "series"], sort=False):
        by_magnitude = part.sort_values("magnitude")
        first, last = by_magnitude.iloc[0], by_magnitude.iloc[-1]
        of_task = f" on {task}" if rows["target_task"].nunique() > 1 else ""
        text = f"{series}{of_task}: {signed(first['delta'])} at magnitude {first['magnitude']:g}"
        if len(part) > 1:
            text += f", {signed(last['delta'])} ({between(last['ci_low'], last['ci_high'])}) at {last['magnitude']:g}"
        sentences.append(text)
    num_panels = counted(rows.loc[rows["language"] != MACRO, "language"].nunique(), "language")
    whose = (
        "Mean over languages"
        if means["language"].eq(MACRO).any()
        else language_name(evidence, str(means["language"].iloc[0]))
    )
    return f"Curves of {num_panels}. {whose}: {'; '.join(sentences[:8])}."


def _table(rows: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    measured = rows[rows["is_measured"]]
    return pd.DataFrame(
        {
            "Series": measured["series"],
            "Task": measured["target_task"],
            "Language": name_languages(evidence, measured["language"]),
            "Magnitude": measured["magnitude"],
            "Delta (points)": measured["delta"],
            "95 % from": measured["ci_low"],
            "95 % to": measured["ci_high"],
            "k": measured["k"],
        }
    ).reset_index(drop=True)
