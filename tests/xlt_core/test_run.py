"""One trial on real files: what it gives back, and that a killed trial ends with the same bits as one left alone."""

import dataclasses
import itertools
import multiprocessing
import os
import random
import signal

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.factories import build_encoder
from tests.xlt_core.pair_trials import (
    NUM_STEPS,
    build_plan,
    build_workspace,
    comparable,
    final_weights,
)
from tests.xlt_core.small_memory import limit_memory
from xlt_core.artifacts import read_manifest
from xlt_core.data.token_file import read_token_file
from xlt_core.errors import DamagedArtifactError
from xlt_core.plan import TrialPlan, plan_trial
from xlt_core.run import discard_checkpoints, run_trial
from xlt_core.spec import parse_trial_spec
from xlt_core.stages import run_stage
from xlt_core.task_stage import build_model
from xlt_core.tasks.world import NUM_TRAIN_EXAMPLES
from xlt_core.workspace import Workspace


@pytest.fixture(scope="module")
def undisturbed(inputs, tmp_path_factory):
    """A trial that nobody interrupted."""
    plan, workspace = build_plan(inputs), build_workspace(tmp_path_factory.mktemp("undisturbed"))
    result = run_trial(plan, workspace)
    return plan, result, final_weights(plan, workspace)


def test_a_trial_learns_and_scores_every_language_that_has_data(undisturbed):
    _, result, _ = undisturbed
    scores = {score.language: score for score in result.scores}
    assert result.status == "ok", result.reason
    assert scores["en"].value > 80.0
    assert scores["en"].num_examples == scores["de"].num_examples == 60
    assert scores["fr"].value is None
    assert "no test data" in scores["fr"].reason
    assert {each.language for each in result.predictions} == {"en", "de"}


def test_scores_follow_from_the_predictions(undisturbed):
    _, result, _ = undisturbed
    values = {score.language: score.value for score in result.scores}
    for each in result.predictions:
        assert values[each.language] == pytest.approx(100.0 * np.mean(each.gold == each.predicted), abs=1e-9)


def _run_and_die(plan: TrialPlan, workspace: Workspace, kind: str, step: int) -> None:
    """Kill the own process, as the kernel would, right after a step."""

    def on_progress(progress) -> None:
        if (progress.kind, progress.num_steps_taken) == (kind, step):
            os.kill(os.getpid(), signal.SIGKILL)

    run_trial(plan, workspace, on_progress)


def kill_in(plan: TrialPlan, workspace: Workspace, kind: str, step: int) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_run_and_die, args=(plan, workspace, kind, step))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "step"), [("intermediate", 3), ("intermediate", 15), ("target", 1), ("target", 7), ("target", NUM_STEPS)]
)
def test_a_trial_killed_after_any_step_ends_with_the_same_bits(inputs, undisturbed, tmp_path, kind, step):
    plan, expected, weights = undisturbed
    workspace = build_workspace(tmp_path)
    kill_in(plan, workspace, kind, step)
    resumed = run_trial(plan, workspace)
    assert comparable(resumed) == comparable(expected)
    for name, value in final_weights(plan, workspace).items():
        assert torch.equal(value, weights[name]), name


@pytest.mark.slow
def test_a_trial_killed_three_times_at_random_moments_ends_with_the_same_bits(undisturbed, tmp_path):
    plan, expected, weights = undisturbed
    workspace, chance = build_workspace(tmp_path, every=3), random.Random(os.urandom(8))
    for step in sorted(chance.sample(range(1, NUM_STEPS), 3)):
        kill_in(plan, workspace, "target", step)
    assert comparable(run_trial(plan, workspace)) == comparable(expected)
    assert all(torch.equal(value, weights[name]) for name, value in final_weights(plan, workspace).items())


def test_a_finished_stage_is_used_and_not_run_again(inputs, undisturbed, tmp_path):
    plan, expected, _ = undisturbed
    workspace = build_workspace(tmp_path)
    run_trial(plan, workspace)
    artifact = workspace.stages / plan.shared_stages[0].key
    before = artifact.stat().st_mtime_ns
    seen = []
    other = build_plan(inputs, target={"task": "pawsx", "data": str(inputs / "data")})
    run_trial(other, workspace, seen.append)
    assert artifact.stat().st_mtime_ns == before
    assert {progress.kind for progress in seen} == {"target"}
    assert expected.stages[0].stage_key == other.shared_stages[0].key


