"""Delta against the size of a language's corpus; languages that are not in it stand in a strip beside."""

import altair as alt
import numpy as np
import pandas as pd

from results.report.evidence import Evidence
from results.report.figure import Figure
from results.report.figures.encodings import (
    BARS,
    alone,
    interval_tooltips,
    verdict_color,
    verdict_shape,
    with_bars,
    zero_line,
)
from results.report.figures.trend import compute_trends
from results.report.figures.view import (
    corpus_note,
    inline,
    is_declared,
    main_contrasts,
    name_languages,
    short_labels,
    source_language,
)
from results.report.figures.words import counted, families_note, intervals_note, seeds_note, signed
from results.statistics.verdicts import claim_of

KIND = "corpus"
_MAX_PANELS = 6
_WIDTH, _HEIGHT = 450, 230
_FEW_LANGUAGES = 20
"""With more, a panel is as wide as two."""
_GAP = 0.25
"""Between the languages without a corpus and the smallest corpus, in powers of ten."""


def draw(evidence: Evidence) -> Figure | None:
    """Draw the declared contrasts; where none was declared, the first cells."""
    every = main_contrasts(evidence)
    every = every[every["unit"].eq("language") & every["delta"].notna()]
    rows = every[is_declared(every)] if is_declared(every).any() else every
    rows = rows[rows["language"] != source_language(evidence)]
    names = list(rows["contrast"].unique())
    rows = rows[rows["contrast"].isin(names[:_MAX_PANELS])]
    if rows["corpus_size"].nunique() < 2:
        return None
    return Figure(
        kind=KIND,
        title="Delta by size of the corpus",
        caption=f"{_caption(rows, len(names))} {corpus_note(evidence)}".rstrip(),
        alt_text=_alt_text(rows),
        chart=_chart(rows, evidence),
        table=_table(rows, evidence),
    )


def _chart(rows: pd.DataFrame, evidence: Evidence) -> alt.TopLevelMixin:
    frame = _with_trends(_place(rows, evidence), rows, evidence)
    smallest = float(rows["corpus_size"].min())
    has_absent = bool(rows["corpus_size"].isna().any())
    ends = [float(frame["place"].min()) / 1.3, float(rows["corpus_size"].max()) * 1.5]
    is_wide = rows["language"].nunique() > _FEW_LANGUAGES
    decades = [10.0**power for power in range(int(np.ceil(np.log10(smallest * 0.7))), int(np.log10(ends[1])) + 1)]
    unit = rows["corpus_unit"].dropna().iloc[0] if rows["corpus_unit"].notna().any() else "size of the corpus"
    x = alt.X(
        "place:Q",
        title=f"{unit}, log scale",
        scale=alt.Scale(type="log", domain=ends, nice=False),
        axis=alt.Axis(values=decades, format="~g", grid=False),
    )
    y = alt.Y("delta:Q", title="delta (points)")
    trend = alt.Chart().transform_filter("datum.is_trend").encode(x=x)
    base = alt.Chart().transform_filter("!datum.is_trend").encode(x=x, color=verdict_color(frame["verdict"].dropna()))
    tooltip = [alt.Tooltip("name:N", title="language"), alt.Tooltip("corpus_size:Q", title=unit), *interval_tooltips()]
    tooltip += [alt.Tooltip("said:N", title="verdict"), alt.Tooltip("k:Q")]
    absent = []
    if has_absent:
        edge = smallest * 10 ** (-_GAP / 2)
        region = alone().mark_rect(style="margin").encode(x=alt.XDatum(ends[0]), x2=alt.X2Datum(edge))
        words = alone().mark_text(style="note", align="left", dx=3, dy=9, text="not in the corpus")
        absent = [region, words.encode(x=alt.XDatum(ends[0]), y=alt.value(0))]
    layers = alt.layer(
        *absent,
        zero_line("y"),
        trend.mark_area(style="trend-band").encode(y=alt.Y("bar_low:Q"), y2="bar_high:Q"),
        trend.mark_line(style="trend").encode(y=y),
        base.mark_rule(strokeOpacity=0.6).encode(y=alt.Y("bar_low:Q"), y2="bar_high:Q"),
        base.mark_point(size=48).encode(y=y, shape=verdict_shape(), tooltip=tooltip),
        *(
            alt.Chart()
            .transform_filter(f"!datum.is_trend && datum.is_even == {str(even).lower()}")
            .mark_text(style="label", dx=6, dy=-6 if even else 8, align="left")
            .encode(x=x, y=y, text="language:N")
            for even in (True, False)
        ),
        data=inline(with_bars(frame, BARS)),
    ).properties(width=2 * _WIDTH if is_wide else _WIDTH, height=_HEIGHT)
    panels = alt.Facet("panel:N", sort=list(frame["panel"].unique()), title=None)
    chart: alt.FacetChart = layers.facet(facet=panels, columns=1 if is_wide else 2, spacing=18)
    return chart


