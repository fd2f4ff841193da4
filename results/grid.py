"""A grid of numbers for people: cells by languages, laid out in whichever way fits the terminal.

In: a `Grid`. Out: rich tables. Cells are rows where that fits, columns where that fits better, else several blocks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

BASELINE_NOTE = "(baseline)"
"""Stands behind the label of a baseline."""
_LABEL_SEPARATOR = " · "


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


class Block(NamedTuple):
    """A part of a grid that fits the console. The title stands apart, since a table would wrap it to its own width."""

    title: Text
    table: Table


def print_grid(grid: Grid, console: Console) -> None:
    """Print a grid, each block with its title."""
    for block in layout_grid(grid, console):
        console.print(block.title)
        console.print(block.table)
        console.print()


def layout_grid(grid: Grid, console: Console) -> list[Block]:
    """Lay a grid out for a console: the first way that fits, else blocks of columns."""
    title = Text(grid.title, style="italic")
    builders = (_cells_as_rows, _cells_as_columns) if grid.may_turn else (_cells_as_rows,)
    for stacked in (False, True):
        for build in builders:
            table = build(grid, grid.columns, stacked)
            if _width(table, console) <= console.width:
                return [Block(title, table)]
    titles = chain([title], repeat(Text(f"{grid.title} (continued)", style="italic")))
    return [Block(*parts) for parts in zip(titles, _split(grid, console), strict=False)]


def _split(grid: Grid, console: Console) -> Iterator[Table]:
    """Split the columns into as few tables as fit, each with at least one."""
    start = 0
    while start < len(grid.columns):
        end = start + 1
        table = _cells_as_rows(grid, grid.columns[start:end], True)
        while end < len(grid.columns):
            wider = _cells_as_rows(grid, grid.columns[start : end + 1], True)
            if _width(wider, console) > console.width:
                break
            table, end = wider, end + 1
        yield table
        start = end


def _cells_as_rows(grid: Grid, columns: Sequence[str], stacked: bool) -> Table:
    table = _new_table()
    table.add_column(grid.corner, no_wrap=True)
    aligned = []
    for column in columns:
        table.add_column(Text(column, justify="right"), no_wrap=True)
        aligned.append(_align([line.entries.get(column) for line in grid.lines], len(column), stacked))
    for place, line in enumerate(grid.lines):
        if line.is_baseline and place:
            table.add_section()
        label = _wrapped(line.label) if stacked else Text(line.label)
        table.add_row(label, *(texts[place] for texts in aligned), style=line.style)
    return table


def _cells_as_columns(grid: Grid, columns: Sequence[str], stacked: bool) -> Table:
    table = _new_table()
    table.add_column("", no_wrap=True)
    aligned = []
    for line in grid.lines:
        header = _wrapped(line.label)
        header.justify = "right"
        table.add_column(header, no_wrap=True, style=line.style)
        width = max(len(part) for part in header.plain.split("\n"))
        aligned.append(_align([line.entries.get(column) for column in columns], width, stacked))
    for place, column in enumerate(columns):
        table.add_row(column, *(texts[place] for texts in aligned))
    return table


def _new_table() -> Table:
    return Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)


def _align(entries: Sequence[Entry | None], width: int, stacked: bool) -> list[Text]:
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
    texts: list[Text] = []
    for entry in entries:
        text = Text()
        if entry:
            text.append(entry.text.rjust(number_width) + entry.mark.ljust(mark_width), style=entry.style)
            spread = "\n" + entry.spread.rjust(number_width) if stacked else " " + entry.spread.rjust(spread_width)
            text.append(spread if spread_width else "", style="dim")
        texts.append(text)
    return texts


def _wrapped(label: str) -> Text:
    return Text(label.replace(_LABEL_SEPARATOR, "\n").replace(f" {BASELINE_NOTE}", f"\n{BASELINE_NOTE}"))


def _width(table: Table, console: Console) -> int:
    return Measurement.get(console, console.options.update(max_width=10_000), table).maximum
