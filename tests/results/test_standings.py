"""What the command prints of a benchmark's averages."""

import io
import json
from pathlib import Path

from rich.console import Console

from results.averages import compute_averages
from results.standings import print_averages, show_averages
from tests.results.test_averages import TINY, complete_scores, restate_evaluate, write_sweep


def printed(*snapshots) -> str:
    console = Console(file=io.StringIO(), width=160)
    print_averages(snapshots, TINY, compute_averages(snapshots, TINY).to_pandas(), console)
    return console.file.getvalue()


def test_a_complete_benchmark_is_one_line_a_cell(tmp_path: Path):
    scores = complete_scores()
    text = printed(write_sweep(tmp_path / "all", scores))
    assert "TINY: mini, last, clean" in text
    line = next(line for line in text.splitlines() if line.startswith("cell base"))
    assert f"{restate_evaluate(scores)['overall']:.1f}" in line
    assert "Refused" not in text
    assert "A note. Definition: a test." in text
    assert "10 trials: 10 ok" in text


def test_what_is_missing_is_said_and_no_average_stands_in_for_it(tmp_path: Path):
    scores = complete_scores()
    scores["pairs", 0, "accuracy", "sw"] = None
    text = printed(write_sweep(tmp_path / "all", scores))
    assert "No average of pairs: not scored in sw" in text
    assert "Refused, since tasks are missing: overall, classification" in text
    header = next(line for line in text.splitlines() if "tagging" in line and "reading" in line)
    assert "overall" not in header
    assert "pairs" not in header


def test_a_sweep_without_any_average_says_so(tmp_path: Path):
    scores = {key: value for key, value in complete_scores().items() if key[0] == "pairs" and key[3] == "de"}
    assert "TINY: mini, last, clean: no average can be made" in printed(write_sweep(tmp_path / "all", scores))


def test_a_folder_given_twice_counts_once_and_programs_get_rows(tmp_path: Path):
    folder = write_sweep(tmp_path / "all", complete_scores()).storage.folder
    show_averages([folder, folder / ".." / "all"], TINY, output=tmp_path / "out.json")
    rows = json.loads((tmp_path / "out.json").read_text())
    assert [row["level"] for row in rows] == ["overall", "group", "group", "group"] + ["task"] * 5
