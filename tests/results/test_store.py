import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from results.errors import DamagedFileError, NotASweepError, OtherSweepError, RowError, SchemaVersionError, StorageError
from results.queries import run_query
from results.schema import LANGUAGES, SCORES, TRIALS
from results.several import NamedStore
from results.store import ResultStore
from results.table_files import read_table
from tests.results.factories import (
    columns_newer_than,
    label_table,
    plan_row,
    rewrite_as_version,
    score_row,
    small_sweep,
    trial_row,
    write_store,
)
from tests.results.simulated import language_row

SWEEP = {"name": "noise", "sweep_id": "s1"}


def test_a_new_store_says_what_it_is(tmp_path: Path) -> None:
    store = ResultStore.create(tmp_path / "runs" / "noise", SWEEP | {"space": {"seeds": 2}})
    written = json.loads((store.folder / "sweep.json").read_text())
    assert written == dict(ResultStore.open(store.folder).sweep)
    assert written["schema_version"] == 6
    assert written["space"] == {"seeds": 2}
    assert written["created_at"].endswith("+00:00")


def test_what_is_known_of_languages_is_written_again_as_a_whole(tmp_path: Path) -> None:
    store = ResultStore.create(tmp_path, SWEEP)
    assert store.snapshot().languages.equals(LANGUAGES.empty_table())
    store.write_languages([language_row("sw"), language_row("de")])
    store.write_languages([language_row("sw"), language_row("tr")])
    rows = store.snapshot().languages.to_pylist()
    assert rows == [language_row("sw"), language_row("tr")]
    assert rows[0] == {
        "language": "sw",
        "name": "SW",
        "family": "Atlantic-Congo",
        "script": "Latn",
        "corpus_size": 1.6,
        "corpus_unit": "GiB of CC-100",
        "resource_band": "low",
        "source": "arXiv 1911.02116",
    }


def test_the_same_sweep_again_opens_what_is_there_and_takes_the_new_description(tmp_path: Path) -> None:
    first = ResultStore.create(tmp_path, SWEEP | {"space": {"seeds": 2}})
    first.write_plan([plan_row()])
    again = ResultStore.create(tmp_path, SWEEP | {"space": {"seeds": 3}})
    assert again.plan().num_rows == 1
    assert again.sweep["created_at"] == first.sweep["created_at"]
    assert ResultStore.open(tmp_path).sweep["space"] == {"seeds": 3}


def test_a_folder_with_another_sweep_is_refused(tmp_path: Path) -> None:
    ResultStore.create(tmp_path, SWEEP)
    message = r"holds the sweep 'noise' \(s1\), asked for was 'other' \(s2\): a sweep keeps its name and its base"
    with pytest.raises(OtherSweepError, match=message):
        ResultStore.create(tmp_path, {"name": "other", "sweep_id": "s2"})
    assert ResultStore.open(tmp_path).sweep["name"] == "noise"


def test_a_folder_with_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(NotASweepError, match=r"not empty and holds no sweep \(found thesis\.tex\)"):
        ResultStore.create(tmp_path, SWEEP)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(StorageError, match="is a file"):
        ResultStore.create(tmp_path / "out", SWEEP)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"file/out cannot be made \(Not a directory\): there is a file in the way"):
        ResultStore.create(tmp_path / "file" / "out", SWEEP)


def test_looking_for_a_sweep_writes_nothing(tmp_path: Path) -> None:
    assert ResultStore.find(tmp_path, SWEEP) is None
    assert ResultStore.find(tmp_path / "missing", SWEEP) is None
    assert list(tmp_path.iterdir()) == []
    ResultStore.create(tmp_path, SWEEP)
    found = ResultStore.find(tmp_path, SWEEP)
    assert found is not None
    assert found.sweep["sweep_id"] == "s1"


