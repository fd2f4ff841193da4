"""What a section of the page is made of, before it is HTML: sentences and tables of text.

In: frames. Out: values that the templates lay out; they escape every text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results.report.wording import NOTHING, is_missing, plain


@dataclass(frozen=True)
class Column:
    """Heading of a column, and whether its values stand right."""

    heading: str
    is_number: bool


@dataclass(frozen=True)
class Grid:
    """A table of text; the first column names the rows."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


_NUMBER = re.compile(r"^[+\-−±<]?\s?[\d.,]+(e[+-]?\d+)?( ?%)?( to [+\-−]?[\d.]+( ?%)?)?$")


def lay_out(frame: pd.DataFrame, caption: str) -> Grid:
    """Write every value of a frame as text, under the frame's own headings.

    Args:
        frame: a column whose values are all numbers, or texts that read as such, stands right.
        caption: what the table is, for those who come upon it alone.
    """
    texts = {str(name): [write(value) for value in frame[name]] for name in frame.columns}
    columns = tuple(
        Column(name, any(text != NOTHING for text in column) and all(map(_reads_as_number, column)))
        for name, column in texts.items()
    )
    return Grid(caption, columns, tuple(zip(*texts.values(), strict=True)))


def write(value: Any) -> str:
    """A value of a frame as text; lists by comma."""
    if isinstance(value, str):
        return value
    if not is_missing(value) and hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return ", ".join(write(one) for one in value) or NOTHING
    if value is pd.NaT or value is pd.NA:
        return NOTHING
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {write(one)}" for key, one in value.items())
    return plain(value)


def _reads_as_number(text: str) -> bool:
    return text == NOTHING or bool(_NUMBER.match(text))
