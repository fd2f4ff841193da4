"""How often training failed, by magnitude, with exact intervals: a failure is a result."""

import altair as alt
import pandas as pd

from results.failures import exact_interval
from results.report.evidence import Evidence
from results.report.figure import Figure
from results.report.figures.encodings import magnitude_axis
from results.report.figures.theme import SHAPES
from results.report.figures.view import elide, inline, short_labels
from results.report.figures.words import counted, listed, percent

KIND = "failures"
_HEIGHT = 220
_DODGE = 1.05
_COUNTS = ("num_ok", "num_degenerate", "num_diverged")


def draw(evidence: Evidence) -> Figure | None:
    """Draw shares by magnitude and method, or by cell where magnitude does not vary."""
    cells = evidence.failures
    cells = cells[cells[list(_COUNTS)].sum(axis="columns") > 0] if len(cells) else cells
    if cells.empty:
        return None
    by_magnitude = cells["magnitude"].nunique() > 1
    rows = pool_failures(cells) if by_magnitude else cells.assign(method=cells["method"].fillna("none"))
    rows = rows.assign(num_failed=rows["num_degenerate"] + rows["num_diverged"])
    rows["num_ended"] = rows["num_failed"] + rows["num_ok"]
    return Figure(
        kind=KIND,
        title="Share of training runs that failed",
        caption=_caption(by_magnitude),
        alt_text=_alt_text(rows, by_magnitude),
        chart=_by_magnitude(rows) if by_magnitude else _by_cell(rows),
        table=_table(cells),
    )


def pool_failures(cells: pd.DataFrame) -> pd.DataFrame:
    """Count over all cells of one method and magnitude; magnitude 0 belongs to no method."""
    frame = cells.assign(method=cells["method"].where(cells["magnitude"] > 0, "none").fillna("none"))
    rows = frame.groupby(["method", "magnitude"], as_index=False)[list(_COUNTS)].sum()
    num_failed = (rows["num_degenerate"] + rows["num_diverged"]).to_numpy()
    num_ended = num_failed + rows["num_ok"].to_numpy()
    low, high = exact_interval(num_failed, num_ended)
    return rows.assign(share_failed=num_failed / num_ended, share_low=low, share_high=high)


def _by_magnitude(rows: pd.DataFrame) -> alt.TopLevelMixin:
    order = sorted(rows["method"].unique(), key=lambda method: (method != "none", method))
    shift = rows["method"].map({method: place - (len(order) - 1) / 2 for place, method in enumerate(order)})
    frame = rows.assign(place=rows["magnitude"] * _DODGE**shift)
    legend = alt.Legend(title="method")
    color = alt.Color("method:N", scale=alt.Scale(domain=order, range="category"), legend=legend)
    shapes = [SHAPES[place % len(SHAPES)] for place in range(len(order))]
    shape = alt.Shape("method:N", scale=alt.Scale(domain=order, range=shapes), legend=legend)
    base = alt.Chart().encode(x=magnitude_axis(rows["magnitude"], field="place"), color=color)
    return alt.layer(
        base.mark_rule().encode(y=_share_axis("y", "share_low"), y2="share_high:Q"),
        base.mark_point(size=70).encode(y=_share_axis("y", "share_failed"), shape=shape, tooltip=_tooltip("method")),
        data=inline(frame),
    ).properties(width="container", height=_HEIGHT)


def _by_cell(rows: pd.DataFrame) -> alt.TopLevelMixin:
    names = rows["cell"].map(short_labels(list(rows["cell"])))
    frame = rows[["cell", "share_failed", "share_low", "share_high", "num_failed", "num_ended"]].assign(
        name=names.map(elide(names))
    )
    y = alt.Y("name:N", sort=list(frame["name"]), title=None)
    base = alt.Chart().encode(y=y)
    return alt.layer(
        base.mark_rule().encode(x=_share_axis("x", "share_low"), x2="share_high:Q"),
        base.mark_point(size=70).encode(x=_share_axis("x", "share_failed"), tooltip=_tooltip("name")),
        data=inline(frame),
    ).properties(width=360, height=alt.Step(20))


def _share_axis(channel: str, field: str) -> alt.X | alt.Y:
    kind = alt.X if channel == "x" else alt.Y
    axis: alt.X | alt.Y = kind(
        f"{field}:Q",
        title="share that failed",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%", tickCount=5),
    )
    return axis


def _tooltip(name: str) -> list[alt.Tooltip]:
    shares = {"share_failed": "failed", "share_low": "95 % from", "share_high": "95 % to"}
    shown = [alt.Tooltip(f"{field}:Q", title=title, format=".1%") for field, title in shares.items()]
    counts = [alt.Tooltip("num_failed:Q", title="failed"), alt.Tooltip("num_ended:Q", title="of")]
    place = [] if name == "name" else [alt.Tooltip("magnitude:Q")]
    return [alt.Tooltip(f"{name}:N"), *place, *counts, *shown]


def _caption(by_magnitude: bool) -> str:
    pooled = "pooled over all cells of a method and magnitude; " if by_magnitude else ""
    return (
        f"Share of trials that are degenerate or diverged, of those that are ok, degenerate or diverged; {pooled}bars: "
        "exact 95 % intervals (Clopper-Pearson). Trials that ran out of memory, lost their machine or were stopped are "
        "left out."
    )


def _alt_text(rows: pd.DataFrame, by_magnitude: bool) -> str:
    total, ended = int(rows["num_failed"].sum()), int(rows["num_ended"].sum())
    text = f"{total} of {counted(ended, 'training run')} failed."
    worst = rows[rows["num_failed"] > 0].sort_values("share_failed", ascending=False).head(4)
    said = [
        f"{percent(row.share_failed)} ({row.num_failed} of {row.num_ended}, {percent(row.share_low)} to "
        f"{percent(row.share_high)}) "
        + (f"with {row.method} at magnitude {row.magnitude:g}" if by_magnitude else f"in {row.cell}")
        for row in worst.itertuples()
    ]
    return f"{text} Most: {listed(said)}." if said else text


def _table(cells: pd.DataFrame) -> pd.DataFrame:
    headings = {
        "cell": "Cell",
        "num_finished": "Finished",
        "num_ok": "ok",
        "num_degenerate": "Degenerate",
        "num_diverged": "Diverged",
        "share_failed": "Share failed",
        "share_low": "95 % from",
        "share_high": "95 % to",
    }
    return cells[list(headings)].rename(columns=headings).reset_index(drop=True)