def test_opening_what_is_no_sweep_points_to_the_sweeps_below(tmp_path: Path) -> None:
    ResultStore.create(tmp_path / "demo", SWEEP)
    with pytest.raises(NotASweepError, match=r"holds no sweep\.json; there are sweeps in demo below it"):
        ResultStore.open(tmp_path)
    with pytest.raises(NotASweepError, match="is no folder"):
        ResultStore.open(tmp_path / "missing")


@pytest.mark.parametrize("content", ["", "[]", "{}", "{"])
def test_a_damaged_description_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "sweep.json").write_text(content)
    with pytest.raises(DamagedFileError, match=r"sweep\.json is not the description of a sweep"):
        ResultStore.open(tmp_path)


def test_a_store_of_another_schema_version_is_not_opened_nor_added_to(tmp_path: Path) -> None:
    description = SWEEP | {"schema_version": 7, "created_at": "2030-01-01"}
    (tmp_path / "sweep.json").write_text(json.dumps(description))
    with pytest.raises(SchemaVersionError, match="written with schema version 7"):
        ResultStore.open(tmp_path)
    with pytest.raises(SchemaVersionError, match="written with schema version 7"):
        ResultStore.create(tmp_path, SWEEP)
    assert json.loads((tmp_path / "sweep.json").read_text()) == description


def test_extending_the_plan_adds_trials_once_and_the_newer_row_wins(tmp_path: Path) -> None:
    store = ResultStore.create(tmp_path, SWEEP)
    store.write_plan([plan_row("base", 0), plan_row("base", 1)])
    store.write_plan([plan_row("base", 1, spec='{"new": 1}'), plan_row("base", 2)])
    plan = store.plan()
    assert plan["trial_id"].to_pylist() == ["base-0", "base-1", "base-2"]
    assert plan["spec"].to_pylist() == ["{}", '{"new": 1}', "{}"]


def test_writing_the_same_plan_again_writes_nothing(tmp_path: Path) -> None:
    store = ResultStore.create(tmp_path, SWEEP)
    for _ in range(3):
        store.write_plan([plan_row("base", 0)])
    store.write_plan([])
    assert len(list((tmp_path / "plan").iterdir())) == 1


def test_work_is_the_plan_minus_what_is_finished(tmp_path: Path) -> None:
    store = write_store(tmp_path, small_sweep())
    assert store.pending() == ["late-0"]
    assert store.pending(rerun=["diverged"]) == ["weak-0", "late-0"]
    assert store.finished()["weak-0"] == "diverged"


def test_every_planned_trial_is_listed_with_a_status(tmp_path: Path) -> None:
    trials = write_store(tmp_path, small_sweep()).trials()
    assert trials["status"].to_pylist() == ["ok"] * 4 + ["diverged", "ok", "pending"]
    assert trials["reason"].to_pylist()[4] == "it diverged"
    assert trials["cell"].to_pylist()[-1] == "cell late"


def test_publishing_twice_leaves_no_duplicate_row(tmp_path: Path) -> None:
    store = write_store(tmp_path, small_sweep())
    before = store.scores()
    store.publish_trial(trial_row("base-0"), [score_row("base-0", "en", 12.0)])
    scores = store.scores()
    assert scores.num_rows == before.num_rows - 3
    assert [row["value"] for row in scores.to_pylist() if row["trial_id"] == "base-0"] == [12.0]


def test_a_failed_trial_that_is_rerun_well_loses_its_old_rows(tmp_path: Path) -> None:
    store = write_store(tmp_path, small_sweep())
    store.publish_trial(trial_row("weak-0"), [score_row("weak-0", "en", 80.0)])
    assert store.finished()["weak-0"] == "ok"
    assert store.trials().num_rows == len(small_sweep())


def test_scores_without_the_mark_of_a_finished_trial_do_not_count(tmp_path: Path) -> None:
    store = write_store(tmp_path, small_sweep())
    (tmp_path / "trials" / "strong-0.parquet").unlink()
    assert "strong-0" not in store.scores()["trial_id"].to_pylist()
    assert store.pending() == ["strong-0", "late-0"]


