"""Tests of what the commands on models show to people and programs."""

import json

import pyarrow.parquet as pq
import pytest

from results.errors import QueryError
from results.statistics.model_views import show_curves, show_failure_tests, show_selections, show_slopes, show_surface
from results.statistics.schema import BEST_MAGNITUDES, CURVES, EFFECTS, FAILURE_TESTS, SURFACES
from results.views import Choice


def test_programs_get_the_columns_of_the_tables(flat_store, tmp_path):
    for show, schema in ((show_curves, CURVES), (show_slopes, EFFECTS), (show_surface, SURFACES)):
        show(flat_store.folder, Choice(), output=tmp_path / "table.parquet")
        assert pq.read_schema(tmp_path / "table.parquet").names == schema.names
    show_curves(flat_store.folder, Choice(), output=tmp_path / "best.parquet", best=True)
    assert pq.read_schema(tmp_path / "best.parquet").names == BEST_MAGNITUDES.names


def test_languages_and_sql_choose_rows(flat_store, tmp_path):
    choice = Choice(language="sw,macro", where="is_measured AND magnitude > 0.2")
    show_curves(flat_store.folder, choice, output=tmp_path / "rows.json")
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert [(row["language"], row["magnitude"]) for row in rows] == [("macro", 0.3), ("sw", 0.3)]


def test_a_language_that_nobody_scored_is_refused(flat_store):
    with pytest.raises(QueryError, match="no language 'xx'"):
        show_curves(flat_store.folder, Choice(language="xx"), "csv")


def test_people_see_the_mean_of_a_surface_unless_they_name_languages(grid_store, capsys):
    show_surface(grid_store.folder, Choice())
    assert "gaussian · intermediate mnli, macro" in capsys.readouterr().out
    show_surface(grid_store.folder, Choice(language="sw"))
    assert "gaussian · intermediate mnli, sw" in capsys.readouterr().out


def test_a_sweep_with_one_selection_says_so(flat_store, capsys):
    show_selections(flat_store.folder, Choice())
    assert "Only one way" in capsys.readouterr().out


def test_failures_are_tested_for_people_and_programs(flat_store, grid_store, tmp_path, capsys):
    show_failure_tests(flat_store.folder)
    text = capsys.readouterr().out
    assert "trend over magnitudes: gaussian" in text
    assert "1 of 3" in text
    show_failure_tests(grid_store.folder)
    assert "No training failed" in capsys.readouterr().out
    show_failure_tests(flat_store.folder, output=tmp_path / "tests.parquet")
    assert pq.read_schema(tmp_path / "tests.parquet").names == FAILURE_TESTS.names
