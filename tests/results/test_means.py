from pathlib import Path
from statistics import mean, stdev

import pyarrow as pa
import pytest

from results.means import compute_means
from tests.results.factories import Run, small_sweep, write_store


def _results(folder: Path, runs: list[Run]) -> pa.Table:
    return write_store(folder, runs).snapshot().results


def test_means_are_over_seeds_and_macro_over_all_but_the_source_language(tmp_path: Path) -> None:
    means = compute_means(_results(tmp_path, small_sweep())).set_index(["cell_id", "language"])
    assert means.loc[("base", "de"), ["k", "mean", "sd"]].tolist() == [2, 80.5, pytest.approx(stdev([80.0, 81.0]))]
    macro = [mean([76.0, 52.0]), mean([77.0, 54.5])]
    assert means.loc[("strong", "macro"), "mean"] == pytest.approx(mean(macro))
    assert means.loc[("strong", "macro"), "sd"] == pytest.approx(stdev(macro))
    assert means.loc[("weak", "macro"), "k"] == 1
    assert "tr" not in means.index.get_level_values("language")


def test_cells_keep_the_order_of_the_plan(tmp_path: Path) -> None:
    means = compute_means(_results(tmp_path, small_sweep()))
    assert means["cell_id"].drop_duplicates().tolist() == ["base", "strong", "weak"]


def test_degenerate_runs_count_only_when_asked_for(tmp_path: Path) -> None:
    runs = [Run("base", 0, {"de": 60.0}), Run("base", 1, {"de": 34.0}, status="degenerate")]
    results = _results(tmp_path, runs)
    assert compute_means(results)["mean"].tolist() == [60.0, 60.0]
    assert compute_means(results, include_degenerate=True)["mean"].tolist() == [47.0, 47.0]


def test_no_scores_have_no_means(tmp_path: Path) -> None:
    assert compute_means(_results(tmp_path, [Run("base", 0, {}, status="pending")])).empty
