"""Rules of choosing a checkpoint side by side: the same differences, in the mean over languages, under each rule."""

import altair as alt
import pandas as pd

from results.report.evidence import Evidence
from results.report.figure import Figure
from results.report.figures.encodings import BARS, interval_tooltips, with_bars, zero_line
from results.report.figures.theme import SHAPES
from results.report.figures.view import LAST, elide, inline, is_declared, primary_metrics, short_labels
from results.report.figures.words import between, counted, intervals_note, seeds_note, signed
from results.schema import CLEAN

KIND = "selections"
_STEP, _WIDTH = 15, 380
_MAX_PANELS = 12
_ORACLE = "oracle"


def draw(evidence: Evidence) -> Figure | None:
    """Draw the declared contrasts; where none was declared, the first cells."""
    every = _rows(evidence)
    rows = every[is_declared(every)] if is_declared(every).any() else every
    names = list(rows["contrast"].unique())
    rows = rows[rows["contrast"].isin(names[:_MAX_PANELS])]
    if rows["selection"].nunique() < 2:
        return None
    return Figure(
        kind=KIND,
        title="The same contrasts under each rule of choosing a checkpoint",
        caption=_caption(rows, len(names)),
        alt_text=_alt_text(rows),
        chart=_chart(rows),
        table=_table(rows),
    )


def _rows(evidence: Evidence) -> pd.DataFrame:
    """Means over languages on clean data, of every selection, in the primary metric of each task."""
    rows = evidence.contrasts
    metrics = rows["target_task"].astype("object").map(primary_metrics(evidence))
    is_shown = rows["unit"].eq("macro") & rows["runs"].eq("ok") & rows["condition"].eq(CLEAN) & rows["delta"].notna()
    return rows[is_shown & rows["condition_language"].isna() & rows["metric"].eq(metrics)]


def _order(rows: pd.DataFrame) -> list[str]:
    """The last checkpoint first, one chosen with labels of the target languages last."""
    return sorted(rows["selection"].unique(), key=lambda name: (name != LAST, _ORACLE in name, name))


def _chart(rows: pd.DataFrame) -> alt.TopLevelMixin:
    order = _order(rows)
    names = rows["contrast"].map(short_labels(list(rows["contrast"])))
    frame = rows[["selection", "delta", "ci_low", "ci_high", "verdict", "role", "k"]].assign(
        name=names.map(elide(names))
    )
    legend = alt.Legend(title="checkpoint")
    color = alt.Color("selection:N", scale=alt.Scale(domain=order, range="category"), legend=legend)
    shape = alt.Shape("selection:N", scale=alt.Scale(domain=order, range=list(SHAPES[: len(order)])), legend=legend)
    base = alt.Chart().encode(
        y=alt.Y("name:N", sort=list(frame["name"].unique()), title=None),
        yOffset=alt.YOffset("selection:N", sort=order),
        color=color,
    )
    tooltip = [
        alt.Tooltip("name:N", title="contrast"),
        "selection:N",
        *interval_tooltips(),
        "verdict:N",
        "role:N",
        "k:Q",
    ]
    return alt.layer(
        zero_line(),
        base.mark_rule().encode(x="bar_low:Q", x2="bar_high:Q"),
        base.mark_point(size=50).encode(x=alt.X("delta:Q", title="difference in points"), shape=shape, tooltip=tooltip),
        data=inline(with_bars(frame, BARS)),
    ).properties(width=_WIDTH, height=alt.Step(_STEP, **{"for": "offset"}))


def _caption(rows: pd.DataFrame, num_contrasts: int) -> str:
    left_out = f" The first {_MAX_PANELS} of {num_contrasts}." if num_contrasts > _MAX_PANELS else ""
    has_oracle = rows["selection"].str.contains(_ORACLE).any()
    oracle = " An oracle saw labels of the target languages, and is no zero-shot result." if has_oracle else ""
    return (
        "Differences in points, mean over all languages but the source language, with 95 % intervals, each alone. Both "
        "sides of a difference are chosen by the same rule. Hypotheses are about the last checkpoint; all others are "
        f"exploratory.{oracle}{left_out} {seeds_note(rows)}. {intervals_note(rows)}"
    )


def _alt_text(rows: pd.DataFrame) -> str:
    labels = short_labels(list(rows["contrast"]))
    sentences = []
    for contrast, part in rows.groupby("contrast", sort=False):
        known = part.drop_duplicates("selection").set_index("selection")
        said = [
            f"{name} {signed(known.at[name, 'delta'])} ({between(known.at[name, 'ci_low'], known.at[name, 'ci_high'])})"
            for name in _order(part)
        ]
        sentences.append(f"{labels[str(contrast)]}: {', '.join(said)}")
    return f"{counted(len(sentences), 'contrast')}, 95 % intervals in parentheses. {'; '.join(sentences[:6])}."


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    headings = {
        "contrast": "Contrast",
        "target_task": "Task",
        "selection": "Checkpoint",
        "delta": "Delta (points)",
        "ci_low": "95 % from",
        "ci_high": "95 % to",
        "verdict": "Verdict",
        "role": "Role",
        "k": "k",
    }
    return rows[list(headings)].rename(columns=headings).reset_index(drop=True)
