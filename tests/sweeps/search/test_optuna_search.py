"""A search from its first proposal to its last, over interruptions; scores are made up, all else is real."""

import itertools
import shutil
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from results.store import ResultStore
from sweeps.search import open_cell_source
from sweeps.search.optuna_search import CELL_ID, OptunaSource
from sweeps.tables.rows import planned_trial
from tests.sweeps.factories import make_space
from tests.sweeps.search.factories import begin, end, open_source, publish, run, searched


def cells_of(store: ResultStore) -> set[str]:
    """Planned cells other than baselines."""
    return {row["cell_id"] for row in store.plan().to_pylist() if not row["is_baseline"]}


def values_by_cell(source: OptunaSource) -> dict[str, list[tuple[float, ...]]]:
    told: dict[str, list[tuple[float, ...]]] = {}
    for trial in source.study.get_trials(states=(TrialState.COMPLETE,)):
        told.setdefault(trial.user_attrs[CELL_ID], []).append(tuple(trial.values))
    return told


def test_only_a_space_with_an_adaptive_search_has_a_source(tmp_path: Path) -> None:
    for space in (make_space(), make_space(search={"random": {"num_cells": 2}})):
        assert open_cell_source(space, begin(space, tmp_path / str(space.search.num_cells))) is None
    space = searched()
    assert isinstance(open_cell_source(space, begin(space, tmp_path / "searched")), OptunaSource)


@pytest.mark.parametrize("sampler", ["tpe", pytest.param("gp", marks=pytest.mark.slow)])
def test_a_sampler_finds_a_planted_optimum(tmp_path: Path, sampler: str) -> None:
    space = searched(30 if sampler == "tpe" else 16, sampler=sampler)
    store = begin(space, tmp_path)
    source = open_source(space, store)
    run(source, store)
    best = source.study.best_trial
    # planted gain: 20 in one language, 10 in the other, less the source language's
    assert best.value is not None
    assert best.value > 0.95 * 15
    assert best.params["target.perturbation.method"] == "uniform"
    assert abs(best.params["target.perturbation.magnitude"] - 0.7) < 0.1
    assert best.params["intermediate"] == "none"


def test_every_cell_runs_with_every_seed_and_its_baseline_once(tmp_path: Path) -> None:
    space = searched(6).model_copy(update={"seeds": 3})
    store = begin(space, tmp_path)
    ran = run(open_source(space, store), store, num_parallel=4)
    assert len({trial.trial_id for trial in ran}) == len(ran) == 3 * (6 + 1)
    assert len(cells_of(store)) == 6
    assert {trial.baseline_cell_id for trial in ran} == {trial.plan.cell_id for trial in ran if trial.is_baseline}
    assert set(store.finished()) == set(store.plan()["trial_id"].to_pylist())


def test_what_is_told_is_the_delta_of_the_store(tmp_path: Path) -> None:
    space = searched(5, objectives=["worst_delta", "mean_delta"])
    store = begin(space, tmp_path)
    source = open_source(space, store)
    run(source, store)
    deltas: dict[str, dict[str, float]] = {}
    for row in store.deltas().to_pylist():
        deltas.setdefault(row["cell_id"], {})[row["language"]] = row["delta"]
    told = values_by_cell(source)
    assert cells_of(store) <= set(told)
    for cell_id in cells_of(store):
        found = deltas[cell_id]
        expected = (min(found["kin-hi"], found["far-lo"]), found["macro"])
        assert all(values == pytest.approx(expected) for values in told[cell_id])


@pytest.mark.parametrize("sampler", ["nsga2", "tpe", pytest.param("gp", marks=pytest.mark.slow)])
def test_several_objectives_give_a_front(tmp_path: Path, sampler: str) -> None:
    def trade(spec: Any) -> dict[str, float]:
        magnitude = spec.target.perturbation.magnitude
        return {"src": 80.0, "kin-hi": 50.0 + 30.0 * magnitude, "far-lo": 30.0 - 10.0 * magnitude}

    space = searched(14, sampler=sampler, objectives=["mean_delta", "worst_delta"])
    store = begin(space, tmp_path)
    source = open_source(space, store)
    run(source, store, scores=trade)
    front = {tuple(trial.values) for trial in source.study.best_trials}
    assert len(front) > 2
    for one, other in itertools.combinations(front, 2):
        assert (one[0] - other[0]) * (one[1] - other[1]) < 0
    assert source.study.metric_names == ["mean_delta", "worst_delta"]


