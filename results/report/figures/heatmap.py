"""Every delta at once: cells by languages, with how sure each is.

A mark's colour and shape say the delta and its sign; its size says how large the delta is beside its interval; a dot in
it says that the interval that is corrected for the number of comparisons excludes zero.
"""

import altair as alt
import pandas as pd

from results.report.evidence import Evidence
from results.report.figure import Figure
from results.report.figures.encodings import delta_color, delta_extent
from results.report.figures.view import (
    BANDS,
    MEAN_LABEL,
    UNKNOWN_BAND,
    bands,
    elide,
    inline,
    language_name,
    language_order,
    main_contrasts,
    name_rows,
    short_labels,
    source_language,
)
from results.report.figures.words import (
    between,
    counted,
    families_note,
    intervals_note,
    listed,
    percent,
    seeds_note,
    signed,
)
from results.schema import MACRO
from results.statistics.verdicts import BETTER, WORSE

KIND = "heatmap"
_STEP = 19
_MAX_SIZE = 230
_FIRST_BAND = " "
"""Holds the mean and the source language, which is in no mean."""


def draw(evidence: Evidence) -> Figure | None:
    """Draw all cells against their baselines, and the declared contrasts above them."""
    rows = main_contrasts(evidence)
    rows = rows[rows["unit"].isin(["macro", "language"])]
    if rows["delta"].notna().sum() == 0:
        return None
    frame = _place(rows, evidence)
    return Figure(
        kind=KIND,
        title="Deltas by cell and language",
        caption=_caption(rows, evidence),
        alt_text=_alt_text(rows),
        chart=_chart(frame, evidence),
        table=_table(rows, evidence),
    )


def _place(rows: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """The columns that are drawn: where a mark stands, how large it is, what it says."""
    cells = name_rows(rows)
    half = (rows["ci_high"] - rows["ci_low"]) / 2
    source = source_language(evidence)
    known_bands = bands(evidence)
    unknown = UNKNOWN_BAND if known_bands else ""
    of_band = known_bands | {source: _FIRST_BAND, MACRO: _FIRST_BAND}
    names = {code: language_name(evidence, code) for code in rows["language"].unique()}
    return pd.DataFrame(
        {
            "cell": cells.map(elide(cells)),
            "whole_name": cells,
            "cell_id": rows["cell_id"],
            "language": rows["language"],
            "column": rows["language"].replace({MACRO: MEAN_LABEL, source: f"{source} (source)"}),
            "name": rows["language"].map(names),
            "band": rows["language"].map(of_band).fillna(unknown),
            "delta": rows["delta"],
            "interval": [between(low, high) for low, high in zip(rows["ci_low"], rows["ci_high"], strict=True)],
            "corrected": [
                between(low, high) for low, high in zip(rows["ci_adjusted_low"], rows["ci_adjusted_high"], strict=True)
            ],
            "certainty": (rows["delta"].abs() / half).clip(upper=1.0).fillna(0.15),
            "sign": (rows["delta"] < 0).map({True: "below 0", False: "above 0"}),
            "stands_out": rows["verdict"].isin([BETTER, WORSE]),
            "is_missing": rows["delta"].isna(),
            "verdict": rows["verdict"],
            "role": rows["role"],
            "k": rows["k"],
            "k_failed": rows["k_failed"],
            "mde": rows["mde"],
        }
    )


def _chart(frame: pd.DataFrame, evidence: Evidence) -> alt.TopLevelMixin:
    labels = dict(zip(frame["language"], frame["column"], strict=True))
    columns = [labels[code] for code in (MACRO, *language_order(evidence, labels)) if code in labels]
    order = [band for band in (_FIRST_BAND, *BANDS, UNKNOWN_BAND, "") if frame["band"].eq(band).any()]
    x = alt.X("column:N", sort=columns, title=None, axis=alt.Axis(labelAngle=-90, ticks=False, domain=False))
    cells = list(dict.fromkeys(frame["cell"]))
    y = alt.Y("cell:N", sort=cells, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=440))
    color = delta_color(delta_extent(frame["delta"]))
    size = alt.Size(
        "certainty:Q",
        scale=alt.Scale(domain=[0, 1], range=[8, _MAX_SIZE]),
        legend=alt.Legend(title="|delta| / half of its 95 % interval", values=[0.25, 0.5, 1], format=".2~f"),
    )
    shape = alt.Shape(
        "sign:N",
        scale=alt.Scale(domain=["above 0", "below 0"], range=["square", "circle"]),
        legend=alt.Legend(title="delta is"),
    )
    tooltip = [
        alt.Tooltip("whole_name:N", title="cell"),
        alt.Tooltip("name:N", title="language"),
        alt.Tooltip("delta:Q", format="+.2f"),
        alt.Tooltip("interval:N", title="95 %"),
        alt.Tooltip("corrected:N"),
        alt.Tooltip("verdict:N"),
        alt.Tooltip("role:N"),
        alt.Tooltip("k:Q"),
        alt.Tooltip("k_failed:Q", title="pairs lost"),
        alt.Tooltip("mde:Q", title="smallest detectable", format=".2f"),
    ]
    base = alt.Chart().encode(x=x, y=y, tooltip=tooltip)
    found = base.transform_filter("!datum.is_missing")
    layers = alt.layer(
        found.mark_point(opacity=1).encode(color=color, size=size, shape=shape),
        found.transform_filter("datum.stands_out").mark_point(style="claim", size=22, shape="circle"),
        base.transform_filter("datum.is_missing").mark_point(style="missing", shape="cross", size=30, angle=45),
        data=inline(frame),
    ).properties(width=alt.Step(_STEP), height=alt.Step(_STEP))
    header = alt.Header(labelOrient="top", labelPadding=4, labelExpr="replace(datum.value, 'very low', 'v. low')")
    chart: alt.FacetChart = layers.facet(
        column=alt.Column("band:N", sort=order, title=None, header=header),
        spacing=12,
    ).resolve_scale(x="independent")
    return chart


