"""Ways of showing that figures share: deltas as colours, verdicts as colour and shape, magnitudes on an axis with 0."""

import math
from collections.abc import Iterable, Mapping

import altair as alt
import pandas as pd

from results.report.figures.theme import VERDICT_SHAPES, VERDICTS

_LARGE_SHARE = 0.98
"""Of the deltas that colours are made to tell apart; those beyond have the last colour."""
_MAX_TICKS = 8
_ROOM = 0.75
"""Beyond the first and the last magnitude, for their marks."""


def alone() -> alt.Chart:
    """A chart of one row, for what is drawn once and not once a row."""
    return alt.Chart({"values": [{}]})


def zero_line(axis: str = "x") -> alt.Chart:
    """Where there is no difference."""
    rule: alt.Chart = alone().mark_rule(style="zero")
    line: alt.Chart = rule.encode(x=alt.XDatum(0)) if axis == "x" else rule.encode(y=alt.YDatum(0))
    return line


def delta_extent(deltas: "pd.Series[float]") -> float:
    """Where the colours of deltas end: beyond nearly all of them, on a round number of half points."""
    return max(0.5, math.ceil(2 * float(deltas.abs().quantile(_LARGE_SHARE))) / 2)


def delta_color(extent: float, title: str = "delta (points)") -> alt.Color:
    """Deltas as colours, none in the middle."""
    return alt.Color(
        "delta:Q",
        scale=alt.Scale(domain=[-extent, 0, extent], range="diverging", interpolate="lab", clamp=True),
        legend=alt.Legend(title=title, gradientLength=160, format="+.1f", tickCount=5),
    )


def verdict_color(present: Iterable[str]) -> alt.Color:
    """Verdicts as colours; the legend has those that are there."""
    shown = set(present)
    return alt.Color(
        "verdict:N",
        scale=alt.Scale(domain=list(VERDICTS), range="ordinal"),
        legend=alt.Legend(title="verdict", values=[verdict for verdict in VERDICTS if verdict in shown]),
    )


def verdict_shape() -> alt.Shape:
    """Verdicts as shapes, for who does not see the colours."""
    return alt.Shape("verdict:N", scale=alt.Scale(domain=list(VERDICTS), range=list(VERDICT_SHAPES)))


def magnitude_axis(
    magnitudes: Iterable[float], field: str = "magnitude", title: str | None = "magnitude", max_ticks: int = _MAX_TICKS
) -> alt.X:
    """Magnitudes on a scale that is linear up to the smallest one above 0 and logarithmic beyond."""
    levels = sorted(set(magnitudes))
    smallest = min((level for level in levels if level > 0), default=1.0)
    every = -(-len(levels) // max_ticks)
    ends = [levels[0] * _ROOM if levels[0] else -0.2 * smallest, levels[-1] / _ROOM]
    return alt.X(
        f"{field}:Q",
        title=title,
        scale=alt.Scale(type="symlog", constant=smallest, domain=ends, nice=False),
        axis=alt.Axis(values=levels[::every], format="~g", grid=False, labelOverlap=True),
    )


def with_bars(frame: pd.DataFrame, ends: Mapping[str, str], at: str = "delta") -> pd.DataFrame:
    """Add ends of bars for intervals; where there is no interval, a bar of no length (Vega warns of axes without data).

    Args:
        frame: rows of a figure.
        ends: new column by the column of an interval's end.
        at: column of the estimate.
    """
    return frame.assign(**{bar: frame[end].fillna(frame[at]) for end, bar in ends.items()})


BARS = {"ci_low": "bar_low", "ci_high": "bar_high"}
"""Plain intervals and their bars."""


def interval_tooltips(digits: int = 2) -> list[alt.Tooltip]:
    """A delta and its interval under the pointer."""
    form = f"+.{digits}f"
    return [
        alt.Tooltip("delta:Q", format=form),
        alt.Tooltip("ci_low:Q", title="95 % from", format=form),
        alt.Tooltip("ci_high:Q", title="95 % to", format=form),
    ]
