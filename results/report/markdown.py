"""A table as Markdown, with pipes. In: a `PaperTable`. Out: text."""

import math
import re
from collections.abc import Iterable

from results.report.figures.words import between, signed
from results.report.paper_table import PaperTable, Shown, Span

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|])")


_MIN_WIDTH = 3
"""Of the dashes below a heading."""


def write_markdown(table: PaperTable) -> str:
    """Write a table, its caption below."""
    head = [escape_markdown(text) for text in (table.corner, *table.columns)]
    rows = [head, *([escape_markdown(line.label), *map(_entry, line.entries)] for line in table.lines)]
    widths = [max(_MIN_WIDTH, *map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    rule = _join(["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    return "\n".join([lines[0], rule, *lines[1:], "", escape_markdown(table.caption)]) + "\n"


def _join(texts: Iterable[str]) -> str:
    return f"| {' | '.join(texts)} |"


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it stands, on one line."""
    return _SPECIAL.sub(r"\\\1", text.replace("\n", " "))


def _entry(shown: Shown) -> str:
    match shown:
        case None:
            return ""
        case str():
            return escape_markdown(shown)
        case Span(low, high):
            return between(low, high)
    number = signed(shown.value, shown.digits) if shown.is_signed else f"{shown.value:z.{shown.digits}f}"
    if math.isnan(shown.value):
        return "–"
    number = f"**{number}**" if shown.is_claim else number
    spread = "" if math.isnan(shown.spread) else f" ±{shown.spread:.{shown.digits}f}"
    return f"{number}{spread}{' †' if shown.is_reduced else ''}"
