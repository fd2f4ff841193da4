"""Weights on the way: kept without a trace in training, there again after any interruption, and averaged exactly."""

import shutil

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file
from torch import nn

from tests.xlt_core.pair_trials import NUM_STEPS, build_plan, build_workspace, final_weights
from tests.xlt_core.test_checkpoints import FolderOfFolders
from xlt_core.candidates import Candidates, list_candidate_steps
from xlt_core.checkpoints import CheckpointFolder
from xlt_core.encoders.loading import load_encoder
from xlt_core.errors import StoreError
from xlt_core.run import discard_checkpoints
from xlt_core.trial_stages import train_trial
from xlt_core.updates import frozen_decay

STEPS = (15, 30, 45, 60)
WEIGHT_DECAYS = (0.0, 0.5)
"""With one, rows of tokens that never occur differ from step to step, too, though they are not trained."""


def plan_candidates(inputs, weight_decay=0.0, **change):
    optim = {"num_steps": NUM_STEPS, "learning_rate": 5e-3, "batch_size": 16, "weight_decay": weight_decay}
    evaluation = {"selections": ["averaged"], "num_candidates": len(STEPS)}
    return build_plan(inputs, **{"optim": optim, "evaluation": evaluation, "intermediate": None} | change)


def read_kept(plan, workspace):
    """Tensors by step, as they lie beside the checkpoints."""
    folder = workspace.checkpoints / plan.trial_id
    files = sorted(folder.glob("candidate_*/state.safetensors"))
    return {int(file.parent.name.removeprefix("candidate_")): load_file(file) for file in files}


def assert_equal(kept, expected):
    assert kept.keys() == expected.keys()
    for step, tensors in expected.items():
        assert all(np.array_equal(kept[step][name], tensor) for name, tensor in tensors.items()), step


@pytest.fixture(scope="module")
def whole(inputs, tmp_path_factory):
    """A trial that ran through, and what it kept."""
    plan, workspace = plan_candidates(inputs), build_workspace(tmp_path_factory.mktemp("whole"), every=15)
    trained = train_trial(plan, workspace)
    return plan, workspace, trained, read_kept(plan, workspace)


@given(num_steps=st.integers(1, 10_000), num_candidates=st.integers(2, 30))
def test_steps_are_equally_far_apart_and_the_last_is_one_of_them(num_steps, num_candidates):
    steps = list_candidate_steps(num_steps, num_candidates)
    assert len(steps) == min(num_steps, num_candidates)
    assert steps[-1] == num_steps
    gaps = np.diff([0, *steps])
    assert gaps.min() >= 1
    assert gaps.max() - gaps.min() <= 1


def test_they_are_the_weights_of_the_checkpoints_at_their_steps(whole):
    plan, workspace, _, kept = whole
    assert tuple(kept) == STEPS
    trained = final_weights(plan, workspace)
    assert {f"module.{name}" for name in kept[NUM_STEPS]} == set(trained) | {"module.trained_rows"}
    assert all(np.array_equal(kept[NUM_STEPS][name.removeprefix("module.")], trained[name].numpy()) for name in trained)


def test_training_is_what_it_is_without_them(inputs, whole, tmp_path):
    plan, workspace, _, _ = whole
    alone, elsewhere = plan_candidates(inputs, evaluation={}), build_workspace(tmp_path)
    train_trial(alone, elsewhere)
    assert alone.target_stage.key == plan.target_stage.key
    expected, found = final_weights(alone, elsewhere), final_weights(plan, workspace)
    assert all(torch.equal(tensor, found[name]) for name, tensor in expected.items())
    assert not read_kept(alone, elsewhere)


def test_they_are_kept_of_the_target_stage_alone(inputs, tmp_path):
    stage = {"task": "pawsx", "data": str(inputs / "data"), "optim": {"num_steps": 4, "learning_rate": 1e-3}}
    plan, workspace = plan_candidates(inputs, intermediate=stage), build_workspace(tmp_path, every=2)
    train_trial(plan, workspace, until_step=1)
    assert (workspace.stages / plan.shared_stages[0].key).exists()
    assert not list(workspace.root.rglob("candidate_*"))


@pytest.mark.parametrize("killed_at", [14, 15, 60])
def test_a_trial_that_was_interrupted_keeps_the_same(inputs, whole, tmp_path, killed_at):
    plan, workspace = plan_candidates(inputs), build_workspace(tmp_path)

    def kill(progress):
        if progress.num_steps_taken == killed_at:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        train_trial(plan, workspace, kill)
    train_trial(plan, workspace)
    assert_equal(read_kept(plan, workspace), whole[3])


def test_training_goes_on_from_before_weights_that_are_lost(inputs, whole, tmp_path):
    plan, _, _, kept = whole
    workspace = build_workspace(tmp_path)
    train_trial(plan, workspace, until_step=40)
    shutil.rmtree(workspace.checkpoints / plan.trial_id / "candidate_00000015")
    file = workspace.checkpoints / plan.trial_id / "candidate_00000030" / "state.safetensors"
    file.write_bytes(file.read_bytes()[:-3] + b"bad")
    steps = []
    train_trial(plan, workspace, lambda progress: steps.append(progress.num_steps_taken))
    assert steps[0] <= 15
    assert_equal(read_kept(plan, workspace), kept)


def test_they_are_in_the_mirror_and_are_cleared_with_the_checkpoints(inputs, whole, tmp_path):
    plan, _, _, kept = whole
    mirror = FolderOfFolders(tmp_path / "remote")
    first = build_workspace(tmp_path / "first", mirror=mirror)
    train_trial(plan, first, until_step=40)
    second = build_workspace(tmp_path / "second", mirror=mirror)
    trained = train_trial(plan, second)
    assert trained.candidates.finish(NUM_STEPS) == STEPS
    trained.candidates.load(15)
    assert_equal(read_kept(plan, second), kept)
    discard_checkpoints(plan, second)
    assert not list((tmp_path / "remote").rglob("candidate_*/manifest.json"))
    assert not read_kept(plan, second)


