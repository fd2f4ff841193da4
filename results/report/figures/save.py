"""A figure as a file: SVG, PNG, a web page that needs no network, or its Vega-Lite specification.

In: a `Figure` and a path, whose suffix says which. Out: the file, with the alternative text in it where the form has a
place for it.
"""

import html
import json
from pathlib import Path
from string import Template
from typing import Any

from results.errors import FormatError
from results.formats import write_file
from results.report.figure import Figure
from results.report.figures.theme import PALETTES, ThemeName, config

SUFFIXES = (".svg", ".png", ".html", ".json")
_WIDTH = 640
"""Of charts that take the width of what they are in, where that is no page."""


def specify(figure: Figure, theme: ThemeName) -> dict[str, Any]:
    """The Vega-Lite specification of a figure in a theme, on that theme's background."""
    spec: dict[str, Any] = figure.chart.to_dict()
    spec["config"] = config(theme) | {"background": PALETTES[theme].background}
    spec["description"] = figure.alt_text
    spec["padding"] = 12
    return spec


def save_figure(figure: Figure, path: Path, *, theme: ThemeName = "light", scale: float = 2.0) -> None:
    """Write a figure; the suffix of the path says in which form.

    Args:
        figure: what is to be written.
        path: `.svg`, `.png`, `.html` or `.json`.
        theme: of its colours.
        scale: pixels of a PNG for one of the chart.

    Raises:
        FormatError: another suffix, or the file cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise FormatError(f"a figure cannot be written to {path.name}; its name must end in {', '.join(SUFFIXES)}")
    write_file(_render(figure, path.suffix.lower(), theme, scale), path)


def _render(figure: Figure, suffix: str, theme: ThemeName, scale: float) -> bytes:
    import vl_convert

    spec = specify(figure, theme)
    if suffix == ".json":
        return json.dumps(spec, ensure_ascii=False, indent=1).encode()
    if suffix == ".html":
        return _page(figure, spec, theme).encode()
    spec = _fixed_width(spec)
    if suffix == ".png":
        image: bytes = vl_convert.vegalite_to_png(spec, scale=scale)
        return image
    return _described(vl_convert.vegalite_to_svg(spec), figure).encode()


def _fixed_width(spec: dict[str, Any]) -> dict[str, Any]:
    return spec | {"width": _WIDTH} if spec.get("width") == "container" else spec


def _described(svg: str, figure: Figure) -> str:
    """Put title and alternative text into an SVG, where readers of screens look for them."""
    words = f"<title>{html.escape(figure.title)}</title><desc>{html.escape(figure.alt_text)}</desc>"
    head, rest = svg.split(">", 1)
    return f'{head} role="img">{words}{rest}'


def _page(figure: Figure, spec: dict[str, Any], theme: ThemeName) -> str:
    """One figure with its caption, words and table, and the runtime that draws it."""
    import vl_convert

    palette = PALETTES[theme]
    return _PAGE.substitute(
        title=html.escape(figure.title),
        caption=html.escape(figure.caption),
        alt_text=html.escape(figure.alt_text),
        table=figure.table.to_html(index=False, border=0, na_rep="", float_format="{:.4g}".format),
        background=palette.background,
        text=palette.text,
        runtime=vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"),
        spec=json.dumps(spec, ensure_ascii=True).replace("<", "\\u003c"),  # no label ends the script
    )


_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
body { background: $background; color: $text; font-family: sans-serif; margin: 1.5rem; }
#chart { width: 100%; overflow-x: auto; }
table { border-collapse: collapse; }
td, th { padding: .2rem .6rem; text-align: right; }
</style>
</head>
<body>
<h1>$title</h1>
<div id="chart" role="img" aria-label="$alt_text"></div>
<p>$caption</p>
<details><summary>In words, and as a table</summary><p>$alt_text</p><div style="overflow-x: auto">$table</div></details>
<script>$runtime</script>
<script>vegaEmbed("#chart", $spec, {renderer: "svg", actions: false});</script>
</body>
</html>
""")
