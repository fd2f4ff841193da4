"""Generalized transfer: deltas of sentence pairs by the language of the first and of the second sentence."""

import altair as alt
import pandas as pd

from results.report.evidence import Evidence
from results.report.figure import Figure
from results.report.figures.encodings import delta_color, delta_extent, interval_tooltips
from results.report.figures.view import focus, inline, language_order, name_languages, primary_metrics, short_labels
from results.report.figures.words import counted, intervals_note, percent, seeds_note, signed
from results.schema import MACRO

KIND = "matrix"
_MAX_PANELS = 4
_LARGE_STEP, _SMALL_STEP = 22, 13
_MANY_LANGUAGES = 20


def draw(evidence: Evidence) -> Figure | None:
    """Draw a matrix a cell, of the first cells."""
    every = focus(evidence.pairs, primary_metrics(evidence))
    every = every[every["delta"].notna() & every["language"].ne(MACRO)]
    cells = list(every["cell_id"].unique())
    rows = every[every["cell_id"].isin(cells[:_MAX_PANELS])]
    if rows.empty:
        return None
    return Figure(
        kind=KIND,
        title="Deltas by pair of languages",
        caption=_caption(rows, len(cells)),
        alt_text=_alt_text(rows),
        chart=_chart(rows, evidence),
        table=_table(rows, evidence),
    )


def _chart(rows: pd.DataFrame, evidence: Evidence) -> alt.TopLevelMixin:
    labels = short_labels(list(rows["cell"]))
    half = (rows["ci_high"] - rows["ci_low"]) / 2
    frame = rows[["language", "condition_language", "delta", "ci_low", "ci_high", "k"]].assign(
        panel=rows["cell"].map(labels),
        first=name_languages(evidence, rows["language"]),
        second=name_languages(evidence, rows["condition_language"]),
        certainty=(rows["delta"].abs() / half).clip(upper=1.0).fillna(0.15),
        sign=(rows["delta"] < 0).map({True: "below 0", False: "above 0"}),
    )
    order = language_order(evidence, {*rows["language"], *rows["condition_language"]})
    step = _SMALL_STEP if len(order) > _MANY_LANGUAGES else _LARGE_STEP
    tooltip = [alt.Tooltip("first:N", title="first sentence"), alt.Tooltip("second:N", title="second sentence")]
    layers = alt.layer(
        alt.Chart()
        .mark_point()
        .encode(
            x=alt.X("condition_language:N", sort=order, title="second sentence", axis=alt.Axis(labelAngle=-90)),
            y=alt.Y("language:N", sort=order, title="first sentence"),
            color=delta_color(delta_extent(rows["delta"])),
            size=alt.Size(
                "certainty:Q",
                scale=alt.Scale(domain=[0, 1], range=[6, 0.72 * step * step]),
                legend=alt.Legend(title="|delta| / half of its 95 % interval", values=[0.25, 0.5, 1], format=".2~f"),
            ),
            shape=alt.Shape(
                "sign:N",
                scale=alt.Scale(domain=["above 0", "below 0"], range=["square", "circle"]),
                legend=alt.Legend(title="delta is"),
            ),
            tooltip=[*tooltip, *interval_tooltips(), "k:Q"],
        ),
        data=inline(frame),
    ).properties(width=alt.Step(step), height=alt.Step(step))
    panel = alt.Facet("panel:N", sort=list(frame["panel"].unique()), title=None, header=alt.Header(labelLimit=400))
    chart: alt.FacetChart = layers.facet(facet=panel, columns=1 if len(order) > _MANY_LANGUAGES else 2, spacing=18)
    return chart


def _caption(rows: pd.DataFrame, num_cells: int) -> str:
    left_out = f" The first {_MAX_PANELS} of {num_cells} cells." if num_cells > _MAX_PANELS else ""
    return (
        "Cell minus its baseline in points, sentence pairs whose sentences are in two languages; languages from the "
        "largest corpus to none, the source language first. Larger marks: larger beside half of their "
        "95 % interval (full size: it excludes zero); intervals stand alone, nothing here is corrected."
        f"{left_out} {seeds_note(rows)}. {intervals_note(rows)}"
    )


def _alt_text(rows: pd.DataFrame) -> str:
    labels = short_labels(list(rows["cell"]))
    sentences = []
    for cell, part in rows.groupby("cell", sort=False):
        is_same = part["language"] == part["condition_language"]
        text = f"{labels[str(cell)]}: {percent((part['delta'] > 0).mean())} of {counted(len(part), 'pair')} above zero"
        if is_same.any() and not is_same.all():
            same, mixed = part.loc[is_same, "delta"].mean(), part.loc[~is_same, "delta"].mean()
            text += f", mean {signed(same)} within a language and {signed(mixed)} across languages"
        sentences.append(text)
    return f"{'; '.join(sentences)}."


def _table(rows: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Cell": rows["cell"],
            "First sentence": name_languages(evidence, rows["language"]),
            "Second sentence": name_languages(evidence, rows["condition_language"]),
            "Delta (points)": rows["delta"],
            "95 % from": rows["ci_low"],
            "95 % to": rows["ci_high"],
            "k": rows["k"],
        }
    ).reset_index(drop=True)