@pytest.mark.parametrize("storage", ["journal", "sqlite"])
@pytest.mark.parametrize("is_lost", [False, True])
def test_a_search_that_is_killed_loses_and_repeats_nothing(tmp_path: Path, storage: str, is_lost: bool) -> None:
    space = searched(9, storage=storage).model_copy(update={"seeds": 2})
    store = begin(space, tmp_path)
    source, ran = open_source(space, store), []
    for _ in range(3):
        proposed = source.propose()
        assert proposed is not None
        end(source, store, proposed)
        ran += proposed
    under_way = [source.propose() for _ in range(2)]
    assert None not in under_way
    half = under_way[0][:1]  # type: ignore[index]
    end(source, store, half)
    before = cells_of(store)
    if is_lost:
        shutil.rmtree(tmp_path / "search")
    resumed = open_source(space, ResultStore.open(tmp_path))
    rest = run(resumed, store)
    ids = [trial.trial_id for trial in (*ran, *half, *rest)]
    assert len(ids) == len(set(ids)) == 2 * (9 + 1)
    assert before < cells_of(store)
    assert len(cells_of(store)) == 9
    told = values_by_cell(resumed)
    assert all(len(told[cell_id]) == 1 for cell_id in before), "told once"
    assert not resumed.study.get_trials(states=(TrialState.RUNNING,))


def test_a_search_that_is_resumed_proposes_what_it_would_have_proposed(tmp_path: Path) -> None:
    orders = []
    for name, is_resumed in (("one", False), ("two", True)):
        space = searched(12)
        store = begin(space, tmp_path / name)
        source, order = open_source(space, store), []
        while not source.is_finished:
            proposed = source.propose()
            end(source, store, proposed or ())
            order += [trial.trial_id for trial in proposed or ()]
            if is_resumed:
                source = open_source(space, store)
        orders.append(order)
    assert orders[0] == orders[1]


def test_a_damaged_study_is_put_aside_and_made_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for storage, name in (("journal", "journal.log"), ("sqlite", "study.db")):
        space = searched(4, storage=storage)
        store = begin(space, tmp_path / storage)
        told = values_by_cell_after_run(space, store)
        path = tmp_path / storage / "search" / name
        path.write_bytes(b"garbage\n" + path.read_bytes()[100:])
        again = open_source(space, store)
        assert f"{name} cannot be read" in caplog.text
        assert again.is_finished
        kept = {cell_id: values[:1] for cell_id, values in told.items() if cell_id in cells_of(store)}
        assert values_by_cell(again) == kept
        assert (path.parent / f"{name}.damaged-1").exists()


@pytest.mark.parametrize("num_bytes", [1, 20, 150])
def test_a_journal_that_ends_in_half_a_line_is_gone_on_with(tmp_path: Path, num_bytes: int) -> None:
    space = searched(5)
    store = begin(space, tmp_path)
    source = open_source(space, store)
    for _ in range(2):
        end(source, store, source.propose() or ())
    done = set(store.finished())
    journal = tmp_path / "search" / "journal.log"
    journal.write_bytes(journal.read_bytes()[:-num_bytes])
    resumed = open_source(space, store)
    ran = run(resumed, store)
    assert not done & {trial.trial_id for trial in ran}
    assert cells_of(store) <= set(values_by_cell(open_source(space, store))), "the journal can be read back"
    assert not list(journal.parent.glob("*.damaged-*")), "its whole lines are kept"


def test_a_lock_that_a_killed_driver_left_is_broken_in_a_folder_that_was_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = searched(3)
    begin(space, tmp_path / "old")
    monkeypatch.chdir(tmp_path)
    lock = open_source(space, ResultStore.open("old")).study._storage._backend._lock  # type: ignore[attr-defined]
    lock.acquire()
    (tmp_path / "old").rename(tmp_path / "new")
    monkeypatch.setattr(type(lock).__init__, "__defaults__", (3,))  # seconds until a lock is taken for abandoned
    resumed = ResultStore.open("new")
    run(open_source(space, resumed), resumed)
    assert len(cells_of(resumed)) == 3


def values_by_cell_after_run(space: Any, store: ResultStore) -> dict[str, list[tuple[float, ...]]]:
    source = open_source(space, store)
    run(source, store)
    return values_by_cell(source)


def test_optuna_reads_the_study_back_by_itself(tmp_path: Path) -> None:
    space = searched(4)
    store = begin(space, tmp_path)
    source = open_source(space, store)
    run(source, store)
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "search" / "journal.log"))
    storage = optuna.storages.JournalStorage(backend)
    (name,) = optuna.get_all_study_names(storage)
    study = optuna.load_study(study_name=name, storage=storage)
    assert name.startswith("small-")
    assert {trial.user_attrs[CELL_ID] for trial in study.trials} >= cells_of(store)
    assert study.best_value == max(told[0][0] for told in values_by_cell(source).values())


