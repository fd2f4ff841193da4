import io
from pathlib import Path

import pytest
from rich.console import Console

from results.means import compute_means
from results.robustness import compute_robustness
from results.store import ResultStore
from results.tables import print_deltas, print_robustness, print_scores, render_deltas
from tests.results.factories import (
    Run,
    generalized_sweep,
    plan_row,
    score_row,
    small_sweep,
    trial_row,
    write_store,
)


def _rendered(store: ResultStore, width: int = 160, terminal: bool = False) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=terminal, color_system="standard" if terminal else None)
    render_deltas(store, console)
    return file.getvalue()


def _line(text: str, label: str) -> str:
    """The line of a cell, one space between its words."""
    return " ".join(next(line for line in text.splitlines() if line.startswith(label)).split())


def test_the_baseline_shows_means_and_every_cell_its_deltas(tmp_path: Path) -> None:
    text = _rendered(write_store(tmp_path, small_sweep()))
    assert _line(text, "cell  ") == "cell k mean macro en de sw"
    assert _line(text, "cell base") == "cell base (baseline) 2 70.8 ±1.1 90.5 ±0.7 80.5 ±0.7 61.0 ±1.4"
    strong = "2 64.9 ±1.2 -5.9* ±1.6 -1.8 ±3.2 -4.0* ±0.0 -7.8* ±3.2"
    assert _line(text, "cell strong") == f"cell strong {strong}"


def test_lost_pairs_and_unfinished_trials_are_said(tmp_path: Path) -> None:
    text = " ".join(_rendered(write_store(tmp_path, small_sweep())).split())
    assert "cell weak 1 of 2 72.5 +1.0 -0.5 +1.0 +1.0" in text
    assert "Pairs lost to failed runs: 1 diverged" in text
    assert "7 trials: 1 diverged, 5 ok, 1 pending" in text
    assert "Not scored (no test data): tr" in text
    assert f"Everything lies in {tmp_path}" in text


def test_colour_is_for_terminals_and_for_intervals_that_exclude_zero(tmp_path: Path) -> None:
    store = write_store(tmp_path, small_sweep())
    assert "\x1b[" not in _rendered(store)
    text = _rendered(store, terminal=True)
    assert "\x1b[31m-4.0*" in text
    assert "\x1b[32m+1.0" not in text


def test_only_the_first_metric_is_printed_at_the_end_of_a_sweep(tmp_path: Path) -> None:
    store = write_store(tmp_path, [Run("base", 0, {"de": 50.0}), Run("a", 0, {"de": 51.0})])
    for trial_id in ("base-0", "a-0"):
        rows = [score_row(trial_id, "de", 50.0), score_row(trial_id, "de", 40.0, metric="a_second")]
        store.publish_trial(trial_row(trial_id), rows)
    text = _rendered(store)
    assert "accuracy" in text
    assert "a_second" not in text


@pytest.mark.parametrize("num_seeds", [2, 4, 5])
def test_few_seeds_come_with_a_warning(tmp_path: Path, num_seeds: int) -> None:
    runs = [Run(cell, seed, {"de": 50.0 + seed}) for cell in ("base", "a") for seed in range(num_seeds)]
    text = " ".join(_rendered(write_store(tmp_path, runs)).split())
    assert ("fewer than 5 seeds" in text) == (num_seeds < 5)


def test_degenerate_runs_are_counted_on_request_and_the_table_says_how(tmp_path: Path) -> None:
    runs = [Run("base", 0, {"de": 50.0}), Run("a", 0, {"de": 51.0}, status="degenerate")]
    text = " ".join(_rendered(write_store(tmp_path, runs)).split())
    assert "Pairs lost to failed runs: 1 degenerate" in text
    assert "--include degenerate counts them" in text


def test_one_seed_has_no_interval_and_says_so(tmp_path: Path) -> None:
    text = _rendered(write_store(tmp_path, [Run("base", 0, {"de": 50.0}), Run("a", 0, {"de": 51.0})]))
    assert "No intervals: they need at least two paired seeds." in text
    assert _line(text, "cell a") == "cell a 1 51.0 +1.0 +1.0"


@pytest.mark.parametrize("runs", [[], [Run("base", 0, {}, "pending")], [Run("base", 0, {"de": 50.0})]])
def test_a_sweep_without_deltas_says_why(tmp_path: Path, runs: list[Run]) -> None:
    text = _rendered(write_store(tmp_path, runs))
    assert "No deltas: no finished trial of a cell has a finished baseline of the same seed." in text
    assert f"{len(runs)} trial{'' if len(runs) == 1 else 's'}:" in text


def test_a_table_without_any_pair_is_one_line(tmp_path: Path) -> None:
    failed = [
        Run("base", 0, {"de": 50.0}),
        Run("a", 0, {"de": 51.0}, "degenerate"),
        Run("b", 0, {"de": 52.0}, "diverged"),
    ]
    text = _rendered(write_store(tmp_path / "failed", failed))
    assert "clean: none of 2 cells has a pair\n" in text
    assert "0 of 1" not in text
    assert "Pairs lost to failed runs: 1 degenerate, 1 diverged" in text
    text = _rendered(write_store(tmp_path / "whole", [*failed, Run("c", 0, {"de": 53.0})]))
    assert "has a pair" not in text
    assert _line(text, "cell a") == "cell a 0 of 1"


