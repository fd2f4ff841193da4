import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.report.latex import escape_tex, write_latex
from results.report.paper_table import Entry, Line, PaperTable, Span

SPECIAL = re.compile(r"(?<!\\)[&%#_]")


def table(*entries, label="a cell", num_lines=1, columns=None):
    lines = tuple(Line(label=label, entries=entries, starts_block=place == 1) for place in range(num_lines))
    columns = columns or tuple("abcdefgh"[: len(entries)])
    return PaperTable(corner="cell", columns=columns, lines=lines, caption="What it is.", label="tab:x")


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (Entry(value=1.25, spread=0.5), r"$+1.2 \pm 0.5$"),
        (Entry(value=-1.25, spread=0.5, is_claim=True), r"$\mathbf{-1.2} \pm 0.5$"),
        (Entry(value=-0.01, is_reduced=True), r"$+0.0^{\dagger}$"),
        (Entry(value=70.04, spread=math.nan, is_signed=False), "$70.0$"),
        (Entry(value=0.0311, digits=3, is_signed=False), "$0.031$"),
        (Entry(value=math.nan), "--"),
        (Span(-1.0, 2.0), "$[-1.0, +2.0]$"),
        (Span(math.nan, 2.0), "--"),
        ("50 % of_it & more", r"50 \% of\_it \& more"),
        (None, ""),
    ],
)
def test_entries(entry, text):
    assert f"a cell & {text} \\\\" in write_latex(table(entry)).splitlines()


@given(st.text())
def test_no_text_reaches_latex_as_a_command(text):
    escaped = escape_tex(text)
    assert not SPECIAL.search(escaped)
    bare = re.sub(r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar)\{\}", "", escaped)
    bare = re.sub(r"\\[&%$#_{}]|\$(\\cdot|\\pm|-|\^\\dagger)\$", "", bare)
    assert not set(bare) & set("\\{}$^")


def test_a_table_has_rules_and_as_many_columns_as_it_says():
    text = write_latex(table(Entry(value=1.0), None, "x", num_lines=3))
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 2, 1]
    assert r"\begin{tabular}{lrrr}" in text
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {line.count(" & ") + line.count("& &") for line in rows} == {3}
    assert text.count(r"\begin{") == text.count(r"\end{")


def test_a_long_table_breaks_over_pages():
    text = write_latex(table(Entry(value=1.0), num_lines=41))
    assert text.count(r"\begin{longtable}") == text.count(r"\end{longtable}") == 1
    assert r"\endfirsthead" in text
    assert text.count("cell & a") == 2