def _caption(rows: pd.DataFrame, evidence: Evidence) -> str:
    unit = evidence.languages["corpus_unit"].dropna()
    order = f"ordered by size of their corpus ({unit.iloc[0]})" if len(unit) else "by code"
    extent = delta_extent(rows["delta"])
    return (
        f"Cell minus its baseline in points; languages {order}; the mean leaves out the source language. Blue squares: "
        "above, orange circles: below the baseline; the larger the mark, the larger the delta beside half of its 95 % "
        "interval (full size: the interval excludes zero; smallest: there is none). "
        f"Colours end at ±{extent:g}. A dot: better or worse, as the corrected interval has it; else no claim. "
        f"A cross: no pair of runs ended well. {seeds_note(rows)}. {intervals_note(rows)} {families_note(rows)}"
    )


def _alt_text(rows: pd.DataFrame) -> str:
    languages = rows[rows["unit"].eq("language")]
    found = languages.dropna(subset=["delta"])
    num_better = int((found["ci_adjusted_low"] > 0).sum())
    num_worse = int((found["ci_adjusted_high"] < 0).sum())
    text = (
        f"{counted(rows['contrast'].nunique(), 'row')} by {counted(languages['language'].nunique(), 'language')}. "
        f"Of {counted(len(found), 'delta')}, {percent((found['delta'] > 0).mean())} are above zero; the corrected "
        f"interval is above zero in {num_better} and below in {num_worse}."
    )
    means = rows[rows["unit"].eq("macro") & rows["delta"].notna()]
    if not means.empty:
        names = short_labels(list(means["contrast"]))
        ends = means.loc[[means["delta"].idxmax(), means["delta"].idxmin()]]
        said = [
            f"{names[str(name)]} {signed(delta)}" for name, delta in zip(ends["contrast"], ends["delta"], strict=True)
        ]
        low, high = signed(means["delta"].min()), signed(means["delta"].max())
        text += f" Means over languages lie between {low} and {high} ({listed(dict.fromkeys(said))})."
    return text


def _table(rows: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """A row a cell, a column a language: delta, half of its interval, and * where the corrected one excludes zero."""
    half = (rows["ci_high"] - rows["ci_low"]) / 2
    mark = ((rows["ci_adjusted_low"] > 0) | (rows["ci_adjusted_high"] < 0)).map({True: "*", False: ""})
    texts = [
        "" if pd.isna(delta) else f"{signed(delta)}{star}" + ("" if pd.isna(width) else f" ±{width:.1f}")
        for delta, width, star in zip(rows["delta"], half, mark, strict=True)
    ]
    frame = rows[["language", "k"]].assign(contrast=name_rows(rows), text=texts)
    wide = frame.pivot_table(index="contrast", columns="language", values="text", aggfunc="first", sort=False)
    order = [code for code in (MACRO, *language_order(evidence, wide.columns)) if code in wide.columns]
    wide = wide[order].fillna("").rename(columns={MACRO: "Mean"}).reset_index(names="Cell or contrast")
    wide.columns.name = None
    wide.insert(1, "k", wide["Cell or contrast"].map(frame.groupby("contrast")["k"].max()))
    return wide
