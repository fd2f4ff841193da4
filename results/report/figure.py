"""What a figure is: a chart, what it says in words, and the table behind it."""

from dataclasses import dataclass

import altair as alt
import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One picture of the evidence."""

    kind: str
    """As `xlt results plot KIND` names it."""
    title: str
    caption: str
    """What is drawn, with method, k and families: enough to stand alone in a paper."""
    alt_text: str
    """What it shows, in a sentence or two, for who cannot see it."""
    chart: alt.TopLevelMixin
    table: pd.DataFrame
    """The numbers behind it, with headings for people."""