@pytest.mark.parametrize("table", ["trials", "scores", "predictions"])
def test_a_trial_with_a_damaged_file_is_found_and_set_aside_and_pending_again(tmp_path: Path, table: str) -> None:
    store = write_store(tmp_path, small_sweep())
    damaged = tmp_path / table / "strong-0.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-10])
    found = store.find_damaged()
    assert list(found) == ["strong-0"]
    assert str(damaged) in found["strong-0"]
    store.set_aside("strong-0")
    assert store.pending() == ["strong-0", "late-0"]
    assert store.find_damaged() == {}
    assert (tmp_path / "damaged" / table / "strong-0.parquet").is_file()
    store.publish_trial(trial_row("strong-0"), [score_row("strong-0", "en", 80.0)])
    assert store.pending() == ["late-0"]


def test_readers_read_what_can_be_read_and_say_what_cannot(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = write_store(tmp_path, small_sweep())
    (tmp_path / "scores" / "strong-0.parquet").write_bytes(b"no table")
    (tmp_path / "trials" / "weak-1.parquet").write_bytes(b"")
    (tmp_path / "predictions" / "base-1.parquet").write_bytes(b"half")
    snapshot = store.snapshot()
    assert set(snapshot.scores["trial_id"].to_pylist()) == {"base-0", "base-1", "strong-1"}
    assert snapshot.predictions.count_rows() == 0
    deltas = [row for row in snapshot.deltas.to_pylist() if row["language"] == "de"]
    assert {row["cell_id"]: row["k"] for row in deltas} == {"strong": 1, "weak": 0}
    for name in ("scores/strong-0", "trials/weak-1", "predictions/base-1"):
        assert f"{name}.parquet: cannot be read" in caplog.text
    assert store.pending() == ["weak-1", "late-0"]


def test_a_damaged_plan_stops_the_sweep_until_it_is_planned_again(tmp_path: Path) -> None:
    store = write_store(tmp_path, small_sweep())
    (path,) = (tmp_path / "plan").iterdir()
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DamagedFileError, match=r"`xlt sweep run SPACE --out` with the same space"):
        store.pending()
    store.write_plan([plan_row(run.cell, run.seed) for run in small_sweep()])
    assert store.pending() == ["late-0"]
    assert [found.name for found in (tmp_path / "damaged" / "plan").iterdir()] == [path.name]


def test_the_row_of_one_trial_is_read_alone(tmp_path: Path) -> None:
    store = write_store(tmp_path, small_sweep())
    assert store.read_trial("weak-0", ["status", "reason"]) == {"status": "diverged", "reason": "it diverged"}
    assert store.read_trial("late-0") is None


def test_rows_of_another_trial_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    store = ResultStore.create(tmp_path, SWEEP)
    with pytest.raises(RowError, match=r"trial base-0: rows of another trial \(base-1\)"):
        store.publish_trial(trial_row("base-0"), [score_row("base-1", "en", 1.0)])
    assert store.finished() == {}


def test_a_moved_store_is_the_same_store(tmp_path: Path) -> None:
    before = write_store(tmp_path / "here", small_sweep())
    expected = before.deltas()
    shutil.move(tmp_path / "here", tmp_path / "there")
    moved = ResultStore.open(tmp_path / "there")
    assert moved.deltas().equals(expected)
    assert moved.pending() == ["late-0"]


def test_published_deltas_are_those_of_the_store(tmp_path: Path) -> None:
    store = write_store(tmp_path, small_sweep())
    assert read_table(store.storage, store.write_deltas()).equals(store.deltas())


def test_opening_for_writing_clears_old_half_files(tmp_path: Path) -> None:
    write_store(tmp_path, small_sweep())
    left = tmp_path / "scores" / ".unfinished-0-base-0.parquet"
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    ResultStore.open(tmp_path)
    assert left.exists()
    ResultStore.open(tmp_path, for_writing=True)
    assert not left.exists()