def test_the_intermediate_head_and_its_dense_layer_never_pass(inputs, undisturbed, tmp_path):
    """Same task and label set on both sides, where a shared name would let a head slip through."""
    plan, _, _ = undisturbed
    workspace = build_workspace(tmp_path)
    run_trial(plan, workspace)
    artifact = workspace.stages / plan.shared_stages[0].key
    given = build_encoder()
    assert set(load_file(artifact / "model.safetensors")) == set(given.model.state_dict())
    after_intermediate = build_model(plan.target_stage, plan.spec, workspace)
    without = build_plan(inputs, intermediate=None)
    from_scratch = build_model(without.target_stage, without.spec, workspace)
    for name, value in from_scratch.head.state_dict().items():
        assert torch.equal(after_intermediate.head.state_dict()[name], value), name
    assert not torch.equal(after_intermediate.encoder.word_embedding.weight, from_scratch.encoder.word_embedding.weight)


def test_an_unfinished_training_is_kept_until_it_is_discarded(inputs, tmp_path):
    plan, workspace = build_plan(inputs, intermediate=None), build_workspace(tmp_path)
    run_trial(plan, workspace)
    assert (workspace.checkpoints / plan.trial_id).exists()
    discard_checkpoints(plan, workspace)
    assert not (workspace.checkpoints / plan.trial_id).exists()


def test_trials_with_equal_target_stages_do_not_touch_each_others_unfinished_training(inputs, tmp_path):
    workspace, every_language = build_workspace(tmp_path), build_plan(inputs, intermediate=None)
    only_german = build_plan(inputs, intermediate=None, evaluation={"languages": ["de"]})
    assert only_german.target_stage == every_language.target_stage
    stranger = []

    def finish_the_other_one(progress) -> None:
        if progress.num_steps_taken == 10:
            run_trial(only_german, workspace, stranger.append)
            discard_checkpoints(only_german, workspace)
            own = workspace.checkpoints / every_language.trial_id
            assert [folder.name for folder in own.iterdir()] == ["step_00000007"]

    run_trial(every_language, workspace, finish_the_other_one)
    assert stranger[0].num_steps_taken == 1, "it trains from its own start"


def test_the_stages_of_a_trial_draw_training_data_of_their_own(tmp_path):
    """Where data are drawn: else the intermediate stage would rehearse the examples of the target."""
    short = {"num_steps": 1, "batch_size": 2}
    world = {"task": "world", "dose": 0.5, "optim": short}
    plan = plan_trial(
        parse_trial_spec(
            {
                "encoder": {"source": "mini", "pretrain": {"num_steps": 1}},
                "intermediate": world,
                "target": world,
                "evaluation": {"languages": ["src"], "max_examples": 4},
            }
        )
    )
    workspace = build_workspace(tmp_path)
    run_trial(plan, workspace)
    tables = [read_token_file(path) for path in workspace.tokens.iterdir()]
    drawn = [
        {tuple(table.input_ids[start:end]) for start, end in itertools.pairwise(table.offsets)}
        for table in tables
        if len(table) == NUM_TRAIN_EXAMPLES
    ]
    assert len(drawn) == 2
    assert len(drawn[0] & drawn[1]) < 0.2 * len(drawn[0]), "but for what chance repeats"


def test_what_a_killed_process_left_beside_a_published_stage_is_deleted(inputs, tmp_path):
    plan, workspace = build_plan(inputs), build_workspace(tmp_path)
    run_stage(plan.stages[0], plan.spec, workspace)
    left = workspace.checkpoints / plan.stages[0].key / "step_00000020"
    left.mkdir(parents=True)
    run_stage(plan.stages[0], plan.spec, workspace)
    assert not left.parent.exists()


