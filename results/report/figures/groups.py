"""Contrasts by group of languages: resource bands, families, scripts, beside the mean over all."""

import altair as alt
import pandas as pd

from results.report.evidence import Evidence
from results.report.figure import Figure
from results.report.figures.encodings import (
    BARS,
    interval_tooltips,
    verdict_color,
    verdict_shape,
    with_bars,
    zero_line,
)
from results.report.figures.view import BANDS, corpus_note, inline, is_declared, main_contrasts, short_labels
from results.report.figures.words import between, counted, families_note, intervals_note, seeds_note, signed
from results.statistics.verdicts import claim_of

KIND = "groups"
_MAX_PANELS = 6
_STEP, _WIDTH = 22, 300
_KINDS = ("mean", "band", "family", "script")


def draw(evidence: Evidence) -> Figure | None:
    """Draw the declared contrasts; where none was declared, the first cells."""
    every = main_contrasts(evidence)
    every = every[every["unit"].isin(["group", "macro"]) & every["delta"].notna()]
    rows = every[is_declared(every)] if is_declared(every).any() else every
    names = list(rows["contrast"].unique())
    rows = rows[rows["contrast"].isin(names[:_MAX_PANELS])]
    if not rows["unit"].eq("group").any():
        return None
    return Figure(
        kind=KIND,
        title="Deltas by group of languages",
        caption=f"{_caption(rows, len(names))} {corpus_note(evidence)}".rstrip(),
        alt_text=_alt_text(rows),
        chart=_chart(rows),
        table=_table(rows),
    )


def name_group(language: str) -> str:
    """A group for people: `band:low` is languages with a small corpus."""
    kind, _, name = language.partition(":")
    band = "not in the corpus" if name == "absent" else f"{name} resources"
    return {"band": band, "script": f"{name} script", "family": name}.get(kind, "all languages")


def _order(rows: pd.DataFrame) -> list[str]:
    """The mean, bands from high to absent, then families and scripts by name."""

    def place(language: str) -> tuple[int, int, str]:
        kind, _, name = language.partition(":")
        if not name:
            return 0, 0, ""
        return _KINDS.index(kind) if kind in _KINDS else 9, BANDS.index(name) if name in BANDS else 0, name

    return [name_group(one) for one in sorted(rows["language"].unique(), key=place)]


def _chart(rows: pd.DataFrame) -> alt.TopLevelMixin:
    labels = short_labels(list(rows["contrast"]))
    columns = ["language", "delta", "ci_low", "ci_high", "ci_adjusted_low", "ci_adjusted_high", "num_languages", "k"]
    frame = rows[columns].assign(
        group=rows["language"].map(name_group),
        panel=rows["contrast"].map(labels),
        said=rows["verdict"],
        verdict=rows["verdict"].map(claim_of),
    )
    y = alt.Y("group:N", sort=_order(rows), title=None, axis=alt.Axis(ticks=False, domain=False))
    tooltip = ["group:N", alt.Tooltip("said:N", title="verdict"), *interval_tooltips()]
    tooltip += [alt.Tooltip("num_languages:Q", title="languages"), "k:Q"]
    base = alt.Chart().encode(y=y, color=verdict_color(frame["verdict"]))
    layers = alt.layer(
        zero_line(),
        base.mark_rule(style="corrected").encode(x="far_low:Q", x2="far_high:Q"),
        base.mark_rule(style="plain").encode(x="bar_low:Q", x2="bar_high:Q"),
        base.mark_point(size=70).encode(x=alt.X("delta:Q", title="points"), shape=verdict_shape(), tooltip=tooltip),
        data=inline(with_bars(frame, BARS | {"ci_adjusted_low": "far_low", "ci_adjusted_high": "far_high"})),
    ).properties(width=_WIDTH, height=alt.Step(_STEP))
    panel = alt.Facet(
        "panel:N", sort=list(frame["panel"].unique()), title=None, header=alt.Header(labelLimit=_WIDTH + 40)
    )
    chart: alt.FacetChart = layers.facet(facet=panel, columns=2, spacing=18)
    return chart


def _caption(rows: pd.DataFrame, num_contrasts: int) -> str:
    left_out = f" The first {_MAX_PANELS} of {num_contrasts} cells." if num_contrasts > _MAX_PANELS else ""
    return (
        "Mean difference in points over the languages of each group, the source language in none. Thick: 95 % interval "
        "alone; thin: corrected, and what the verdict (colour and shape) rests on. Groups overlap, and each has few "
        f"languages.{left_out} {seeds_note(rows)}. {intervals_note(rows)} {families_note(rows)}"
    )


def _alt_text(rows: pd.DataFrame) -> str:
    labels = short_labels(list(rows["contrast"]))
    sentences = []
    for contrast, part in rows.groupby("contrast", sort=False):
        known = part.assign(group=part["language"].map(name_group)).set_index("group")
        main = part[part["unit"].eq("macro") | part["language"].str.startswith("band:")]
        said = [
            f"{group} {signed(known.at[group, 'delta'])} "
            f"({between(known.at[group, 'ci_adjusted_low'], known.at[group, 'ci_adjusted_high'])})"
            for group in _order(main)
        ]
        sentences.append(f"{labels[str(contrast)]}: {', '.join(said)}")
    num_groups = counted(rows.loc[rows["unit"].eq("group"), "language"].nunique(), "group")
    return f"{num_groups}; in parentheses corrected intervals. {'; '.join(sentences)}."


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Contrast": rows["contrast"],
            "Group": rows["language"].map(name_group),
            "Languages": rows["num_languages"],
            "Delta (points)": rows["delta"],
            "95 % from": rows["ci_low"],
            "95 % to": rows["ci_high"],
            "Corrected from": rows["ci_adjusted_low"],
            "Corrected to": rows["ci_adjusted_high"],
            "Verdict": rows["verdict"],
            "k": rows["k"],
        }
    ).reset_index(drop=True)
