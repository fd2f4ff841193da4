import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from results.commands import app
from tests.results.simulated import Design, simulate_store


@pytest.fixture
def folder(tmp_path: Path) -> str:
    design = Design(magnitudes=(0.0, 0.3), languages=("en", "de", "sw"), num_seeds=2, num_examples=20)
    return str(simulate_store(tmp_path / "store", design).folder)


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_contrasts_are_shown_and_every_option_chooses(folder: str) -> None:
    assert "all cells (exploratory, Benjamini-Hochberg): 0 of 5 stand out" in " ".join(
        _run("contrasts", folder).split()
    )
    options = ["--family", "all cells", "--role", "exploratory", "--unit", "language", "--language", "de"]
    options += ["--metric", "accuracy", "--condition", "clean", "--where", "k = 2", "--include", "degenerate"]
    (row,) = json.loads(_run("contrasts", folder, *options, "--format", "json"))
    assert (row["language"], row["k"], row["family"]) == ("de", 2, "all cells")


def test_a_file_is_written_in_the_format_of_its_name(folder: str, tmp_path: Path) -> None:
    assert _run("contrasts", folder, "-o", str(tmp_path / "out.csv")) == ""
    assert (tmp_path / "out.csv").read_text().startswith("contrast,cell_id,")


def test_the_commands_start_without_what_they_compute_with() -> None:
    code = (
        "import sys, results.statistics.commands; print([m for m in ('scipy', 'pandas', 'duckdb') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