@pytest.mark.parametrize("stage", ["intermediate", "target"])
def test_a_run_that_diverges_is_a_result_with_a_reason_for_every_language(inputs, tmp_path, stage):
    wild = {"num_steps": 30, "learning_rate": 1e30, "max_grad_norm": 1e30, "warmup_ratio": 0.0}
    settings = {"task": "pawsx", "data": str(inputs / "data"), "optim": wild}
    result = run_trial(build_plan(inputs, **{stage: settings}), build_workspace(tmp_path))
    assert result.status == "diverged"
    assert "not finite" in result.reason
    assert len(result.scores) == 7
    assert all(score.value is None and "diverged" in score.reason for score in result.scores)


def test_a_run_that_learns_nothing_is_degenerate_and_scored(inputs, tmp_path):
    result = run_trial(
        build_plan(inputs, intermediate=None, optim={"num_steps": 20, "learning_rate": 1e-9}), build_workspace(tmp_path)
    )
    assert result.status == "degenerate"
    assert "chance" in result.reason
    assert result.scores[0].value is not None


@pytest.mark.parametrize("damage", ["weights", "manifest", "missing"])
def test_a_damaged_artifact_is_named_with_its_key(inputs, tmp_path, damage):
    plan, workspace = build_plan(inputs), build_workspace(tmp_path)
    run_stage(plan.shared_stages[0], plan.spec, workspace)
    folder = workspace.stages / plan.shared_stages[0].key
    weights = folder / "model.safetensors"
    if damage == "weights":
        weights.write_bytes(weights.read_bytes()[:-1])
    elif damage == "manifest":
        (folder / "manifest.json").write_bytes(b"")
    else:
        weights.unlink()
    with pytest.raises(DamagedArtifactError) as raised:
        run_trial(plan, workspace)
    assert raised.value.stage_key == plan.shared_stages[0].key
    if damage == "weights":
        assert "model.safetensors is changed" in str(raised.value)


def test_a_stage_is_not_trained_from_a_damaged_one(tmp_path):
    short = {"num_steps": 1, "batch_size": 2}
    world = {"task": "world", "dose": 0.5, "optim": short}
    encoder = {"source": "mini", "pretrain": {"num_steps": 1}}
    plan = plan_trial(parse_trial_spec({"encoder": encoder, "intermediate": world, "target": world}))
    pretraining, intermediate = plan.shared_stages
    workspace = build_workspace(tmp_path)
    folder = run_stage(pretraining, plan.spec, workspace)
    (folder / "config.json").unlink()
    with pytest.raises(DamagedArtifactError) as raised:
        run_stage(intermediate, plan.spec, workspace)
    assert raised.value.stage_key == pretraining.key


def test_a_trial_that_is_stopped_is_scored_and_says_why(inputs, tmp_path):
    plan, workspace = build_plan(inputs, intermediate=None), build_workspace(tmp_path)
    words = "stopped by asha at step 20 of 60"
    result = run_trial(plan, workspace, stop_at_step=20, stop_reason=words)
    assert result.status == "stopped_early"
    assert result.reason.startswith(words)
    assert result.num_steps == 20
    assert {score.language for score in result.scores if score.value is not None} == {"en", "de"}


def test_a_trial_that_is_stopped_where_it_ends_is_a_whole_one(inputs, undisturbed, tmp_path):
    _, expected, _ = undisturbed
    plan, workspace = build_plan(inputs), build_workspace(tmp_path)
    assert comparable(run_trial(plan, workspace, stop_at_step=NUM_STEPS, stop_reason="no")) == comparable(expected)


def test_a_trial_that_went_further_is_scored_as_it_was_where_it_was_stopped(inputs, tmp_path):
    """A killed driver may come to another decision; later checkpoints must not count then."""
    plan = build_plan(inputs, intermediate=None)
    straight = run_trial(plan, build_workspace(tmp_path / "straight"), stop_at_step=14)
    workspace = build_workspace(tmp_path / "further")
    run_trial(plan, workspace)
    assert comparable(run_trial(plan, workspace, stop_at_step=14)) == comparable(straight)


def test_what_is_known_is_not_scored_again(inputs, undisturbed, tmp_path):
    _, expected, _ = undisturbed
    plan, workspace = build_plan(inputs), build_workspace(tmp_path)
    known = {("en", "clean"), ("fr", "clean"), ("de", "typos:0.1")}
    result = run_trial(plan, workspace, known=known)
    assert result.scores == tuple(score for score in expected.scores if score.language not in ("en", "fr"))
    assert [each.language for each in result.predictions] == ["de"]


