"""Whether an effect depends on the size of a language's corpus, and whether one language alone makes it so."""

import altair as alt
import pandas as pd

from results.report.evidence import Evidence
from results.report.figure import Figure
from results.report.figures.encodings import BARS, with_bars, zero_line
from results.report.figures.view import corpus_note, focus, inline, language_name, language_order, primary_metrics
from results.report.figures.words import between, counted, listed, signed

KIND = "slopes"
NONE_LEFT_OUT = "all languages"
_CORPUS = "log_corpus"
_STEP = 17
_WIDTH = 240


def draw(evidence: Evidence) -> Figure | None:
    """Draw a panel a series and term: the slope over all languages, and without each in turn."""
    rows = slope_rows(evidence)
    if rows.empty:
        return None
    return Figure(
        kind=KIND,
        title="Slopes on corpus size, leaving out one language at a time",
        caption=f"{_caption(rows)} {corpus_note(evidence)}".rstrip(),
        alt_text=_alt_text(rows),
        chart=_chart(rows, evidence),
        table=_table(rows, evidence),
    )


def slope_rows(evidence: Evidence) -> pd.DataFrame:
    """How effects in points change with log corpus size, by the models of whole series."""
    rows = focus(evidence.effects, primary_metrics(evidence))
    if rows.empty:
        return rows
    is_slope = rows["kind"].eq("slope") & rows["outcome"].eq("delta") & rows["estimate"].notna()
    is_on_corpus = rows["term"].str.split(":").map(lambda parts: _CORPUS in parts and len(parts) > 1)
    of_model = rows["cell_id"].isna() if "cell_id" in rows else True
    return rows[is_slope & is_on_corpus & of_model]


def _chart(rows: pd.DataFrame, evidence: Evidence) -> alt.TopLevelMixin:
    left_out = rows["left_out"].dropna().unique()
    order = [
        NONE_LEFT_OUT,
        *(f"without {language_name(evidence, code)}" for code in language_order(evidence, left_out)),
    ]
    frame = rows[["estimate", "ci_low", "ci_high", "p", "num_languages", "num_seeds"]].assign(
        panel=name_panels(rows),
        language=rows["left_out"],
        name=[_name(evidence, code) for code in rows["left_out"]],
        is_whole=rows["left_out"].isna(),
    )
    y = alt.Y("name:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False))
    x = alt.X("estimate:Q", title="points for ten times the corpus")
    tooltip = [
        alt.Tooltip("name:N"),
        alt.Tooltip("estimate:Q", format="+.3f"),
        alt.Tooltip("ci_low:Q", title="95 % from", format="+.3f"),
        alt.Tooltip("ci_high:Q", title="95 % to", format="+.3f"),
        alt.Tooltip("p:Q", format=".3g"),
        alt.Tooltip("num_languages:Q", title="languages"),
        alt.Tooltip("num_seeds:Q", title="seeds"),
    ]
    base = alt.Chart().encode(y=y)
    of_whole = base.transform_filter("datum.is_whole")
    layers = alt.layer(
        of_whole.mark_rect(style="trend-band").encode(
            x="bar_low:Q", x2="bar_high:Q", y=alt.value(0), y2=alt.value("height")
        ),
        zero_line(),
        base.mark_rule().encode(x="bar_low:Q", x2="bar_high:Q"),
        base.transform_filter("!datum.is_whole").mark_point(size=36).encode(x=x, tooltip=tooltip),
        of_whole.mark_point(size=130, shape="diamond").encode(x=x, tooltip=tooltip),
        data=inline(with_bars(frame, BARS, at="estimate")),
    ).properties(width=_WIDTH, height=alt.Step(_STEP))
    panel = alt.Facet(
        "panel:N", sort=list(frame["panel"].unique()), title=None, header=alt.Header(labelLimit=_WIDTH + 40)
    )
    chart: alt.FacetChart = layers.facet(facet=panel, columns=2, spacing=18).resolve_scale(x="independent")
    return chart


def name_panels(rows: pd.DataFrame) -> "pd.Series[str]":
    """The effect whose slope it is, with series, task and condition where these differ."""
    names = rows["term"].str.split(":").map(lambda parts: " by ".join(part for part in parts if part != _CORPUS))
    for column in ("series", "target_task", "condition"):
        if rows[column].nunique() > 1:
            names = names + " · " + rows[column]
    return names


def _name(evidence: Evidence, code: object) -> str:
    return f"without {language_name(evidence, str(code))}" if isinstance(code, str) else NONE_LEFT_OUT


def _caption(rows: pd.DataFrame) -> str:
    whole = rows[rows["left_out"].isna()]
    problems = list(rows["problem"].dropna().unique())
    trouble = f" Problems: {listed(problems, 3)}." if len(problems) else ""
    return (
        "How much an effect changes, in points, where a language's corpus is ten times as large; below 0, "
        "languages with less text gain more (or lose less). Diamond and grey field: over all languages with a known "
        "corpus; circles: without one of them. Bars: 95 % intervals, not corrected for their number. "
        f"{int(whole['num_languages'].max())} languages, {int(whole['num_seeds'].max())} seeds. "
        f"Model: {listed(whole['model'].unique(), 2)}; {listed(whole['method_note'].unique(), 1)}.{trouble}"
    )


def _alt_text(rows: pd.DataFrame) -> str:
    sentences = []
    for panel, part in rows.groupby(name_panels(rows), sort=False):
        whole = part[part["left_out"].isna()]
        without = part[part["left_out"].notna()]
        if whole.empty:
            continue
        row = whole.iloc[0]
        text = f"{panel}: {signed(row['estimate'], 2)} points ({between(row['ci_low'], row['ci_high'], 2)})"
        if len(without):
            ends = f"{signed(without['estimate'].min(), 2)} and {signed(without['estimate'].max(), 2)}"
            text += f", between {ends} when one of {counted(len(without), 'language')} is left out"
        sentences.append(text)
    return f"Slopes for ten times the corpus. {'; '.join(sentences[:8])}."


def _table(rows: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Slope of": name_panels(rows),
            "Languages": [_name(evidence, code) for code in rows["left_out"]],
            "Points for ten times the corpus": rows["estimate"],
            "95 % from": rows["ci_low"],
            "95 % to": rows["ci_high"],
            "p": rows["p"],
            "df": rows["df"],
            "Number of languages": rows["num_languages"],
            "Seeds": rows["num_seeds"],
        }
    ).reset_index(drop=True)