def test_a_cell_that_is_done_already_is_told_its_stored_result(tmp_path: Path) -> None:
    axes = {"target.perturbation.magnitude": [0.0, 0.25, 0.5, 1.0], "intermediate": ["none", {"task": "world"}]}
    grid = make_space(axes=axes)
    store = begin(grid, tmp_path)
    for row in store.plan().to_pylist()[:5]:
        publish(store, planned_trial(row))
    done = set(store.finished())
    space = searched(7, axes=axes)
    source = open_source(space, store)
    ran = run(source, store)
    assert not done & {trial.trial_id for trial in ran}
    assert len(cells_of(store)) == 7
    assert cells_of(store) <= set(values_by_cell(source))


def test_a_search_ends_when_the_space_has_no_other_cells(tmp_path: Path) -> None:
    axes = {"target.perturbation": {"method": ["gaussian", "uniform"], "magnitude": [0.0, 0.5, 1.0]}}
    space = searched(50, axes=axes)
    store = begin(space, tmp_path)
    run(open_source(space, store), store)
    assert len(cells_of(store)) == 4
    assert open_source(space, store).propose() is None


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("oom", TrialState.FAIL),
        ("infra", TrialState.FAIL),
        ("diverged", TrialState.PRUNED),
        ("stopped_early", TrialState.PRUNED),
        ("degenerate", TrialState.COMPLETE),
    ],
)
def test_cells_that_did_not_end_well_are_told_as_what_they_are(tmp_path: Path, status: str, state: TrialState) -> None:
    space = searched(3)
    store = begin(space, tmp_path)
    source = open_source(space, store)
    while not source.is_finished:
        for trial in source.propose() or ():
            end(source, store, [trial], status="ok" if trial.is_baseline else status)
    proposed = [trial for trial in source.study.trials if trial.user_attrs[CELL_ID] in cells_of(store)]
    assert {trial.state for trial in proposed} == {state}
    assert len(source.study.trials) == len(open_source(space, store).study.trials), "nothing is told twice"


def test_a_failed_cell_that_was_run_again_is_told_anew(tmp_path: Path) -> None:
    space = searched(2)
    store = begin(space, tmp_path)
    source = open_source(space, store)
    ran = run(source, store, status="oom")
    assert values_by_cell(source) == {}
    for trial in ran:
        publish(store, trial)
    assert set(values_by_cell(open_source(space, store))) == cells_of(store)


def test_trials_that_the_launch_runs_anyway_are_waited_for(tmp_path: Path) -> None:
    space = searched(1)
    store = begin(space, tmp_path)
    ran = run(open_source(space, store), store, status="oom")
    assert space.search.optuna is not None
    again = OptunaSource(space, space.search.optuna, store, [trial.trial_id for trial in ran])
    assert not again.is_finished
    end(again, store, ran)
    assert again.is_finished
    assert set(values_by_cell(again)) == cells_of(store)


def test_more_cells_continue_the_study_and_more_seeds_top_up_every_cell(tmp_path: Path) -> None:
    space = searched(4)
    store = begin(space, tmp_path)
    first = run(open_source(space, store), store)
    more = run(open_source(searched(6), store), store)
    assert len(more) == 2
    seeds = searched(6).model_copy(update={"seeds": 2})
    topped = run(open_source(seeds, begin(seeds, tmp_path)), store)
    assert {trial.plan.spec.seed for trial in topped} == {1}
    assert len(topped) == len(first) + len(more)
    assert len(cells_of(store)) == 6


def test_no_more_cells_than_asked_for_are_under_way(tmp_path: Path) -> None:
    space = searched(5, max_parallel_cells=2)
    store = begin(space, tmp_path)
    source = open_source(space, store)
    first, second = source.propose(), source.propose()
    assert source.propose() is None
    assert first is not None
    end(source, store, first)
    assert second is not None
    end(source, store, second[:0])
    assert source.propose() is not None


def test_a_baseline_of_its_own_comes_with_each_cell_that_needs_it(tmp_path: Path) -> None:
    axes = {"target.perturbation.magnitude": {"uniform": [0.1, 1.0]}, "optim.learning_rate": [1e-4, 1e-3]}
    space = searched(4, axes=axes, sampler="random")
    space = space.model_copy(update={"baseline": {"target.perturbation.magnitude": 0.0}})
    store = begin(space, tmp_path)
    ran = run(open_source(space, store), store)
    rates = {trial.plan.spec.optim.learning_rate: trial.plan.cell_id for trial in ran if trial.is_baseline}
    for trial in ran:
        if not trial.is_baseline:
            assert trial.baseline_cell_id == rates[trial.plan.spec.optim.learning_rate]


def test_labels_name_every_cell_by_what_the_space_varies(tmp_path: Path) -> None:
    space = searched(12)
    store = begin(space, tmp_path)
    run(open_source(space, store), store)
    names = {row["cell_id"]: row["cell"] for row in store.plan().to_pylist()}
    assert len(set(names.values())) == len(names) == 13
    assert all("magnitude" in name and "intermediate" in name for name in names.values())