WRITER = """
import sys
from results.store import ResultStore
from results.table_files import read_table
from tests.results.factories import score_row, trial_row
store = ResultStore.open(sys.argv[1], for_writing=True)
attempt = int(sys.argv[2])
while True:
    attempt += 1
    for seed in range(3):
        trial_id = f"base-{seed}"
        rows = [score_row(trial_id, f"l{place}", 50.0, num_examples=attempt) for place in range(200)]
        store.publish_trial(trial_row(trial_id, attempt=attempt), rows)
    print("round", flush=True)
"""


@pytest.mark.parametrize("round_number", range(4))
def test_a_killed_writer_leaves_no_half_file_no_duplicate_and_no_mixed_attempts(
    tmp_path: Path, round_number: int
) -> None:
    store = ResultStore.create(tmp_path, SWEEP)
    store.write_plan([plan_row("base", seed) for seed in range(3)])
    for place in range(2):
        command = [sys.executable, "-c", WRITER, str(tmp_path), str(place * 1000)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"round\n"
        time.sleep(random.Random(round_number * 2 + place).uniform(0.0, 0.1))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
    for folder, schema in (("trials", TRIALS), ("scores", SCORES)):
        for name in store.storage.list_names(folder, ".parquet"):
            assert read_table(store.storage, name).schema.equals(schema)
    attempts = {row["trial_id"]: row["attempt"] for row in store.trials().to_pylist() if row["status"] == "ok"}
    rows = store.scores().to_pylist()
    assert len(attempts) >= 2
    assert len(rows) == 200 * len(attempts)
    assert len({(row["trial_id"], row["language"]) for row in rows}) == len(rows)
    assert all(row["num_examples"] == attempts[row["trial_id"]] for row in rows)


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
def test_a_store_of_an_earlier_version_is_read_and_continued(tmp_path: Path, version: int) -> None:
    store = ResultStore.create(tmp_path, SWEEP)
    store.write_plan([plan_row("base", seed) for seed in (0, 1)])
    store.publish_trial(trial_row("base-0"), [score_row("base-0", "de", 60.0)], label_table("base-0"))
    rewrite_as_version(store, version)
    old = ResultStore.open(tmp_path)
    assert old.finished() == {"base-0": "ok"}
    assert old.scores()["value"].to_pylist() == [60.0]
    for name, rows in (("trials", old.trials()), ("scores", old.scores()), ("predictions", old.predictions())):
        row = rows.to_pylist()[0]
        newer = dict.fromkeys(columns_newer_than(version, name)) | (
            {"condition": "clean"} if name == "predictions" else {}
        )
        assert {column: row[column] for column in newer} == newer

    new = ResultStore.create(tmp_path, SWEEP)
    predictions = label_table("base-1", condition="typos:0.1", outcomes=np.array([0.0, 1.0], np.float32))
    scores = [score_row("base-1", "de", 70.0, chance=50.0, num_units=2)]
    new.publish_trial(trial_row("base-1", size_mean=0.5), scores, predictions)
    assert new.trials()["size_mean"].to_pylist() == [None, 0.5]
    assert new.scores()["chance"].to_pylist() == [None, 50.0]
    assert new.deltas().num_rows == new.snapshot().languages.num_rows == 0
    sql = "SELECT trial_id, condition, count(*) AS n, avg(outcome) AS mean FROM predictions GROUP BY ALL ORDER BY ALL"
    assert run_query([NamedStore("it", new)], sql).to_pylist() == [
        {"trial_id": "base-0", "condition": "clean", "n": 2, "mean": None},
        {"trial_id": "base-1", "condition": "typos:0.1", "n": 2, "mean": 0.5},
    ]
    assert new.predictions()["condition"].to_pylist() == ["clean"] * 2 + ["typos:0.1"] * 2
    assert json.loads((tmp_path / "sweep.json").read_text())["schema_version"] == 6
