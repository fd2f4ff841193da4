"""The two charts of one language, as Vega-Lite without data: the page puts the chosen language's rows into them.

In: nothing. Out: specifications whose data set `rows` is empty; see `sections.languages.chart_rows` for its records.
"""

from typing import Any

from results.report.figures.theme import VERDICT_SHAPES, VERDICTS

_POINTS = "difference to the baseline, points"
_VERDICT_SCALE = {"domain": list(VERDICTS)}


def draw_deltas() -> dict[str, Any]:
    """Every comparison of a language: estimate by verdict, its interval thick, the corrected one thin."""
    name = {"field": "name", "type": "nominal", "sort": None, "title": None}
    legend = {"title": None, "columns": 3}
    colour = {"field": "verdict", "type": "ordinal", "scale": _VERDICT_SCALE, "legend": legend}
    tooltip = [
        {"field": "name", "title": "comparison"},
        {"field": "delta", "format": "+.2f"},
        {"field": "ci_low", "title": "95 % from", "format": "+.2f"},
        {"field": "ci_high", "title": "to", "format": "+.2f"},
        {"field": "ci_adjusted_low", "title": "corrected from", "format": "+.2f"},
        {"field": "ci_adjusted_high", "title": "to (corrected)", "format": "+.2f"},
        {"field": "verdict"},
        {"field": "role"},
        {"field": "k"},
    ]
    shape = {
        "field": "verdict",
        "type": "nominal",
        "scale": {**_VERDICT_SCALE, "range": list(VERDICT_SHAPES)},
        "legend": legend,
    }
    x_title = {"title": _POINTS}
    return _chart(
        {"step": 17},
        [
            _zero("x"),
            {
                "mark": {"type": "rule", "style": "corrected"},
                "encoding": {
                    "y": name,
                    "x": _of("ci_adjusted_low") | x_title,
                    "x2": {"field": "ci_adjusted_high"},
                    "color": colour,
                },
            },
            {
                "mark": {"type": "rule", "style": "plain"},
                "encoding": {
                    "y": name,
                    "x": _of("ci_low") | x_title,
                    "x2": {"field": "ci_high"},
                    "color": colour,
                },
            },
            {
                "mark": {"type": "point", "style": "estimate", "filled": True, "size": 60},
                "encoding": {
                    "y": name,
                    "x": _of("delta") | x_title,
                    "color": colour,
                    "shape": shape,
                    "tooltip": tooltip,
                },
            },
        ],
    )


def draw_curve() -> dict[str, Any]:
    """Magnitude against the difference in one language, a line a series, with bands."""
    series = {"field": "series", "type": "nominal", "title": None, "legend": {"columns": 1}}
    magnitude = {
        "field": "magnitude",
        "type": "quantitative",
        "title": "magnitude",
        "scale": {"type": "symlog", "constant": 0.01},
        "axis": {"tickCount": 6, "format": "~g"},
    }
    measured = [{"filter": "datum.measured"}]
    tooltip = [
        {"field": "series"},
        {"field": "magnitude"},
        {"field": "delta", "format": "+.2f"},
        {"field": "ci_low", "title": "95 % from", "format": "+.2f"},
        {"field": "ci_high", "title": "to", "format": "+.2f"},
        {"field": "k"},
    ]
    y_title = {"title": _POINTS}
    line = {"y": _of("delta") | y_title, "x": magnitude, "color": series}
    return _chart(
        200,
        [
            _zero("y"),
            {
                "transform": measured,
                "mark": {"type": "rule", "strokeWidth": 1.5},
                "encoding": {
                    "x": magnitude,
                    "y": _of("ci_low") | y_title,
                    "y2": {"field": "ci_high"},
                    "color": series,
                },
            },
            {"transform": measured, "mark": {"type": "line", "strokeWidth": 1, "opacity": 0.6}, "encoding": line},
            {
                "transform": measured,
                "mark": {"type": "point", "filled": True, "size": 50},
                "encoding": {**line, "tooltip": tooltip},
            },
        ],
    )


def _chart(height: Any, layers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {"name": "rows"},
        "datasets": {"rows": []},
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "layer": layers,
    }


def _of(field: str) -> dict[str, Any]:
    return {"field": field, "type": "quantitative"}


def _zero(channel: str) -> dict[str, Any]:
    return {"mark": {"type": "rule", "style": "zero"}, "encoding": {channel: {"datum": 0}}}