def _place(rows: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """The columns that are drawn; absent languages stand side by side, by code."""
    smallest = float(rows["corpus_size"].min())
    absent = sorted(rows.loc[rows["corpus_size"].isna(), "language"].unique())
    num_known = rows["language"].nunique() - len(absent)
    span = np.log10(float(rows["corpus_size"].max()) / smallest)  # a strip as wide as its share of languages
    steps = np.linspace(_GAP + span * len(absent) / num_known, _GAP, len(absent))
    places = dict(zip(absent, smallest * 10**-steps, strict=True))
    by_size = rows.drop_duplicates("language").sort_values(["corpus_size", "language"])["language"]
    rank = {code: place for place, code in enumerate(by_size)}
    labels = short_labels(list(rows["contrast"]))
    return rows[["language", "corpus_size", "delta", "ci_low", "ci_high", "k"]].assign(
        panel=rows["contrast"].map(labels),
        name=name_languages(evidence, rows["language"]),
        place=rows["corpus_size"].fillna(rows["language"].map(places)),
        is_even=rows["language"].map(rank) % 2 == 0,
        said=rows["verdict"],
        verdict=rows["verdict"].map(claim_of),
    )


def _with_trends(frame: pd.DataFrame, rows: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """Add the points of the lines; panels are parts of one table, so that lines have to be in it."""
    trends = compute_trends(rows, evidence)
    if trends.empty:
        return frame.assign(is_trend=False)
    labels = short_labels(list(rows["contrast"]))
    lines = trends.assign(panel=trends["contrast"].map(labels), place=trends["corpus_size"], is_trend=True)
    return pd.concat([frame.assign(is_trend=False), lines.drop(columns="contrast")], ignore_index=True)


def _caption(rows: pd.DataFrame, num_contrasts: int) -> str:
    left_out = f" The first {_MAX_PANELS} of {num_contrasts} cells." if num_contrasts > _MAX_PANELS else ""
    return (
        "Difference in points by language against the size of the language's part of the corpus; the "
        "source language is left out, and languages that are not in the corpus stand at the left, in no order that "
        "means anything. Bars: 95 % intervals, each alone; colour and shape: the verdict, which rests on the corrected "
        "interval. Line and grey field, where the contrast is one cell against its baseline: the slope over languages "
        "that are in the corpus, with its 95 % band. More points to gain where the baseline is low do not mean that a "
        f"language gains more of what it can.{left_out} {seeds_note(rows)}. {intervals_note(rows)} "
        f"{families_note(rows)}"
    )


def _alt_text(rows: pd.DataFrame) -> str:
    sentences = []
    labels = short_labels(list(rows["contrast"]))
    for contrast, part in rows.groupby("contrast", sort=False):
        known = part.dropna(subset=["corpus_size"]).sort_values("corpus_size")
        half = len(known) // 2
        text = (
            f"{labels[str(contrast)]}: mean {signed(known['delta'].iloc[:half].mean())} over the "
            f"{counted(half, 'language')} with the least text, {signed(known['delta'].iloc[half:].mean())} over the "
            f"{len(known) - half} with the most"
        )
        absent = part[part["corpus_size"].isna()]
        if len(absent):
            text += f", {signed(absent['delta'].mean())} over {counted(len(absent), 'language')} without any"
        sentences.append(text)
    return f"{'; '.join(sentences)}. These means are descriptions, not tests."


def _table(rows: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    unit = rows["corpus_unit"].dropna()
    return pd.DataFrame(
        {
            "Contrast": rows["contrast"],
            "Language": name_languages(evidence, rows["language"]),
            f"Corpus ({unit.iloc[0]})" if len(unit) else "Corpus": rows["corpus_size"],
            "Band": rows["resource_band"],
            "Delta (points)": rows["delta"],
            "95 % from": rows["ci_low"],
            "95 % to": rows["ci_high"],
            "Corrected from": rows["ci_adjusted_low"],
            "Corrected to": rows["ci_adjusted_high"],
            "Delta (logit)": rows["delta_logit"],
            "Error reduction": rows["error_reduction"],
            "Verdict": rows["verdict"],
            "k": rows["k"],
        }
    ).reset_index(drop=True)
