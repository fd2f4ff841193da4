"""Colours, sizes and fonts of every figure, as Vega-Lite configurations. No chart names a colour itself.

Worse is orange and better is blue in every theme: the two are told apart by people with any common colour blindness.
"""

from typing import Any, Literal, NamedTuple, get_args

ThemeName = Literal["light", "dark", "print"]
THEMES: tuple[ThemeName, ...] = get_args(ThemeName)

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

VERDICTS = ("better", "worse", "no loss", "equivalent", "undecided", "not testable")
"""In the order of the colours of `Palette.verdicts`."""
VERDICT_SHAPES = ("triangle-up", "triangle-down", "square", "diamond", "circle", "cross")

SHAPES = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "triangle-right", "triangle-left")
"""Of series, one for each colour."""


class Palette(NamedTuple):
    """The colours of one theme."""

    background: str
    text: str
    muted: str
    """Text of axes and notes."""
    grid: str
    verdicts: tuple[str, ...]
    series: tuple[str, ...]
    diverging: tuple[str, ...]
    """From worse over none, near the background, to better."""
    ramp: tuple[str, ...]
    """From nothing, near the background, to all."""


PALETTES: dict[ThemeName, Palette] = {
    "light": Palette(
        background="#ffffff",
        text="#1c2127",
        muted="#565d66",
        grid="#e3e6ea",
        verdicts=("#1765ad", "#b84a0c", "#1f7d62", "#7a4fb0", "#6b727b", "#8b929b"),
        series=("#1765ad", "#b84a0c", "#1f7d62", "#7a4fb0", "#806000", "#b02a68", "#4b5563", "#0d7480"),
        diverging=("#7f3300", "#bf5a14", "#e69a63", "#ebe9e6", "#7cb2dd", "#2a78b8", "#08467d"),
        ramp=("#eef1f5", "#7cb2dd", "#08467d"),
    ),
    "dark": Palette(
        background="#14181d",
        text="#e8eaed",
        muted="#a8b0ba",
        grid="#2c323a",
        verdicts=("#6fb4ef", "#f0955a", "#4fc3a1", "#bb9fe8", "#9aa2ac", "#7d858f"),
        series=("#6fb4ef", "#f0955a", "#4fc3a1", "#bb9fe8", "#d9b44a", "#ee86b4", "#aab2bc", "#5cc6d2"),
        diverging=("#ffbd8c", "#e58440", "#95501f", "#343a41", "#2b6595", "#4fa0dc", "#a9d5f7"),
        ramp=("#262c33", "#3f83b8", "#a9d5f7"),
    ),
    "print": Palette(
        background="#ffffff",
        text="#000000",
        muted="#3a3a3a",
        grid="#dddddd",
        verdicts=("#0b4f8f", "#a03c00", "#136b51", "#63389a", "#565656", "#777777"),
        series=("#0b4f8f", "#a03c00", "#136b51", "#63389a", "#6b5000", "#96195a", "#444444", "#005f6b"),
        diverging=("#7f3300", "#bf5a14", "#e69a63", "#efefef", "#7cb2dd", "#2a78b8", "#08467d"),
        ramp=("#f0f0f0", "#7cb2dd", "#08467d"),
    ),
}


def config(name: ThemeName) -> dict[str, Any]:
    """The configuration to render a chart with; its background is transparent, see `Palette.background`."""
    palette = PALETTES[name]
    text, muted = palette.text, palette.muted
    return {
        "background": "transparent",
        "font": FONT,
        "view": {"stroke": None, "continuousWidth": 560},
        "axis": {
            "labelColor": muted,
            "titleColor": text,
            "gridColor": palette.grid,
            "domainColor": palette.grid,
            "tickColor": palette.grid,
            "labelFontSize": 11,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
            "labelLimit": 340,
        },
        "header": {"labelColor": text, "titleColor": text, "labelFontSize": 11, "labelFontWeight": "bold"},
        "legend": {
            "labelColor": text,
            "titleColor": text,
            "labelFontSize": 11,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
            "orient": "top",
            "symbolOpacity": 1,
            "labelLimit": 300,
            "titleLimit": 300,
            "symbolBaseFillColor": muted,
            "symbolBaseStrokeColor": muted,
        },
        "title": {"color": text, "subtitleColor": muted, "fontSize": 13, "anchor": "start", "frame": "group"},
        "text": {"color": text, "fontSize": 11},
        "mark": {"color": palette.series[0]},
        "rule": {"color": palette.series[0]},
        "point": {"filled": True, "opacity": 1},
        "range": {
            "category": list(palette.series),
            "ordinal": list(palette.verdicts),
            "diverging": list(palette.diverging),
            "heatmap": list(palette.ramp),
            "ramp": list(palette.ramp),
        },
        "style": _styles(palette),
    }


def _styles(palette: Palette) -> dict[str, Any]:
    """How marks of one meaning look, whatever the figure; `color` is what Vega-Lite looks at first."""
    return {
        "zero": {"color": palette.muted, "strokeWidth": 1},
        "margin": {"color": palette.muted, "fillOpacity": 0.1},
        "plain": {"strokeWidth": 4, "strokeOpacity": 0.75, "strokeCap": "butt"},
        "corrected": {"strokeWidth": 1.25},
        "claim": {"color": palette.background, "stroke": palette.text, "strokeWidth": 1.25},
        "missing": {"color": palette.muted, "strokeWidth": 1.25, "filled": False},
        "band": {"fillOpacity": 0.2},
        "trend": {"color": palette.text, "strokeWidth": 1.5},
        "trend-band": {"color": palette.text, "fillOpacity": 0.1},
        "halo": {"color": palette.background, "stroke": palette.background, "strokeWidth": 5},
        "heading": {"color": palette.text, "fontWeight": "bold", "fontSize": 12},
        "note": {"color": palette.muted, "fontSize": 11},
        "label": {"color": palette.text, "fontSize": 10},
    }
