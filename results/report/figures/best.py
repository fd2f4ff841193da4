"""Which magnitude is best in each language, how sure that is, and what it gains, less the luck of being picked."""

import json

import altair as alt
import pandas as pd

from results.report.evidence import Evidence
from results.report.figure import Figure
from results.report.figures.encodings import with_bars, zero_line
from results.report.figures.view import focus, inline, language_name, language_order, name_languages, primary_metrics
from results.report.figures.words import between, counted, listed, percent, seeds_note, signed
from results.schema import MACRO

KIND = "best"
_STEP = 24
_GAIN_WIDTH = 230
_COLUMN_WIDTH = 44
_MAX_SERIES = 8
"""As many as the curves have, and a page can be read of."""


def draw(evidence: Evidence) -> Figure | None:
    """Draw a panel a series: shares of resamples by magnitude, and beside them the corrected gain."""
    rows = focus(evidence.best_magnitudes, primary_metrics(evidence))
    rows = rows[rows["best_magnitude"].notna() & rows["shares"].ne("{}")]  # with one seed there are no resamples
    if rows.empty:
        return None
    series = rows[["target_task", "series"]].drop_duplicates()
    shown = rows.merge(series[:_MAX_SERIES], on=["target_task", "series"])
    return Figure(
        kind=KIND,
        title="Best magnitude by language",
        caption=_caption(rows, num_series=len(series)),
        alt_text=_alt_text(rows, evidence),
        chart=_chart(shown, evidence),
        table=_table(rows, evidence),
    )


def _chart(rows: pd.DataFrame, evidence: Evidence) -> alt.TopLevelMixin:
    groups = rows.groupby(["target_task", "series"], sort=False)
    several_tasks = rows["target_task"].nunique() > 1
    blocks = [
        _block(part, evidence).properties(title=f"{task} · {series}" if several_tasks else str(series))
        for (task, series), part in groups
    ]
    return blocks[0] if len(blocks) == 1 else alt.vconcat(*blocks)


def _block(rows: pd.DataFrame, evidence: Evidence) -> alt.HConcatChart:
    """Shares and gain of one series, language by language."""
    codes = [code for code in (MACRO,) if rows["language"].eq(code).any()] + language_order(evidence, rows["language"])
    names = {code: language_name(evidence, code) for code in codes}
    shares = _long_shares(rows).assign(name=lambda frame: frame["language"].map(names))
    gains = rows[["language", "best_magnitude", "low", "high", "gain", "gain_low", "gain_high", "k"]]
    gains = gains.assign(name=gains["language"].map(names))
    y = alt.Y("name:N", sort=list(names.values()), title=None, axis=alt.Axis(ticks=False, domain=False))
    steps = [f"{level:g}" for level in sorted(shares["magnitude"].unique())]
    bubbles = (
        alt.Chart(inline(shares))
        .mark_point()
        .encode(
            x=alt.X("step:N", sort=steps, title="magnitude", axis=alt.Axis(labelAngle=0, grid=True)),
            y=y,
            size=alt.Size(
                "share:Q",
                scale=alt.Scale(domain=[0, 1], range=[0, 380]),
                legend=alt.Legend(title="best in this share of resamples", format=".0%", values=[0.1, 0.5, 1]),
            ),
            tooltip=["name:N", "magnitude:Q", alt.Tooltip("share:Q", format=".1%")],
        )
        .properties(width=alt.Step(_COLUMN_WIDTH), height=alt.Step(_STEP))
    )
    base = alt.Chart().encode(y=alt.Y("name:N", sort=list(names.values()), axis=None))
    tooltip = [
        alt.Tooltip("name:N", title="language"),
        alt.Tooltip("best_magnitude:Q", title="best magnitude"),
        alt.Tooltip("gain:Q", title="gain, corrected", format="+.2f"),
        alt.Tooltip("gain_low:Q", title="95 % from", format="+.2f"),
        alt.Tooltip("gain_high:Q", title="95 % to", format="+.2f"),
        alt.Tooltip("k:Q"),
    ]
    gain = alt.layer(
        zero_line(),
        base.mark_rule().encode(x=alt.X("bar_low:Q"), x2="bar_high:Q"),
        base.mark_point(size=52).encode(x=alt.X("gain:Q", title="gain at the best (points)"), tooltip=tooltip),
        data=inline(with_bars(gains, {"gain_low": "bar_low", "gain_high": "bar_high"}, at="gain")),
    ).properties(width=_GAIN_WIDTH, height=alt.Step(_STEP))
    return alt.hconcat(bubbles, gain, spacing=14)


def _long_shares(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a language and magnitude."""
    return pd.DataFrame(
        [
            {"language": row.language, "magnitude": float(level), "step": f"{float(level):g}", "share": share}
            for row in rows.itertuples()
            for level, share in json.loads(str(row.shares)).items()
        ]
    )


def _caption(rows: pd.DataFrame, *, num_series: int) -> str:
    more = f" The first {_MAX_SERIES} of {num_series} series are drawn; the table has all."
    return (
        "Left: in which share of resamples each measured magnitude is best (0: no perturbation). Right: what the best "
        "magnitude gains over the baseline, corrected for having been picked as the best, with 95 % intervals, each "
        "alone. Languages from the largest corpus to none. "
        f"{seeds_note(rows)}. {listed(rows['method_note'].unique(), 2)}.{more if num_series > _MAX_SERIES else ''}"
    )


def _alt_text(rows: pd.DataFrame, evidence: Evidence) -> str:
    means = rows[rows["language"].eq(MACRO)]
    means = means if len(means) else rows
    sentences = []
    for row in means.itertuples():
        share = max(json.loads(str(row.shares)).values())
        name = language_name(evidence, str(row.language))
        sentences.append(
            f"{row.series}, {name}: best magnitude {row.best_magnitude:g} "
            f"(in {percent(share)} of resamples; 95 % set from {row.low:g} to {row.high:g}), gain {signed(row.gain)} "
            f"({between(row.gain_low, row.gain_high)})"
        )
    languages = rows[rows["language"] != MACRO]
    num_sure = int((languages["gain_low"] > 0).sum())
    sentences.append(f"the interval of the gain is above zero in {num_sure} of {counted(len(languages), 'panel row')}")
    return f"{'; '.join(sentences[-9:])}."


def _table(rows: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Series": rows["series"],
            "Task": rows["target_task"],
            "Language": name_languages(evidence, rows["language"]),
            "Best magnitude": rows["best_magnitude"],
            "95 % set from": rows["low"],
            "95 % set to": rows["high"],
            "Shares of resamples": rows["shares"],
            "Gain (points)": rows["gain"],
            "95 % from": rows["gain_low"],
            "95 % to": rows["gain_high"],
            "k": rows["k"],
        }
    ).reset_index(drop=True)
