"""A sweep that grows: what is new runs, what is there stays, and every cell has one generation of trials."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from results.store import ResultStore
from results.views import Choice, show_scores
from search_spaces.space import SearchSpace
from sweeps.engine.begin import begin_sweep, read_planned_trials
from sweeps.engine.launch import run_missing
from sweeps.engine.options import LaunchOptions
from sweeps.growth.extend import plan_grown_sweep, read_space, summarise_extension
from sweeps.planning.plan import plan_sweep
from tests.factories import build_encoder, write_pair_folder
from tests.sweeps.factories import BASE, make_space, row_times, run_inline, silent_console
from xlt_core.errors import StoreError

NOISE = {"kind": "noise", "perturbation": {"method": "gaussian", "magnitude": 0.3}}


def _space(languages: list[str], conditions: list[Any] | None = None, **changes: Any) -> SearchSpace:
    """Two magnitudes, no intermediate stage."""
    scored = {"languages": languages, "max_examples": 10} | ({"conditions": conditions} if conditions else {})
    values: dict[str, Any] = {
        "base": {**BASE, "evaluation": scored},
        "axes": {"target.perturbation.magnitude": [0.0, 0.5]},
        "baseline": {"target.perturbation.magnitude": 0.0},
        "resources": {"keep_weights": True},
    }
    return make_space(**{**values, **changes})


def _visible(folder: Path) -> list[str]:
    trial_ids: list[str] = ResultStore.open(folder).plan()["trial_id"].to_pylist()
    return trial_ids


def _rows(folder: Path, table: str) -> dict[str, list[dict[str, Any]]]:
    """Rows of the trials that are shown, in the order of the files, by trial."""
    store = ResultStore.open(folder)
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in getattr(store, table)().to_pylist():
        rows.setdefault(row["trial_id"], []).append(row)
    return rows


def _num_pairs(store: ResultStore) -> dict[tuple[str, str], int]:
    """Pairs by cell and language: of runs that count, and of tiny runs that are degenerate."""
    rows = store.deltas().to_pylist()
    assert not any("not planned" in row["failures"] for row in rows)
    return {(row["cell"], row["language"]): row["k"] + row["k_failed"] for row in rows}


@pytest.fixture(scope="module")
def narrow_sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished sweep that was scored in the source language, its weights kept; not to be changed."""
    folder = tmp_path_factory.mktemp("narrow") / "s"
    run_inline(_space(["src"]), folder)
    return folder


