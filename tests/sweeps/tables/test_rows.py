"""Planned trials and results survive their way into rows and back."""

import platform
from dataclasses import replace
from pathlib import Path

import numpy as np

from results.schema import PLAN, make_table
from results.store import ResultStore
from sweeps.planning.plan import plan_sweep
from sweeps.tables.rows import plan_row, planned_trial, publish_failure, publish_result
from sweeps.units.failures import describe_failure
from tests.sweeps.factories import make_space
from xlt_core.difficulty.pool import POOL_SEED
from xlt_core.result import (
    ArmRecord,
    LabelPredictions,
    LanguageScore,
    PerturbationRecord,
    Rung,
    StageCost,
    TrialResult,
)
from xlt_core.tasks import load_task


def test_a_planned_trial_reads_back_equal_from_its_row() -> None:
    trials = plan_sweep(make_space(seeds=2)).trials
    table = make_table([plan_row(trial) for trial in trials], PLAN)
    assert tuple(planned_trial(row) for row in table.to_pylist()) == trials


def test_a_row_names_what_the_cell_is() -> None:
    rows = [plan_row(trial) for trial in plan_sweep(make_space()).trials]
    by_cell = {(row["magnitude"], row["intermediate_task"]): row for row in rows}
    assert set(by_cell) == {(0.0, None), (0.5, None), (0.0, "world"), (0.5, "world")}
    row = by_cell[0.5, "world"]
    assert (row["method"], row["dose"], row["encoder"], row["source_language"]) == ("gaussian", 1.0, "mini", "src")
    assert by_cell[0.0, None]["dose"] is None


def test_a_row_says_what_its_intermediate_stage_is_trained_on(tmp_path: Path) -> None:
    file = tmp_path / "scores.tsv"
    world = load_task("world").load_train("hub", dose=None, data_seed=POOL_SEED)
    file.write_text("id\tscore\n" + "".join(f"{name}\t{place}\n" for place, name in enumerate(world.ids)))
    difficulty = {
        "scorer": {"measure": "column", "path": str(file)},
        "noise_trim": 0.05,
        "waive": [["independent", "linear"]],
    }
    arm = {"task": "world", "dose": ["random", "hard"], "difficulty": difficulty}
    trials = plan_sweep(make_space(axes={"intermediate": ["none", {"task": "world"}, arm]}, seeds=2)).trials
    rows = make_table([plan_row(trial) for trial in trials], PLAN).to_pylist()
    by_arm = {(row["intermediate_task"], row["level"], row["dose"]): row for row in rows}
    assert set(by_arm) == {(None, None, None), ("world", None, None), ("world", "random", None), ("world", None, 1.0)}
    for (task, level, dose), row in by_arm.items():
        is_arm = level is not None or dose is not None
        waived = ["independent", "linear"]
        assert (row["noise_trim"], row["waived"]) == ((0.05, waived) if is_arm else (None, None))
        assert row["same_task"] is (None if task is None else True)
        assert (row["intermediate_key"] is None) is (task is None)
    keys = [row["intermediate_key"] for row in rows if row["intermediate_key"]]
    assert len(set(keys)) == len(keys) == 6  # three arms, two seeds


def _make_result(trial_id: str) -> TrialResult:
    predictions = LabelPredictions(
        language="src",
        labels=("no", "yes"),
        example_ids=("a", "b"),
        num_units=np.array([1, 2], np.int32),
        gold=np.array([0, 1, 1], np.int16),
        predicted=np.array([0, 0, 1], np.int16),
    )
    return TrialResult(
        trial_id=trial_id,
        status="ok",
        reason=None,
        started_at="2026-01-02T03:04:05+00:00",
        wall_seconds=1.5,
        train_seconds=1.0,
        evaluate_seconds=0.5,
        num_steps=4,
        final_train_loss=0.25,
        source_dev_score=50.0,
        stages=(
            StageCost(
                stage_key="k",
                kind="target",
                wall_seconds=1.0,
                num_steps=4,
                num_examples=32,
                is_shared=False,
            ),
        ),
        scores=(
            LanguageScore(
                language="src",
                metric="accuracy",
                value=25.0,
                num_examples=4,
                condition="generalized",
                condition_language="far-lo",
            ),
            LanguageScore(language="src", metric="accuracy", value=200 / 3, num_examples=3),
            LanguageScore(language="kin-hi", metric="accuracy", value=None, num_examples=0, reason="no data"),
        ),
        predictions=(predictions, replace(predictions, condition="generalized", condition_language="far-lo")),
        perturbation=PerturbationRecord(
            size_kind="embedding",
            size_mean=0.125,
            size_max=0.5,
            loss_gap=0.75,
            num_forwards=4.0,
            num_backwards=4.0,
            num_weight_gradients=1.0,
        ),
        versions=(("torch", "2"),),
        device="cpu",
    )