def test_a_trial_tells_what_happens_on_its_way(inputs, tmp_path):
    told = []
    workspace = build_workspace(tmp_path, every=25, on_event=lambda event, fields: told.append((event, dict(fields))))
    plan = build_plan(inputs)
    run_trial(plan, workspace)
    stages = [fields["kind"] for event, fields in told if event == "stage"]
    assert stages == ["intermediate", "target"]
    last = [fields for event, fields in told if event == "step"][-1]
    assert (last["step"], last["num_steps"]) == (NUM_STEPS, NUM_STEPS)
    assert last["loss"] > 0.0
    assert [fields["step"] for event, fields in told if event == "checkpoint"] == [20, 25, 50, NUM_STEPS]
    assert {fields["language"] for event, fields in told if event == "scored"} == {"en", "de"}


def test_stages_may_be_shared_by_several_sweeps(inputs, tmp_path):
    plan = build_plan(inputs)
    one, other = (build_workspace(tmp_path / name, stages_folder=tmp_path / "stages") for name in ("one", "other"))
    run_trial(plan, one)
    seen = []
    run_trial(plan, other, seen.append)
    assert {progress.kind for progress in seen} == {"target"}
    assert [path.name for path in (tmp_path / "stages").iterdir()] == [plan.shared_stages[0].key]


def test_memory_that_runs_out_halves_the_micro_batch_and_is_told(inputs, undisturbed, tmp_path, monkeypatch):
    _, expected, _ = undisturbed
    told = []
    workspace = build_workspace(tmp_path, on_event=lambda event, fields: told.append((event, dict(fields))))
    plan = build_plan(inputs)
    refused = limit_memory(monkeypatch, training=120, scoring=120)
    result = run_trial(plan, workspace)
    assert refused
    assert result.status == "ok"
    assert result.num_steps == NUM_STEPS
    assert 1 <= result.micro_batch_size < 16
    sizes = [fields["micro_batch_size"] for event, fields in told if event == "oom"]
    assert sizes[-1] == result.micro_batch_size
    assert expected.micro_batch_size is None
    assert all(batch > 120 for batch in refused)


def test_a_trial_that_does_not_fit_example_by_example_is_out_of_memory(inputs, tmp_path, monkeypatch):
    limit_memory(monkeypatch, training=3)
    with pytest.raises(torch.OutOfMemoryError):
        run_trial(build_plan(inputs, intermediate=None), build_workspace(tmp_path))


def test_scores_do_not_depend_on_how_much_is_scored_at_one_time(inputs, tmp_path, monkeypatch):
    plan, workspace = build_plan(inputs, intermediate=None), build_workspace(tmp_path)
    expected = run_trial(plan, workspace)
    refused = limit_memory(monkeypatch, training=10**9, scoring=60)
    seen = []
    assert comparable(run_trial(plan, workspace, seen.append)) == comparable(expected)
    assert refused
    assert not seen, "scored from the last checkpoint"


def test_a_trial_says_where_it_ran_and_what_memory_it_took(undisturbed):
    _, result, _ = undisturbed
    assert result.host
    assert result.peak_bytes > 50_000_000


def test_the_cost_of_every_stage_is_told(undisturbed):
    plan, result, _ = undisturbed
    costs = [dataclasses.asdict(cost) for cost in result.stages]
    assert [cost["kind"] for cost in costs] == ["intermediate", "target"]
    assert [cost["num_steps"] for cost in costs] == [20, NUM_STEPS]
    assert costs[1]["num_examples"] == NUM_STEPS * 16
    assert plan.shared_stages[0].key == costs[0]["stage_key"]


def test_an_artifact_says_how_it_came_about(undisturbed, inputs, tmp_path):
    plan, workspace = build_plan(inputs), build_workspace(tmp_path)
    run_trial(plan, workspace)
    manifest = read_manifest(workspace.stages / plan.shared_stages[0].key)
    assert manifest["stage"] == plan.shared_stages[0].model_dump(mode="json")
    assert manifest["status"] in ("ok", "degenerate")