def test_where_all_trials_are_degenerate_the_way_to_their_numbers_is_said(tmp_path: Path) -> None:
    store = write_store(tmp_path, [Run("base", 0, {"en": 50.0, "de": 50.0}, "degenerate")])
    file = io.StringIO()
    snapshot = store.snapshot()
    print_scores(snapshot, compute_means(snapshot.results), Console(file=file, width=200))
    assert "status ok.\nRuns that are degenerate have scores" in file.getvalue()
    assert "--include degenerate" in _rendered(store)
    (tmp_path / "other").mkdir()
    assert "--include degenerate" not in _rendered(write_store(tmp_path / "other", [Run("base", 0, {"de": 50.0})]))


def test_a_column_that_no_line_fills_is_left_out(tmp_path: Path) -> None:
    text = _rendered(write_store(tmp_path, [Run("base", 0, {"en": 50.0}), Run("a", 0, {"en": 51.0})]))
    assert _line(text, "cell  ") == "cell k en"
    assert _line(text, "cell a") == "cell a 1 +1.0"


def test_pairs_of_languages_are_pointed_to_where_changes_from_clean_scores_have_none(tmp_path: Path) -> None:
    for name, changes, is_said in (("a", {"condition_language": "sw"}, True), ("b", {}, False)):
        store = write_store(tmp_path / name, [Run("base", 0, {})])
        rows = [score_row("base-0", "de", 60.0), score_row("base-0", "de", 40.0, condition="typos:0.1")]
        rows += [score_row("base-0", "de", 50.0, condition="generalized", **changes)]
        store.publish_trial(trial_row("base-0"), rows)
        file, snapshot = io.StringIO(), store.snapshot()
        changed = compute_robustness(snapshot.plan, snapshot.trials, snapshot.scores).to_pandas()
        print_robustness(snapshot, changed, Console(file=file, width=400))
        assert (f"xlt results matrix {store.folder}" in file.getvalue()) == is_said


def test_cells_stand_under_their_own_baseline(tmp_path: Path) -> None:
    runs = [Run(cell, 0, {"de": 50.0}) for cell in ("base", "a", "base2", "b")]
    store = write_store(tmp_path, runs)
    changes = {"base2": {"is_baseline": True, "baseline_cell_id": "base2"}, "b": {"baseline_cell_id": "base2"}}
    store.write_plan([plan_row(run.cell, 0, **changes.get(run.cell, {})) for run in runs])
    text = _rendered(store)
    order = [text.index(label) for label in ("cell base (baseline)", "cell a", "cell base2 (baseline)", "cell b ")]
    assert order == sorted(order)


def test_scores_are_means_with_their_deviation(tmp_path: Path) -> None:
    snapshot = write_store(tmp_path, small_sweep()).snapshot()
    file = io.StringIO()
    print_scores(snapshot, compute_means(snapshot.results), Console(file=file, width=120))
    assert _line(file.getvalue(), "cell strong") == "cell strong 2 64.9 ±1.2 88.8 ±1.1 76.5 ±0.7 53.2 ±1.8"


def test_a_folder_with_brackets_is_named_as_it_is(tmp_path: Path) -> None:
    text = _rendered(write_store(tmp_path / "runs[old]", small_sweep()))
    assert f"Everything lies in {tmp_path}/runs[old]; for SQL: xlt results query {tmp_path}/runs[old] " in text


def test_a_language_is_called_not_scored_only_where_no_trial_scored_it(tmp_path: Path) -> None:
    store = write_store(tmp_path, small_sweep())
    reason = "training diverged: loss nan at step 3"
    rows = [score_row("weak-0", language, None, reason=reason) for language in ("en", "de", "sw", "tr")]
    store.publish_trial(trial_row("weak-0", "diverged", reason=reason), rows)
    notes = [line for line in _rendered(store).splitlines() if line.startswith("Not scored")]
    assert notes == ["Not scored (no test data): tr"]


def test_pairs_of_languages_are_two_columns_of_one_table(tmp_path: Path) -> None:
    text = _rendered(generalized_sweep(tmp_path))
    clean, generalized = text.split("Deltas by language: ")[1:]
    assert clean.startswith("xnli, accuracy, last, clean")
    assert _line(clean, "cell  ") == "cell k mean macro en de sw"
    assert generalized.startswith("xnli, accuracy, last, generalized")
    assert _line(generalized, "cell  ") == "cell k mean all pairs off-diagonal"
    assert _line(generalized, "cell base") == "cell base (baseline) 2 21.5 ±0.7 21.5 ±0.7"
    assert _line(generalized, "cell strong") == "cell strong 2 20.5 ±0.7 -1.0* ±0.0 -2.0* ±0.0"
    assert f"Every pair: xlt results matrix {tmp_path}" in " ".join(generalized.split())
    assert "Every pair" not in clean