@pytest.mark.parametrize("weight_decay", WEIGHT_DECAYS)
def test_the_mean_is_numpys_and_one_of_them_is_what_was_kept(inputs, tmp_path, weight_decay):
    plan, workspace = plan_candidates(inputs, weight_decay), build_workspace(tmp_path)
    trained = train_trial(plan, workspace)
    assert trained.candidates.finish(NUM_STEPS) == STEPS
    kept, model = read_kept(plan, workspace), trained.model
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    table, start = model.encoder.word_embedding, load_encoder(inputs / "encoder").word_embedding.weight.detach()
    used = trained.candidates._trained_rows.token_ids.numpy()
    unused = np.setdiff1d(np.arange(len(start)), used)
    assert len(unused) > 0

    def assert_loaded(expected, *steps):
        """Rows of tokens that never occur are not kept; they are those of the encoder, decayed."""
        loaded = dict(model.named_parameters())
        for name, parameter in loaded.items():
            value = parameter.detach().numpy()
            assert np.array_equal(value[used] if parameter is table.weight else value, expected[name]), name
        decay = np.mean([frozen_decay(plan.target_stage.settings.optim, step) for step in steps])
        assert (decay == 1.0) == (weight_decay == 0.0)
        found = loaded["encoder.model.embeddings.word_embeddings.weight"].detach().numpy()[unused]
        assert np.allclose(found, start.numpy()[unused] * decay, rtol=1e-6, atol=0.0)

    for step in (15, 45):
        trained.candidates.load(step)
        assert_loaded(kept[step], step)
    trained.candidates.load_mean(STEPS)
    means = {
        name: np.mean([kept[step][name].astype(np.float64) for step in STEPS], axis=0).astype(np.float32)
        for name in kept[15]
    }
    assert_loaded(means, *STEPS)
    trained.candidates.load(NUM_STEPS)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("whose", ["all tokens", "an array's tokens"])
def test_those_that_hold_more_rows_are_loaded_as_those_that_do_not(inputs, tmp_path, whose):
    """Of training with weight decay, all rows used to be kept; trials of an array have those that any of them needs."""
    plan, workspace = plan_candidates(inputs, 0.5), build_workspace(tmp_path)
    trained = train_trial(plan, workspace)
    name, loaded = "encoder.model.embeddings.word_embeddings.weight", {}

    table = trained.model.encoder.word_embedding

    def load_all():
        for steps in ((15,), (30,)):
            trained.candidates.load(*steps)
            loaded[steps] = table.weight.detach().clone()
        trained.candidates.load_mean((15, 30))
        return loaded | {(15, 30): table.weight.detach().clone()}

    expected = load_all()
    kept = {key: torch.from_numpy(tensor) for key, tensor in read_kept(plan, workspace)[15].items()}
    others = {key: tensor for key, tensor in kept.items() if key != "trained_rows"}
    if whose == "all tokens":
        others[name] = expected[15,].clone()
    else:
        others["trained_rows"] = torch.unique(torch.cat([kept["trained_rows"], torch.tensor([1, 3, 44])]))
        others[name] = expected[15,][others["trained_rows"]]
    assert len(others[name]) > len(kept[name])
    checkpoints = CheckpointFolder(workspace.checkpoints / plan.trial_id, "stage")
    with checkpoints.settled():
        checkpoints.keep_tensors("candidate_00000015", others)
    found = load_all()
    assert all(torch.equal(table, found[steps]) for steps, table in expected.items())


def test_buffers_are_those_of_the_last(tmp_path):
    module = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    candidates = Candidates(module, None, CheckpointFolder(tmp_path, "stage"), (1, 2))
    states = []
    for step in (1, 2):
        module(torch.randn(8, 4)).square().sum().backward()
        with torch.no_grad():
            for parameter in module.parameters():
                parameter -= parameter.grad
        candidates.note_step(step)
        states.append({name: tensor.clone() for name, tensor in module.state_dict().items()})
    candidates.load(1)
    candidates.load_mean((1, 2))
    mean = module.state_dict()
    assert torch.allclose(mean["0.weight"], (states[0]["0.weight"] + states[1]["0.weight"]) / 2)
    assert not torch.equal(states[0]["1.running_var"], states[1]["1.running_var"])
    assert all(torch.equal(mean[f"1.{name}"], states[1][f"1.{name}"]) for name, _ in module[1].named_buffers())


def test_a_training_that_is_stopped_ends_with_a_candidate(inputs, whole, tmp_path):
    plan, _, _, kept = whole
    workspace = build_workspace(tmp_path)
    trained = train_trial(plan, workspace, until_step=37)
    assert trained.candidates.finish(37) == (15, 30, 37)
    found = read_kept(plan, workspace)
    assert_equal({step: found[step] for step in (15, 30)}, {step: kept[step] for step in (15, 30)})
    head = trained.model.head.state_dict()
    assert all(np.array_equal(found[37][f"head.{name}"], tensor.numpy()) for name, tensor in head.items())


def test_weights_that_are_lost_after_training_are_an_error(tmp_path):
    checkpoints = CheckpointFolder(tmp_path, "stage")
    candidates = Candidates(nn.Linear(2, 2), None, checkpoints, (1, 2))
    with checkpoints.settled():
        candidates.note_step(1)
    shutil.rmtree(tmp_path / "candidate_00000001")
    with pytest.raises(StoreError, match=r"weights after step 1 .* run the trial again"):
        candidates.load(1)
