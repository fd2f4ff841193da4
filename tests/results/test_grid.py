import io
from dataclasses import replace

import pytest
from rich.console import Console

from results.grid import Entry, Grid, Line, layout_grid

COLUMNS = ("macro", *(f"l{place}" for place in range(15)))


def _grid(num_lines: int = 3, columns: tuple[str, ...] = COLUMNS) -> Grid:
    lines = [
        Line(
            label=f"magnitude {number} · intermediate none",
            entries={
                column: Entry(text=f"{number:02}{place:02}.5", mark="*" if place % 2 else "", spread=f"±{place}.0")
                for place, column in enumerate(columns)
            },
            is_baseline=number == 0,
        )
        for number in range(num_lines)
    ]
    return Grid(title="Deltas", columns=columns, lines=tuple(lines))


def _print(grid: Grid, width: int) -> tuple[str, int]:
    console = Console(file=io.StringIO(), width=width)
    blocks = layout_grid(grid, console)
    for block in blocks:
        console.print(block.title, *block.lines, sep="\n", soft_wrap=True)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue(), len(blocks)


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200, 400])
@pytest.mark.parametrize("num_lines", [1, 3, 12])
def test_every_number_is_shown_whole_at_any_width(width: int, num_lines: int) -> None:
    text, _ = _print(_grid(num_lines), width)
    assert all(len(line) <= width for line in text.splitlines())
    for number in range(num_lines):
        for place in range(len(COLUMNS)):
            assert text.count(f"{number:02}{place:02}.5") == 1


def test_a_wide_terminal_has_a_cell_a_row_with_the_spread_behind_the_number() -> None:
    text, num_tables = _print(_grid(), 400)
    assert num_tables == 1
    assert any("magnitude 1 · intermediate none" in line and "0101.5* " in line for line in text.splitlines())
    assert "0101.5* ±1.0" in text


def test_many_languages_and_few_cells_turn_the_table() -> None:
    text, num_tables = _print(_grid(num_lines=3), 80)
    assert num_tables == 1
    assert [line.split()[0] for line in text.splitlines() if line.startswith("l")] == list(COLUMNS[1:])


def test_many_languages_and_many_cells_make_blocks_that_repeat_the_cells() -> None:
    text, num_tables = _print(_grid(num_lines=12), 80)
    assert num_tables > 1
    assert text.count("magnitude 11") == num_tables
    assert text.count("(continued)") == num_tables - 1


def test_digits_stand_under_digits() -> None:
    entries = [Entry(text="+1.5", mark="*", spread="±0.2"), Entry(text="-12.5", spread="±10.0"), Entry(text="+0.1")]
    lines = tuple(Line(label=f"c{place}", entries={"de": entry}) for place, entry in enumerate(entries))
    text, _ = _print(Grid(title="", columns=("de",), lines=lines), 100)
    rows = [line for line in text.splitlines() if line.startswith("c") and "." in line]
    assert len({line.index(".") for line in rows}) == 1


def test_what_is_missing_is_blank() -> None:
    grid = Grid(title="t", columns=("de", "sw"), lines=(Line(label="c", entries={"sw": Entry(text="1.0")}),))
    text, _ = _print(grid, 80)
    assert text.splitlines()[-1].split() == ["c", "1.0"]


def test_a_grid_that_may_not_turn_keeps_its_rows() -> None:
    grid = replace(_grid(num_lines=3), corner="first", may_turn=False)
    text, num_tables = _print(grid, 80)
    assert num_tables > 1
    assert [line.split()[0] for line in text.splitlines() if line.startswith("first")] == ["first"] * num_tables


@pytest.mark.parametrize("width", [400, 80])
def test_a_baseline_is_bold_whether_it_is_a_row_or_a_column(width: int) -> None:
    console = Console(file=io.StringIO(), width=width, force_terminal=True)
    (block,) = layout_grid(_grid(num_lines=3), console)
    segments = [segment for line in block.lines for segment in console.render(line)]
    bold = "".join(segment.text for segment in segments if segment.style and segment.style.bold)
    for place in range(len(COLUMNS)):
        assert f"00{place:02}.5" in bold
        assert f"01{place:02}.5" not in bold


def test_a_label_that_leaves_no_room_is_cut_and_no_number_is() -> None:
    line = Line(label="x" * 100, entries={"de": Entry(text="12.5"), "sw": Entry(text="13.5")})
    text, num_tables = _print(Grid(title="t", columns=("de", "sw"), lines=(line,), may_turn=False), 30)
    assert num_tables == 2
    assert "12.5" in text
    assert "13.5" in text
    assert max(len(row) for row in text.splitlines()) == 30
    assert "x…" in text
