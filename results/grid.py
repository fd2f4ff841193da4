"""A grid of numbers for people: cells by languages, laid out in whichever way fits the terminal.

In: a `Grid`. Out: rich tables. Cells are rows where that fits, columns where that fits better, else several blocks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, repeat
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

BASELINE_NOTE = "(baseline)"
"""Stands behind the label of a baseline."""
_LABEL_SEPARATOR = " · "
_GAP = 2
"""Characters between two columns of a table."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One number, and what is said about its spread."""

    text: str
    mark: str = ""
    """Behind the number; does not shift its digits."""
    spread: str = ""
    style: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """What is known of one cell."""

    label: str
    entries: dict[str, Entry] = field(default_factory=dict)
    """By column of the grid; a missing one is left blank."""
    is_baseline: bool = False

    @property
    def style(self) -> str:
        """Baselines stand out."""
        return "bold" if self.is_baseline else ""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Lines by columns."""

    title: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    corner: str = "cell"
    """Heads the labels of the lines."""
    may_turn: bool = True
    """Whether lines may become columns where that fits better."""


@dataclass(frozen=True)
class _Column:
    """What stands in one column of a table; each text as the lines that it has."""

    header: Sequence[Text]
    texts: Sequence[Sequence[Text]]
    style: str = ""

    @cached_property
    def width(self) -> int:
        """Of its widest line, in characters."""
        return max((line.cell_len for text in (self.header, *self.texts) for line in text), default=0)


class Block(NamedTuple):
    """A part of a grid that fits the console."""

    title: Text
    lines: Sequence[Text]
    """All of one width. Put together here: a table of rich takes seconds for some hundred cells."""


def print_grid(grid: Grid, console: Console) -> None:
    """Print a grid, each block with its title."""
    for block in layout_grid(grid, console):
        console.print(block.title)
        console.print(*block.lines, sep="\n", soft_wrap=True)
        console.print()


def layout_grid(grid: Grid, console: Console) -> list[Block]:
    """Lay a grid out for a console: the first way that fits, else blocks of columns."""
    title = Text(grid.title, style="italic")
    builders = (_cells_as_rows, _cells_as_columns) if grid.may_turn else (_cells_as_rows,)
    for stacked in (False, True):
        for build in builders:
            num_columns = len(grid.columns) if build is _cells_as_rows else len(grid.lines)
            if num_columns * (_GAP + 1) > console.width:
                continue
            columns = build(grid, stacked)
            if _width(columns) <= console.width:
                return [Block(title, _make_lines(columns, grid if build is _cells_as_rows else None))]
    labels, *columns = _cells_as_rows(grid, stacked=True)
    widest = max((column.width for column in columns), default=0)
    for line in chain.from_iterable(labels.texts):
        line.truncate(max(console.width - _GAP - widest, 1), overflow="ellipsis")
    titles = chain([title], repeat(Text(f"{grid.title} (continued)", style="italic")))
    parts = _split(labels, columns, console.width)
    return [Block(name, _make_lines(part, grid)) for name, part in zip(titles, parts, strict=False)]


def _split(labels: _Column, columns: Sequence[_Column], width: int) -> Iterator[list[_Column]]:
    """Split the columns into as few tables as fit, each with at least one beside the labels."""
    part = [labels]
    for column in columns:
        if len(part) > 1 and _width([*part, column]) > width:
            yield part
            part = [labels]
        part.append(column)
    yield part


def _width(columns: Sequence[_Column]) -> int:
    """Of a table of these columns: known before rich lays it out, which takes seconds where there are many lines."""
    return sum(column.width for column in columns) + _GAP * (len(columns) - 1)


def _cells_as_rows(grid: Grid, stacked: bool) -> list[_Column]:
    labels = [_wrapped(line.label) if stacked else [Text(line.label)] for line in grid.lines]
    columns = [_Column([Text(grid.corner)], labels)]
    for column in grid.columns:
        texts = _align([line.entries.get(column) for line in grid.lines], len(column), stacked)
        columns.append(_Column([Text(column, justify="right")], texts))
    return columns


def _cells_as_columns(grid: Grid, stacked: bool) -> list[_Column]:
    columns = [_Column([Text()], [[Text(column)] for column in grid.columns])]
    for line in grid.lines:
        header = _wrapped(line.label)
        for part in header:
            part.justify = "right"
        width = max(part.cell_len for part in header)
        texts = _align([line.entries.get(column) for column in grid.columns], width, stacked)
        columns.append(_Column(header, texts, line.style))
    return columns


def _make_lines(columns: Sequence[_Column], grid: Grid | None) -> list[Text]:
    """Put columns side by side below their headers; where rows are the lines of a grid, baselines stand out."""
    width = _width(columns)
    lines = _make_row([column.header for column in columns], columns, "bold")
    lines.append(Text("─" * width))
    for place, texts in enumerate(zip(*(column.texts for column in columns), strict=True)):
        line = grid.lines[place] if grid else None
        if line and line.is_baseline and place:
            lines.append(Text(" " * width))
        lines += _make_row(texts, columns, line.style if line else "")
    return lines


def _make_row(texts: Sequence[Sequence[Text]], columns: Sequence[_Column], style: str) -> list[Text]:
    """Put what stands in one row side by side: as many lines as the highest of the texts has."""
    lines = []
    for number in range(max(len(text) for text in texts)):
        line = Text(style=style)
        for place, (column, text) in enumerate(zip(columns, texts, strict=True)):
            found = text[number] if number < len(text) else Text()
            room = " " * (column.width - found.cell_len)
            is_right = found.justify == "right"
            line.append(" " * (_GAP if place else 0) + (room if is_right else ""))
            start = len(line)
            line.append_text(found)
            line.stylize_before(column.style, start)
            line.append("" if is_right else room)
        lines.append(line)
    return lines


def _align(entries: Sequence[Entry | None], width: int, stacked: bool) -> list[list[Text]]:
    """Render one column, at least `width` wide, so that digits stand under digits: at the right, with the same room for
    marks and spreads in every line.
    """
    present = [entry for entry in entries if entry]
    mark_width = max((len(entry.mark) for entry in present), default=0)
    spread_width = max((len(entry.spread) for entry in present), default=0)
    if stacked:
        number_width = max(width - mark_width, spread_width, *(len(entry.text) for entry in present), 0)
    else:
        number_width = max(width - mark_width - spread_width - 1, *(len(entry.text) for entry in present), 0)
    texts: list[list[Text]] = []
    for entry in entries:
        if entry is None:
            texts.append([Text()])
            continue
        number = entry.text.rjust(number_width) + entry.mark.ljust(mark_width)
        text = [Text(number, style=entry.style)]
        if spread_width and stacked:
            text.append(Text(entry.spread.rjust(number_width), style="dim"))
        elif spread_width:
            text = [Text.assemble((number, entry.style), (" " + entry.spread.rjust(spread_width), "dim"))]
        texts.append(text)
    return texts


def _wrapped(label: str) -> list[Text]:
    """The parts of a label, one a line."""
    parts = label.replace(f" {BASELINE_NOTE}", f"{_LABEL_SEPARATOR}{BASELINE_NOTE}").split(_LABEL_SEPARATOR)
    return [Text(part) for part in parts]
