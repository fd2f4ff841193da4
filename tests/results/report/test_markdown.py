import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.report.markdown import escape_markdown, write_markdown
from results.report.paper_table import Entry, Line, PaperTable, Span


def table(*entries, label="a cell"):
    columns = tuple("abcdefgh"[: len(entries)])
    return PaperTable(
        corner="cell", columns=columns, lines=(Line(label=label, entries=entries),), caption="What | it is.", label="x"
    )


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (Entry(value=1.25, spread=0.5), "+1.2 ±0.5"),
        (Entry(value=-1.25, spread=0.5, is_claim=True, is_reduced=True), "**\u22121.2** ±0.5 †"),
        (Entry(value=70.04, is_signed=False), "70.0"),
        (Entry(value=math.nan, is_claim=True), "–"),
        (Span(-1.0, 2.0), "\u22121.0 to +2.0"),
        (Span(math.nan, math.nan), "no interval"),
        ("a|b", r"a\|b"),
        (None, ""),
    ],
)
def test_entries(entry, text):
    row = write_markdown(table(entry)).splitlines()[2]
    assert row.removeprefix("| a cell | ").removesuffix(" |").strip() == text


def test_columns_stand_under_each_other_and_numbers_at_the_right():
    lines = write_markdown(table(Entry(value=1.0), Entry(value=-10.0, spread=2.0), label="a long name")).splitlines()
    assert len({len(line) for line in lines[:3]}) == 1
    assert lines[1] == "| ----------- | ---: | ---------: |"
    assert lines[3:] == ["", r"What \| it is."]


@given(st.text(), st.text())
def test_no_label_makes_another_column(label, entry):
    lines = write_markdown(table(entry, label=label)).split("\n")
    bare = lines[2].replace("\\\\", "").replace(r"\|", "")
    assert bare.count("|") == 3


@given(st.text())
def test_text_stays_on_one_line(text):
    assert "\n" not in escape_markdown(text)
