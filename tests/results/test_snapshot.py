import os
import subprocess
import sys
from pathlib import Path

import pytest

from results.schema import PLAN, SCORES
from tests.results.factories import LANGUAGES, Run, plan_row, score_row, small_sweep, trial_row, write_store


def test_results_are_the_scores_with_what_is_known_of_their_trials(tmp_path: Path) -> None:
    snapshot = write_store(tmp_path, small_sweep()).snapshot()
    rows = snapshot.results.to_pylist()
    assert len(rows) == snapshot.scores.num_rows == 20
    assert all(row["trial_id"] == f"{row['cell_id']}-{row['seed']}" for row in rows)
    assert {row["language"]: row["reason"] for row in rows}["tr"] == "no test data"
    assert {row["trial_reason"] for row in rows} == {None}


def test_a_snapshot_does_not_change_while_trials_land(tmp_path: Path) -> None:
    store = write_store(tmp_path, small_sweep())
    snapshot = store.snapshot()
    before = snapshot.scores
    store.publish_trial(trial_row("late-0"), [score_row("late-0", "en", 50.0)])
    assert snapshot.scores is before
    assert snapshot.results.num_rows == before.num_rows
    assert store.scores().num_rows == before.num_rows + 1


def test_finished_trials_that_nobody_planned_are_left_out(tmp_path: Path) -> None:
    store = write_store(tmp_path, small_sweep())
    store.publish_trial(trial_row("stranger-0"), [score_row("stranger-0", "en", 50.0)])
    assert "stranger-0" not in store.trials()["trial_id"].to_pylist()
    assert "stranger-0" not in store.scores()["trial_id"].to_pylist()


def test_a_cell_has_the_label_and_baseline_of_the_newest_plan_in_all_its_seeds(tmp_path: Path) -> None:
    store = write_store(
        tmp_path,
        [
            Run(cell, seed, {"de": value + seed})
            for cell, value in (("base", 80.0), ("mid", 70.0), ("strong", 60.0))
            for seed in range(3)
        ],
    )
    cells = ("base", "mid", "strong")
    store.write_plan(
        [plan_row(cell, 0, cell=f"new {cell}", baseline_cell_id="mid", is_baseline=cell == "mid") for cell in cells]
    )
    plan = store.plan().to_pylist()
    assert [row["trial_id"] for row in plan] == [f"{cell}-{seed}" for cell in cells for seed in range(3)]
    assert {(row["cell_id"], row["cell"], row["baseline_cell_id"], row["is_baseline"]) for row in plan} == {
        ("base", "new base", "mid", False),
        ("mid", "new mid", "mid", True),
        ("strong", "new strong", "mid", False),
    }
    deltas = {row["cell_id"]: row for row in store.deltas().to_pylist() if row["language"] == "de"}
    assert {cell: (row["k"], row["delta"]) for cell, row in deltas.items()} == {"base": (3, 10.0), "strong": (3, -10.0)}


def test_an_empty_store_has_empty_tables(tmp_path: Path) -> None:
    store = write_store(tmp_path, [])
    assert store.plan().schema.equals(PLAN)
    assert store.scores().schema.equals(SCORES)
    sizes = [
        table.num_rows for table in (store.trials(), store.predictions(), store.deltas(), store.snapshot().results)
    ]
    assert sizes == [0, 0, 0, 0]


DELTAS_CODE = """
import sys, time
from results.store import ResultStore
print(ResultStore.open(sys.argv[1]).deltas().num_rows, time.process_time())
"""


@pytest.mark.slow
def test_deltas_of_a_thousand_trials_are_there_quickly_from_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # only to write this test's store quickly
    languages = [*LANGUAGES, *(f"l{place}" for place in range(12))]
    runs = [
        Run("base" if cell == 0 else f"c{cell}", seed, dict.fromkeys(languages, 50.0 + seed + cell % 7))
        for cell in range(200)
        for seed in range(5)
    ]
    write_store(tmp_path, runs)
    command = [sys.executable, "-c", DELTAS_CODE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    num_rows, cpu_seconds = done.stdout.split()
    assert int(num_rows) == 199 * 16
    assert float(cpu_seconds) < 4.0  # 1.3 on an idle core, imports included; cores shared with others count double


def test_a_planned_trial_carries_all_that_a_resume_needs(tmp_path: Path) -> None:
    store = write_store(tmp_path, [])
    store.write_plan([plan_row("base", plan='{"stages":[]}', spec='{"seed":0}')])
    row = store.plan().to_pylist()[0]
    assert (row["plan"], row["spec"]) == ('{"stages":[]}', '{"seed":0}')
