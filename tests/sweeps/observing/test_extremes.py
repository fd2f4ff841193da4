"""Best and worst language so far, compared with pandas."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from results.deltas import compute_deltas
from results.storage import open_storage
from results.store import ResultStore
from sweeps.engine.begin import begin_sweep
from sweeps.observing.extremes import find_extremes
from tests.results.factories import plan_row, score_row, trial_row
from tests.sweeps.factories import make_space


def test_they_are_the_ends_of_the_mean_deltas(sweep_copy: Path) -> None:
    tables = ResultStore.open(sweep_copy).snapshot()
    counted = compute_deltas(tables.plan, tables.trials, tables.scores, include=("degenerate",))
    pq.write_table(counted, sweep_copy / "deltas" / "deltas.parquet")
    deltas = counted.to_pandas()
    by_language = deltas[deltas["language"] != "macro"].groupby("language")["delta"].mean().sort_values()
    found = find_extremes(open_storage(str(sweep_copy)))
    assert found is not None
    assert (found.worst.language, found.best.language) == (by_language.index[0], by_language.index[-1])
    assert found.best.mean == by_language.iloc[-1]
    assert found.is_delta


def test_without_deltas_they_are_those_of_the_scores(sweep_copy: Path) -> None:
    (sweep_copy / "deltas" / "deltas.parquet").unlink()
    scores = pd.concat([pd.read_parquet(path) for path in (sweep_copy / "scores").glob("*.parquet")])
    by_language = scores.groupby("language")["value"].mean().sort_values()
    found = find_extremes(open_storage(str(sweep_copy)))
    assert found is not None
    assert not found.is_delta
    assert (found.worst.language, found.best.language) == (by_language.index[0], by_language.index[-1])


def test_scores_of_superseded_trials_and_of_those_stopped_early_do_not_count(tmp_path: Path) -> None:
    store = ResultStore.create(tmp_path, {"name": "made-up", "sweep_id": "s1"})
    store.write_plan([plan_row("base", 0), plan_row("a", 0)])
    store.write_plan([plan_row("base", 0, trial_id="base-0-wide", supersedes="base-0")])
    found = {"base-0": (10.0, 90.0), "base-0-wide": (60.0, 50.0), "a-0": (10.0, 90.0)}
    for trial_id, values in found.items():
        status = "stopped_early" if trial_id == "a-0" else "ok"
        rows = [score_row(trial_id, language, value) for language, value in zip(("de", "sw"), values, strict=True)]
        store.publish_trial(trial_row(trial_id, status), rows)
    extremes = find_extremes(store.storage)
    assert extremes is not None
    assert (extremes.best.language, extremes.best.mean) == ("de", 60.0)
    assert (extremes.worst.language, extremes.worst.mean) == ("sw", 50.0)


def test_before_anything_is_scored_there_are_none(tmp_path: Path) -> None:
    begin_sweep(make_space(), tmp_path / "s")
    assert find_extremes(open_storage(str(tmp_path / "s"))) is None


def test_damaged_files_are_left_to_others(sweep_copy: Path) -> None:
    for path in (sweep_copy / "scores").glob("*.parquet"):
        path.write_bytes(b"PAR1")
    assert find_extremes(open_storage(str(sweep_copy))) is None
