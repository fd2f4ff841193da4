"""Tests of the commands on models: they start light and hand over what was asked for."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from results.commands import app


@pytest.mark.parametrize(
    ("command", "heading"),
    [
        ("slopes", "Effects: gaussian"),
        ("curves", "Deltas along the magnitude: gaussian"),
        ("surface", "No surface"),
        ("selections", "Only one way"),
    ],
)
def test_each_command_prints_its_table(command, heading, flat_store):
    result = CliRunner().invoke(app, [command, str(flat_store.folder)])
    assert result.exit_code == 0, result.output
    assert heading in result.output


def test_options_reach_the_table(flat_store):
    options = ["--language", "sw", "--where", "is_measured", "--format", "csv"]
    result = CliRunner().invoke(app, ["curves", str(flat_store.folder), *options])
    rows = result.output.splitlines()
    assert len(rows) == 1 + 3
    assert all(",sw," in row for row in rows[1:])
    best = CliRunner().invoke(app, ["curves", str(flat_store.folder), "--best", "--format", "csv"])
    assert best.output.startswith("series,target_task,method,language,metric,selection,condition,k,best_magnitude")


def test_failures_are_tested_where_that_is_asked_for(flat_store):
    result = CliRunner().invoke(app, ["failures", str(flat_store.folder), "--tests", "--format", "csv"])
    assert [row.partition(",")[0] for row in result.output.splitlines()] == ["kind", "cell", "cell", "trend"]


def test_listing_commands_imports_no_statistics():
    code = "import sys, results.statistics.model_commands; print('statsmodels' in sys.modules, 'pandas' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]