@pytest.fixture
def folder(narrow_sweep: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(narrow_sweep, tmp_path / "s")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep that was scored on everything from the start."""
    folder = tmp_path_factory.mktemp("whole") / "s"
    run_inline(_space(["src", "kin-hi", "far-lo"], ["clean", "generalized", NOISE]), folder)
    return folder


@pytest.mark.parametrize(
    "keeps_weights",
    [pytest.param(True, id="weights kept"), pytest.param(False, id="weights gone", marks=pytest.mark.slow)],
)
def test_an_extended_sweep_has_the_very_rows_of_one_that_was_scored_on_all_from_the_start(
    whole: Path, tmp_path: Path, keeps_weights: bool
) -> None:
    folder, resources = tmp_path / "s", {"keep_weights": keeps_weights}
    run_inline(_space(["src", "far-lo"], ["clean"], resources=resources), folder)
    assert (folder / "weights").exists() == keeps_weights
    wide = _space(["src", "kin-hi", "far-lo"], ["clean", "generalized", NOISE], resources=resources)
    outcome = run_inline(wide, folder)
    assert (outcome.num_run, outcome.counts.total()) == (2, 2)
    for table in ("scores", "predictions"):
        assert _rows(folder, table) == _rows(whole, table)
    for one, other in zip(_sorted_trials(folder), _sorted_trials(whole), strict=True):
        for name in ("trial_id", "status", "reason", "num_steps", "final_train_loss", "source_dev_score", "cell"):
            assert one[name] == other[name]
        is_shared = json.loads(one["stages"])[-1]["is_shared"]
        assert is_shared == keeps_weights


def test_scores_whose_predictions_are_gone_are_made_again(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    run_inline(_space(["src", "far-lo"], ["clean"]), folder)
    next((folder / "predictions").glob("*.parquet")).unlink()
    run_inline(_space(["src", "kin-hi", "far-lo"], ["clean", "generalized", NOISE]), folder)
    for table in ("scores", "predictions"):
        assert _rows(folder, table) == _rows(whole, table)


def _sorted_trials(folder: Path) -> list[dict[str, Any]]:
    return sorted(ResultStore.open(folder).trials().to_pylist(), key=lambda row: row["trial_id"])


def test_no_pair_of_language_and_condition_is_scored_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from xlt_core.predict import Predictor

    folder = tmp_path / "s"
    run_inline(_space(["src", "far-lo"]), folder)
    scored: Counter[tuple[str, bool]] = Counter()
    predict = Predictor.predict

    def count(self: Predictor, split: Any, language: str, **named: Any) -> Any:
        if split == "test":
            scored[language, named.get("disturbance") is not None] += 1
        return predict(self, split, language, **named)

    monkeypatch.setattr(Predictor, "predict", count)
    run_inline(_space(["src", "kin-hi", "far-lo"], ["clean", NOISE]), folder)
    assert scored == {("kin-hi", False): 2, **{(language, True): 2 for language in ("src", "kin-hi", "far-lo")}}


def test_superseded_trials_are_shown_nowhere(folder: Path, tmp_path: Path) -> None:
    before = _visible(folder)
    run_inline(_space(["src", "kin-hi"]), folder)
    store = ResultStore.open(folder)
    shown = set(_visible(folder))
    assert len(shown) == 2
    assert not shown & set(before)
    assert set(store.finished()) == shown | set(before)  # their files stay
    assert store.pending() == []
    for table in (store.trials(), store.scores(), store.predictions(), store.snapshot().results):
        assert set(table["trial_id"].to_pylist()) == shown
    assert _num_pairs(store) == {("magnitude 0.5", language): 1 for language in ("macro", "src", "kin-hi")}
    output = tmp_path / "scores.csv"
    show_scores(folder, Choice(include="degenerate"), "csv", output)
    assert not any(trial_id in output.read_text() for trial_id in before)


def test_a_sweep_extended_twice_takes_over_from_the_last_that_has_scores(folder: Path) -> None:
    first = _visible(folder)
    begin_sweep(_space(["src", "kin-hi"]), folder)  # killed before it ran
    second = _visible(folder)
    outcome = run_inline(_space(["far-lo"]), folder)
    third = _visible(folder)
    assert (outcome.num_run, len({*first, *second, *third})) == (2, 6)
    languages = {row["language"] for rows in _rows(folder, "scores").values() for row in rows}
    assert languages == {"src", "kin-hi", "far-lo"}
    assert all(json.loads(row["stages"])[-1]["is_shared"] for row in _sorted_trials(folder))
    assert run_inline(_space(["src"]), folder).num_run == 0
    assert _visible(folder) == third


def test_fewer_languages_than_before_are_what_is_there(folder: Path) -> None:
    run_inline(_space(["src", "kin-hi"]), folder)
    before = row_times(folder)
    grown = plan_grown_sweep(_space(["src"], seeds=2), ResultStore.open(folder))
    assert {trial.plan.languages for trial in grown.plan.trials} == {("src", "kin-hi")}
    assert run_inline(_space(["src"]), folder).num_run == 0
    assert row_times(folder) == before


def test_trials_that_are_not_asked_for_are_scored_on_more_as_well(folder: Path) -> None:
    run_inline(_space(["src"], axes={"target.perturbation.magnitude": [0.0, 0.5, 1.0]}, seeds=2), folder)
    outcome = run_inline(_space(["src", "kin-hi"]), folder)
    assert outcome.num_run == 6
    store = ResultStore.open(folder)
    assert {tuple(row["languages"]) for row in store.plan().to_pylist()} == {("src", "kin-hi")}
    pairs = _num_pairs(store)
    assert {pairs[cell, "macro"] for cell in ("magnitude 0.5", "magnitude 1")} == {2}


def test_a_folder_begun_under_the_former_ids_is_the_same_sweep_and_keeps_its_id(folder: Path) -> None:
    path = folder / "sweep.json"
    described = json.loads(path.read_text()) | {"sweep_id": "of an earlier version"}
    path.write_text(json.dumps(described))
    store, plan = begin_sweep(_space(["src", "kin-hi"]), folder)
    assert plan.sweep_id == store.sweep["sweep_id"] == "of an earlier version"
    space = read_space(store)
    assert space is not None
    assert space.base["evaluation"] == {"languages": ["src", "kin-hi"], "max_examples": 10}


def test_a_kill_between_the_description_and_the_plan_leaves_no_second_generation(folder: Path) -> None:
    begin_sweep(_space(["src", "kin-hi"]), folder)
    newest = sorted((folder / "plan").glob("*.parquet"))[-1]
    newest.unlink()
    run_inline(_space(["src", "kin-hi"], seeds=2), folder)
    store = ResultStore.open(folder)
    assert store.plan().num_rows == 4
    assert {tuple(row["languages"]) for row in store.plan().to_pylist()} == {("src", "kin-hi")}


def test_what_an_extension_takes_is_said_before_it_runs(folder: Path) -> None:
    store = ResultStore.open(folder)
    wide = plan_grown_sweep(_space(["src", "kin-hi"], seeds=2), store)
    kept = summarise_extension(wide, store, lambda _: True)
    assert (kept.num_planned_before, kept.num_planned, kept.num_superseding) == (2, 4, 2)
    gone = summarise_extension(wide, store, lambda _: False)
    assert (gone.count("train again"), gone.count("train"), gone.count("score")) == (2, 2, 0)
    published = {path.name for path in (folder / "weights").iterdir()}
    real = summarise_extension(wide, store, lambda key: key in published)
    assert (real.count("train again"), real.count("train"), real.count("score")) == (0, 2, 2)
    assert store.plan().num_rows == 2  # nothing was written


def test_a_trial_left_unfinished_before_is_counted_and_run(folder: Path) -> None:
    begin_sweep(_space(["src"], axes={"target.perturbation.magnitude": [0.0, 1.0]}), folder)
    store = ResultStore.open(folder)
    grown = plan_grown_sweep(_space(["src"]), store)
    assert [trial.cell for trial in grown.others] == ["magnitude 1"]
    assert summarise_extension(grown, store, lambda _: False).count("train") == 1


def test_scores_of_other_data_are_not_put_beside_new_ones(tmp_path: Path) -> None:
    write_pair_folder(tmp_path / "data")
    build_encoder().save(tmp_path / "encoder")

    def space(languages: list[str]) -> SearchSpace:
        base = {
            "encoder": str(tmp_path / "encoder"),
            "target": {"task": "pawsx", "data": str(tmp_path / "data")},
            "optim": {"num_steps": 2, "batch_size": 4},
            "evaluation": {"languages": languages, "max_examples": 4},
        }
        return make_space(base=base, axes={}, baseline={})

    run_inline(space(["en"]), tmp_path / "out")
    file = tmp_path / "data" / "test-en.tsv"
    file.write_text(file.read_text().replace("w1 ", "w2 ", 1))
    with pytest.raises(StoreError, match="cannot be scored on more"):
        begin_sweep(space(["en", "de"]), tmp_path / "out")
    assert len(_visible(tmp_path / "out")) == 1


def test_another_base_is_still_another_sweep(folder: Path) -> None:
    store = ResultStore.open(folder)
    other = _space(["src"], base={**BASE, "model": {"pooling": "mean"}})
    assert plan_grown_sweep(other, store).plan.sweep_id == plan_sweep(other).sweep_id != store.sweep["sweep_id"]


def test_a_resumed_extension_goes_on_where_it_was(folder: Path) -> None:
    store, _ = begin_sweep(_space(["src", "kin-hi"]), folder)
    options = LaunchOptions(resources=_space(["src"]).resources, inline=True)
    outcome = run_missing(store, read_planned_trials(store), options, silent_console())
    assert (outcome.num_run, outcome.exit_status) == (2, 0)
    assert all(json.loads(row["stages"])[-1]["is_shared"] for row in _sorted_trials(folder))
