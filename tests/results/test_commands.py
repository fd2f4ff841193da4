import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from results.commands import app
from results.errors import QueryError
from tests.results.factories import small_sweep, write_store


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(write_store(tmp_path / "store", small_sweep()).folder)


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_every_command_prints_a_table(folder: str) -> None:
    assert "Scores by language: xnli, accuracy, last, clean" in _run("scores", folder)
    assert "Deltas by language: xnli, accuracy, last, clean" in _run("deltas", folder)
    assert "No scores under a condition other than clean" in _run("robustness", folder)
    assert "No scores of pairs of languages" in _run("matrix", folder)
    assert "No deltas of pairs of languages" in _run("matrix", folder, "--deltas")
    assert "cell weak" in _run("failures", folder)
    assert "7 trials: 1 diverged, 5 ok, 1 pending" in _run("trials", folder)
    assert "no published zero-shot score of 'mini' on xnli" in _run("scores", folder, "--against", "published")
    assert "xnli: FacebookAI/xlm-roberta-base, zero-shot, accuracy" in _run("published", "--task", "xnli")
    assert "14" in _run("query", folder, "SELECT 2 * count(*) AS n FROM trials").split()


def test_options_choose_rows_and_format(folder: str) -> None:
    options = ["--language", "de", "--metric", "accuracy", "--where", "magnitude > 0", "--format", "json"]
    rows = json.loads(_run("scores", folder, *options))
    assert {row["cell_id"] for row in rows} == {"strong", "weak"}
    rows = json.loads(_run("deltas", folder, "--include", "degenerate", *options))
    assert {row["language"] for row in rows} == {"de"}
    assert _run("scores", folder, "--condition", "clean", *options) == _run("scores", folder, *options)
    assert _run("failures", folder, "--by", "magnitude", "--format", "csv").splitlines()[1].startswith("0.0,2,2,0,0")
    assert len(_run("trials", folder, "--where", "seed = 1", "--format", "csv").splitlines()) == 4


def test_the_output_file_decides_the_format(folder: str, tmp_path: Path) -> None:
    assert _run("query", folder, "SELECT 1 AS one", "-o", str(tmp_path / "out.csv")) == ""
    assert (tmp_path / "out.csv").read_text() == "one\n1\n"


def test_mistakes_are_errors_of_this_package(folder: str) -> None:
    with pytest.raises(QueryError, match="no language 'xx'"):
        _run("deltas", folder, "--language", "xx")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["deltas", "{folder}"], ["query", "{folder}", "SELECT 1"], ["published"]]
)
def test_looking_at_results_loads_nothing_heavy(folder: str, arguments: list[str]) -> None:
    code = (
        "import sys\nfrom results.commands import app\n"
        "try:\n    app(sys.argv[1:])\nexcept SystemExit as end:\n    assert not end.code\n"
        "print(sorted({'torch', 'transformers', 'datasets', 'ray', 'xlt_core', 'sweeps', 'search_spaces'}"
        " & set(sys.modules)), sorted({'pandas', 'pyarrow', 'duckdb'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, *(argument.format(folder=folder) for argument in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    last = done.stdout.splitlines()[-1]
    assert last.startswith("[] ")
    if arguments == ["--help"]:
        assert last == "[] []"
