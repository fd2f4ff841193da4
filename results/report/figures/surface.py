"""Dose and magnitude against delta, in the mean over languages: what was measured, and beside it the fitted surface."""

import altair as alt
import pandas as pd

from results.report.evidence import Evidence
from results.report.figure import Figure
from results.report.figures.encodings import delta_color, delta_extent, interval_tooltips
from results.report.figures.view import focus, inline, language_name, name_languages, primary_metrics
from results.report.figures.words import between, counted, intervals_note, listed, seeds_note, signed
from results.schema import MACRO

KIND = "surface"
_WIDTH, _HEIGHT = 78, 52
_MAX_SIZE = 900


def draw(evidence: Evidence) -> Figure | None:
    """Draw one panel a series; the mean over languages, or the languages that were asked for."""
    rows = focus(evidence.surfaces, primary_metrics(evidence))
    rows = rows[rows["delta"].notna()]
    rows = rows[rows["language"].eq(MACRO)] if rows["language"].eq(MACRO).any() else rows
    measured = rows[rows["is_measured"]]
    if measured["magnitude"].nunique() < 2 or _arms(measured).nunique() < 2:
        return None
    return Figure(
        kind=KIND,
        title="Delta by dose and magnitude",
        caption=_caption(rows),
        alt_text=_alt_text(measured, evidence),
        chart=_chart(rows, evidence),
        table=_table(measured, evidence),
    )


def _arms(rows: pd.DataFrame) -> "pd.Series[str]":
    """Name the arm of each row: its dose, or its level where it is none."""
    doses = rows["dose"].map(lambda dose: f"dose {dose:g}", na_action="ignore")
    return doses.where(rows["dose"].notna(), rows["level"])


def _order_arms(rows: pd.DataFrame) -> list[str]:
    """Arms that are no dose, then doses from easy to hard."""
    arms = pd.DataFrame({"arm": _arms(rows), "dose": rows["dose"], "level": rows["level"].fillna("")})
    ordered = arms.drop_duplicates("arm").sort_values(["dose", "level"], na_position="first")
    return [str(arm) for arm in ordered["arm"]]


def _panels(rows: pd.DataFrame, evidence: Evidence) -> "pd.Series[str]":
    names = rows["series"].astype(str)
    if rows["target_task"].nunique() > 1:
        names = rows["target_task"] + " · " + names
    if rows["language"].nunique() > 1:
        names = names + " · " + rows["language"].map(lambda code: language_name(evidence, code))
    return names


def _chart(rows: pd.DataFrame, evidence: Evidence) -> alt.TopLevelMixin:
    measured = rows[rows["is_measured"]]
    half = (measured["ci_high"] - measured["ci_low"]) / 2
    frame = measured[["dose", "level", "magnitude", "k", "delta", "ci_low", "ci_high"]].assign(
        arm=_arms(measured),
        step=measured["magnitude"].map("{:g}".format),
        panel=_panels(measured, evidence),
        certainty=(measured["delta"].abs() / half).clip(upper=1.0).fillna(0.15),
        number=[signed(delta) for delta in measured["delta"]],
        spread=half.map("±{:.1f}".format, na_action="ignore").fillna("").where(half != 0, "(baseline)"),
        sign=(measured["delta"] < 0).map({True: "below 0", False: "above 0"}),
    )
    extent = delta_extent(measured["delta"])
    steps = [f"{level:g}" for level in sorted(measured["magnitude"].unique(), reverse=True)]
    x = alt.X("arm:N", sort=_order_arms(measured), title="intermediate training", axis=alt.Axis(labelAngle=0))
    y = alt.Y("step:N", sort=steps, title="magnitude")
    tooltip = ["panel:N", "arm:N", "magnitude:Q", *interval_tooltips(), "k:Q"]
    base = alt.Chart().encode(x=x, y=y)
    size = alt.Size(
        "certainty:Q",
        scale=alt.Scale(domain=[0, 1], range=[15, _MAX_SIZE]),
        legend=alt.Legend(title="|delta| / half of its 95 % interval", values=[0.25, 0.5, 1], format=".2~f"),
    )
    shape = alt.Shape(
        "sign:N",
        scale=alt.Scale(domain=["above 0", "below 0"], range=["square", "circle"]),
        legend=alt.Legend(title="delta is"),
    )
    layers = alt.layer(
        base.mark_point(yOffset=-7).encode(color=delta_color(extent), size=size, shape=shape, tooltip=tooltip),
        base.mark_text(style="label", dy=19, dx=-2, align="right").encode(text="number:N"),
        base.mark_text(style="note", dy=19, dx=2, align="left", fontSize=10).encode(text="spread:N"),
        data=inline(frame),
    ).properties(width=alt.Step(_WIDTH), height=alt.Step(_HEIGHT))
    panel = alt.Facet("panel:N", sort=list(frame["panel"].unique()), title=None, header=alt.Header(labelLimit=400))
    whole: alt.FacetChart = layers.facet(facet=panel, columns=2, spacing=18).resolve_scale(x="independent")
    fitted = rows[~rows["is_measured"]]
    if fitted.empty:
        return whole
    stacked: alt.VConcatChart = alt.vconcat(whole, _fitted(fitted, extent, evidence)).resolve_scale(size="independent")
    return stacked