def test_a_result_is_stored_whole(tmp_path: Path) -> None:
    trial = plan_sweep(make_space()).trials[0]
    store = ResultStore.create(tmp_path / "s", {"name": "s", "sweep_id": "1"})
    store.write_plan([plan_row(trial)])
    publish_result(store, _make_result(trial.trial_id), attempt=2)
    row = store.trials().to_pylist()[0]
    assert (row["status"], row["attempt"], row["stage_keys"], row["num_steps"]) == ("ok", 2, ["k"], 4)
    assert row["started_at"].isoformat() == "2026-01-02T03:04:05+00:00"
    measured = ("size_kind", "size_mean", "size_max", "loss_gap")
    passes = ("forwards_per_step", "backwards_per_step", "weight_gradients_per_step")
    assert [row[name] for name in measured] == ["embedding", 0.125, 0.5, 0.75]
    assert [row[name] for name in passes] == [4.0, 4.0, 1.0]
    pair, *clean = store.scores().to_pylist()
    assert (pair["condition"], pair["condition_language"], pair["value"]) == ("generalized", "far-lo", 25.0)
    scores = {score["language"]: score for score in clean}
    assert scores["src"]["value"] == 200 / 3
    assert (scores["kin-hi"]["value"], scores["kin-hi"]["reason"]) == (None, "no data")
    predicted = store.predictions().to_pylist()
    assert [(one["condition"], one["condition_language"]) for one in predicted] == [
        *[("clean", None)] * 3,
        *[("generalized", "far-lo")] * 3,
    ]
    assert [(one["example_id"], one["position"], one["gold"], one["correct"]) for one in predicted[:3]] == [
        ("a", 0, "no", True),
        ("b", 0, "yes", False),
        ("b", 1, "yes", True),
    ]


def test_a_row_says_how_hard_an_arm_was_and_which_checks_it_failed(tmp_path: Path) -> None:
    trial = plan_sweep(make_space()).trials[0]
    store = ResultStore.create(tmp_path / "s", {"name": "s", "sweep_id": "1"})
    store.write_plan([plan_row(trial)])
    for arm, expected in (
        (ArmRecord(mean_difficulty=0.75, failed_checks=("lengths",)), (0.75, ["lengths"])),
        (ArmRecord(mean_difficulty=0.75, failed_checks=()), (0.75, [])),
        (ArmRecord(mean_difficulty=0.5), (0.5, None)),
        (None, (None, None)),
    ):
        publish_result(store, replace(_make_result(trial.trial_id), arm=arm), attempt=1)
        row = store.trials().to_pylist()[0]
        assert (row["bits"], row["failed_checks"]) == expected


def test_a_row_says_who_ran_the_trial_and_what_it_took(tmp_path: Path) -> None:
    trial = plan_sweep(make_space()).trials[0]
    store = ResultStore.create(tmp_path / "s", {"name": "s", "sweep_id": "1"})
    store.write_plan([plan_row(trial)])
    result = replace(
        _make_result(trial.trial_id),
        host="node7",
        peak_bytes=3 * 2**40,
        micro_batch_size=4,
        rungs=(Rung(num_steps=2, score=40.0), Rung(num_steps=4, score=None)),
    )
    publish_result(store, result, attempt=1, launch_id="launch", note="rerun of oom")
    row = store.trials().to_pylist()[0]
    assert (row["host"], row["peak_bytes"], row["micro_batch_size"]) == ("node7", 3 * 2**40, 4)
    assert row["rungs"] == [{"num_steps": 2, "score": 40.0}, {"num_steps": 4, "score": None}]
    assert (row["launch_id"], row["note"]) == ("launch", "rerun of oom")
    publish_result(store, _make_result(trial.trial_id), attempt=1)
    row = store.trials().to_pylist()[0]
    names = ("host", "peak_bytes", "micro_batch_size", "rungs", "launch_id", "note")
    assert [row[name] for name in names] == [None] * 6


def test_a_trial_without_a_perturbation_has_no_size(tmp_path: Path) -> None:
    trial = plan_sweep(make_space()).trials[0]
    store = ResultStore.create(tmp_path / "s", {"name": "s", "sweep_id": "1"})
    store.write_plan([plan_row(trial)])
    publish_result(store, replace(_make_result(trial.trial_id), perturbation=None), attempt=1)
    row = store.trials().to_pylist()[0]
    assert (row["size_kind"], row["size_mean"], row["forwards_per_step"]) == (None, None, None)


def test_a_failure_is_a_row_with_reason_and_traceback(tmp_path: Path) -> None:
    trial = plan_sweep(make_space()).trials[0]
    store = ResultStore.create(tmp_path / "s", {"name": "s", "sweep_id": "1"})
    store.write_plan([plan_row(trial)])
    try:
        raise RuntimeError("the cable was pulled")
    except RuntimeError as error:
        failure = describe_failure(error)
        publish_failure(store, trial.trial_id, failure, attempt=3, launch_id="launch", note="rerun of infra")
    row = store.trials().to_pylist()[0]
    assert (row["launch_id"], row["note"], row["host"]) == ("launch", "rerun of infra", platform.node())
    assert (row["status"], row["attempt"]) == ("infra", 3)
    assert row["reason"] == "RuntimeError: the cable was pulled"
    assert "test_rows.py" in row["traceback"]
