"""The table of a search: order, objectives, the best."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.deltas import compute_deltas
from results.search import SEARCH, compute_search_order, show_search
from results.views import Choice
from tests.results.factories import Run, make_tables, small_sweep, write_store

GAINS = st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=6)


def order_of(runs: list[Run]) -> list[dict[str, object]]:
    tables = make_tables(runs)
    rows: list[dict[str, object]] = compute_search_order(*tables[:2], compute_deltas(*tables)).to_pylist()
    return rows


@given(GAINS)
def test_cells_are_in_order_with_mean_and_worst_and_the_front_is_marked(gains: list[tuple[int, int]]) -> None:
    runs = [Run("base", 0, {"en": 70.0, "de": 50.0, "sw": 40.0})]
    runs += [Run(f"c{place}", 0, {"en": 1.0, "de": 50.0 + de, "sw": 40.0 + sw}) for place, (de, sw) in enumerate(gains)]
    rows = order_of(runs)
    assert [row["cell_id"] for row in rows] == [f"c{place}" for place in range(len(gains))]
    assert [row["place"] for row in rows] == list(range(1, len(gains) + 1))
    values = [((de + sw) / 2, min(de, sw)) for de, sw in gains]
    assert [(row["mean_delta"], row["worst_delta"]) for row in rows] == [pytest.approx(one) for one in values]
    assert all(row["worst_language"] == ("de" if de <= sw else "sw") for row, (de, sw) in zip(rows, gains, strict=True))
    for row, one in zip(rows, values, strict=True):
        is_beaten = any(other != one and other[0] >= one[0] and other[1] >= one[1] for other in values)
        assert row["is_best"] == (not is_beaten)
    assert any(row["is_best"] for row in rows)


def test_a_cell_without_deltas_is_there_with_what_became_of_its_trials() -> None:
    runs = [Run("base", seed, {"de": 50.0}) for seed in (0, 1)]
    runs += [Run("a", 0, {}, status="oom"), Run("a", 1, {"de": 9.0}, status="stopped_early")]
    (row,) = order_of(runs)
    assert row["mean_delta"] is None
    assert row["is_best"] is False
    assert json.loads(str(row["statuses"])) == {"oom": 1, "stopped_early": 1}


def test_the_table_is_shown_to_people_and_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = write_store(tmp_path, small_sweep())
    show_search(store.folder, Choice(), "csv")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].replace('"', "").split(",") == SEARCH.names
    show_search(store.folder, Choice())
    text = capsys.readouterr().out
    cells = {row["cell"] for row in store.plan().to_pylist() if not row["is_baseline"]}
    assert all(cell in text for cell in cells)
    assert "fresh seeds" in text


def test_stopped_cells_have_deltas_where_they_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [Run("base", 0, {"de": 50.0}), Run("a", 0, {"de": 47.0}, status="stopped_early")]
    folder = write_store(tmp_path, runs).folder
    found = []
    for include in (None, "stopped_early"):
        show_search(folder, Choice(include=include), "json")
        found.append(json.loads(capsys.readouterr().out)[0]["mean_delta"])
    assert found == [None, -3.0]


def test_where_nothing_was_proposed_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_store(tmp_path, [Run("base", 0, {"de": 50.0})]).folder
    show_search(folder, Choice())
    assert "No cell beside the baselines is planned yet." in capsys.readouterr().out