def test_single_pairs_are_left_to_the_matrix(tmp_path: Path) -> None:
    snapshot = generalized_sweep(tmp_path).snapshot()
    means, deltas = compute_means(snapshot.results), snapshot.deltas.to_pandas()
    file = io.StringIO()
    print_scores(snapshot, means[means["condition_language"] == "sw"], Console(file=file, width=120))
    print_deltas(snapshot, deltas[deltas["condition_language"] == "sw"], means, Console(file=file, width=120))
    assert file.getvalue().count("single pairs of languages; `xlt results matrix` shows them") == 2
    assert "cell strong" not in file.getvalue()


def test_means_of_pairs_are_shown_among_scores(tmp_path: Path) -> None:
    snapshot = generalized_sweep(tmp_path).snapshot()
    file = io.StringIO()
    print_scores(snapshot, compute_means(snapshot.results), Console(file=file, width=120))
    text = file.getvalue().partition("last, generalized")[2]
    assert _line(text, "cell strong") == "cell strong 2 20.5 ±0.7 19.5 ±0.7"


def _scores_shown(store: ResultStore, trial_id: str | None = None) -> str:
    file, snapshot = io.StringIO(), store.snapshot()
    means = compute_means(snapshot.results, include=("degenerate",))
    print_scores(snapshot, means, Console(file=file, width=120), trial_id)
    return file.getvalue()


def _store_of_metrics(folder: Path, *, metrics: tuple[str, ...], **planned: str) -> ResultStore:
    """One trial of a baseline and of another cell, scored in English and German by each of the metrics."""
    store = write_store(folder, [Run("base", 0, {}), Run("a", 0, {})])
    store.write_plan([plan_row(cell, 0, **planned) for cell in ("base", "a")])
    for cell in ("base", "a"):
        rows = [
            score_row(f"{cell}-0", code, 50.0, metric=metric, chance=30.0 + 10.0 * (code == "de"))
            for metric in metrics
            for code in ("en", "de")
        ]
        store.publish_trial(trial_row(f"{cell}-0"), rows)
    return store


def test_the_primary_metric_comes_first_and_is_called_so_where_there_are_several(tmp_path: Path) -> None:
    store = _store_of_metrics(tmp_path, metrics=("squad_f1", "squad_em"))
    text = _scores_shown(store)
    assert 0 < text.index("xnli, squad_f1 (primary), last, clean") < text.index("xnli, squad_em, last, clean")
    assert "xnli, squad_f1 (primary), last, clean" in _rendered(store)
    assert "squad_em" not in _rendered(store)
    assert "(primary)" not in _scores_shown(write_store(tmp_path / "one", small_sweep()))


def test_each_task_shows_the_deltas_of_its_own_primary_metric(tmp_path: Path) -> None:
    store = _store_of_metrics(tmp_path, metrics=("squad_f1", "squad_em"))
    store.write_plan(
        [plan_row(cell, 0, target_task="udpos", baseline_cell_id="c", is_baseline=cell == "c") for cell in ("c", "d")]
    )
    for cell in ("c", "d"):
        store.publish_trial(trial_row(f"{cell}-0"), [score_row(f"{cell}-0", "de", 50.0)])
    text = _rendered(store)
    assert "xnli, squad_f1 (primary), last, clean" in text
    assert "udpos, accuracy, last, clean" in text


def test_chance_stands_below_the_scores_where_a_metric_has_one(tmp_path: Path) -> None:
    text = _scores_shown(_store_of_metrics(tmp_path, metrics=("accuracy",)))
    assert _line(text, "cell  ") == "cell k macro en de"
    assert _line(text, "chance") == "chance 40.0 30.0 40.0"
    assert "chance: score of always giving the most frequent label" in " ".join(text.split())
    assert "chance:" not in _scores_shown(write_store(tmp_path / "none", small_sweep()))


def test_chance_is_left_out_where_trials_scored_other_examples(tmp_path: Path) -> None:
    store = _store_of_metrics(tmp_path, metrics=("accuracy",))
    rows = [score_row("a-0", "en", 50.0, chance=30.0), score_row("a-0", "de", 50.0, chance=41.0)]
    store.publish_trial(trial_row("a-0"), rows)
    assert _line(_scores_shown(store), "chance") == "chance 30.0"


@pytest.mark.parametrize(
    ("source", "meaning"),
    [("en", "macro: mean over all but the source language."), ("fr", "macro: mean over all languages.")],
)
def test_what_a_mean_is_over_depends_on_whether_the_source_language_is_scored(
    tmp_path: Path, source: str, meaning: str
) -> None:
    store = _store_of_metrics(tmp_path, metrics=("accuracy",), source_language=source)
    assert meaning in " ".join(_scores_shown(store).split())


def test_of_one_trial_only_its_own_fate_is_told(tmp_path: Path) -> None:
    store = write_store(tmp_path, [Run("base", 0, {"de": 50.0}), Run("a", 0, {"de": 51.0, "tr": None}, "degenerate")])
    text = _scores_shown(store, "base-0")
    assert "1 trial: 1 ok (2 trials in this folder)\n" in text
    assert "Not scored" not in text
    assert "Not scored (no test data): tr" in _scores_shown(store, "a-0")