def _fitted(rows: pd.DataFrame, extent: float, evidence: Evidence) -> alt.FacetChart:
    """The fitted surface as an even field of colour, by the steps that it was computed at."""
    frame = rows[["dose", "magnitude", "delta", "ci_low", "ci_high"]].assign(
        panel=_panels(rows, evidence) + " · fitted",
        dose_text=rows["dose"].map("{:.2g}".format),
        step=rows["magnitude"].map("{:.2g}".format),
    )
    steps = [f"{level:.2g}" for level in sorted(rows["magnitude"].unique(), reverse=True)]
    doses = [f"{dose:.2g}" for dose in sorted(rows["dose"].unique())]
    every = alt.Axis(labelOverlap=True, ticks=False, labelAngle=0)
    field = (
        alt.Chart()
        .mark_rect()
        .encode(
            x=alt.X("dose_text:N", sort=doses, title="dose", axis=every),
            y=alt.Y("step:N", sort=steps, title="magnitude", axis=every),
            color=delta_color(extent),
            tooltip=["dose:Q", "magnitude:Q", *interval_tooltips()],
        )
    )
    panel = alt.Facet("panel:N", sort=list(frame["panel"].unique()), title=None, header=alt.Header(labelLimit=400))
    sized = alt.layer(field, data=inline(frame)).properties(width=260, height=180)
    chart: alt.FacetChart = sized.facet(facet=panel, columns=2, spacing=18)
    return chart


def _caption(rows: pd.DataFrame) -> str:
    measured = rows[rows["is_measured"] & rows["ci_low"].notna()]
    fitted = rows[~rows["is_measured"]]
    below = f" Below: the fitted surface ({listed(fitted['ci_method'].unique(), 2)})." if len(fitted) else ""
    return (
        "Cell minus its baseline in points, ± half of the 95 % interval; mean over all languages but the source "
        "language unless languages are named. Columns: the arm of the intermediate stage; arms that are no dose stand "
        "at the left, and doses are ranks, not distances. Larger marks: larger beside their interval (full size: it "
        f"excludes zero). Each interval stands alone, nothing here is corrected.{below} {seeds_note(measured)}. "
        f"{intervals_note(measured)}"
    )


def _alt_text(rows: pd.DataFrame, evidence: Evidence) -> str:
    sentences = []
    for panel, part in rows.assign(arm=_arms(rows)).groupby(_panels(rows, evidence), sort=False):
        ends = part.loc[[part["delta"].idxmax(), part["delta"].idxmin()]]
        said = [
            f"{signed(row.delta)} ({between(row.ci_low, row.ci_high)}) at magnitude {row.magnitude:g}, {row.arm}"
            for row in ends.itertuples()
        ]
        sentences.append(f"{panel}: highest {said[0]}, lowest {said[1]}")
    return f"{counted(len(rows), 'cell')}. {'; '.join(sentences[:6])}. Highest and lowest are picked, not tested."


def _table(rows: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Series": rows["series"],
            "Task": rows["target_task"],
            "Language": name_languages(evidence, rows["language"]),
            "Intermediate": _arms(rows),
            "Magnitude": rows["magnitude"],
            "Delta (points)": rows["delta"],
            "95 % from": rows["ci_low"],
            "95 % to": rows["ci_high"],
            "k": rows["k"],
        }
    ).reset_index(drop=True)
