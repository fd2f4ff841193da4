from pathlib import Path
from statistics import mean, stdev

import pyarrow as pa
import pytest

from results.errors import QueryError
from results.means import compute_means, counted_statuses, split_statuses
from tests.results.factories import Run, generalized_sweep, small_sweep, write_store


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
    assert compute_means(results, include=("degenerate",))["mean"].tolist() == [47.0, 47.0]


def test_no_scores_have_no_means(tmp_path: Path) -> None:
    assert compute_means(_results(tmp_path, [Run("base", 0, {}, status="pending")])).empty


def test_pairs_of_languages_have_a_mean_over_all_and_one_without_the_diagonal(tmp_path: Path) -> None:
    means = compute_means(generalized_sweep(tmp_path).snapshot().results)
    means = means[means["language"] == "macro"].set_index(["cell_id", "condition", "condition_language"])
    assert len(means) == 6
    every = [10.0 * (i + 1) + j for i in range(3) for j in range(3)]
    apart = [10.0 * (i + 1) + j for i in range(3) for j in range(3) if i != j]
    diagonal = [10.0, 21.0, 32.0]
    found = means["mean"].to_dict()
    assert found == {
        ("base", "clean", ""): pytest.approx(mean(diagonal[1:]) + 0.5),
        ("base", "generalized", "all"): pytest.approx(mean(every) + 0.5),
        ("base", "generalized", "off-diagonal"): pytest.approx(mean(apart) + 0.5),
        ("strong", "clean", ""): pytest.approx(mean(diagonal[1:]) + 1.5),
        ("strong", "generalized", "all"): pytest.approx(mean(every) + 0.5 + (3 * 1.0 - 6 * 2.0) / 9),
        ("strong", "generalized", "off-diagonal"): pytest.approx(mean(apart) - 1.5),
    }
    assert set(means["k"]) == {2}
    assert means["sd"].tolist() == [pytest.approx(stdev([0.0, 1.0]))] * 6


def test_trials_that_were_stopped_on_their_way_count_only_when_asked_for() -> None:
    assert counted_statuses() == ("ok",)
    assert counted_statuses(split_statuses("stopped_early, degenerate")) == ("ok", "stopped_early", "degenerate")
    with pytest.raises(QueryError, match="status 'oom' cannot be included; allowed: degenerate, stopped_early"):
        counted_statuses(("oom",))
