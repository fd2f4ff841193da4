"""What a trial takes is measured on real steps, for every shape of task, and leaves nothing behind."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.learnable import WRITERS
from tests.xlt_core import pair_trials
from tests.xlt_core.small_memory import limit_memory
from tests.xlt_core.test_run_shapes import FROZEN, build_encoder, build_plan
from xlt_core import probe
from xlt_core.perturbations import METHODS
from xlt_core.plan import plan_trial
from xlt_core.probe import probe_trial
from xlt_core.run import run_trial
from xlt_core.spec import parse_trial_spec
from xlt_core.workspace import Workspace


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Path:
    """An encoder folder and a data folder for each shape."""
    folder = tmp_path_factory.mktemp("inputs")
    build_encoder(dropout=0.1).save(folder / "encoder")
    for shape, (_, write) in WRITERS.items():
        write(folder / shape)
    return folder


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> Path:
    """An encoder folder and a data folder."""
    return pair_trials.write_inputs(tmp_path_factory.mktemp("pairs"))


def list_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


@pytest.mark.parametrize("shape", WRITERS)
def test_every_shape_of_task_is_measured(inputs, tmp_path, shape):
    before = list_files(inputs)
    found = probe_trial(build_plan(inputs, shape), Workspace(root=tmp_path / "sweep", device="cpu"))
    assert found.device == "cpu"
    assert found.peak_bytes > 50_000_000
    assert 0.0 < found.load_seconds < 60.0
    assert 0.0 < found.evaluate_seconds_per_example < 1.0
    assert found.step_seconds == 0.0 if shape in FROZEN else 0.0 < found.step_seconds < 10.0
    assert found.num_parameters >= sum(each.numel() for each in build_encoder().parameters())
    assert found.micro_batch_size is None
    assert list_files(inputs) == before
    assert not (tmp_path / "sweep").exists()


def test_a_world_that_is_yet_to_be_pre_trained_is_measured_on_an_encoder_of_its_shape(tmp_path):
    plan = plan_trial(
        parse_trial_spec(
            {
                "encoder": {"source": "mini", "pretrain": {"num_steps": 1}},
                "target": {"task": "world", "optim": {"num_steps": 2, "batch_size": 8}},
                "evaluation": {"languages": ["src"], "max_examples": 16},
            }
        )
    )
    workspace = Workspace(root=tmp_path / "sweep", device="cpu")
    found = probe_trial(plan, workspace)
    assert not workspace.root.exists()
    run_trial(plan, workspace)
    weights = load_file(workspace.stages / plan.shared_stages[0].key / "model.safetensors")
    head_size = 64 * 64 + 64 + 2 * 64 + 2
    assert found.num_parameters == sum(tensor.numel() for tensor in weights.values()) + head_size


def test_steps_of_ordinary_examples_are_timed_and_one_of_the_longest_is_taken(pairs, tmp_path, monkeypatch):
    sizes: list[int] = []
    refused = limit_memory(monkeypatch, training=10**9)
    encode = probe.FineTuning.pack

    def pack(self, rows):
        packed = encode(self, rows)
        sizes.append(packed.num_tokens)
        return packed

    monkeypatch.setattr(probe.FineTuning, "pack", pack)
    probe_trial(pair_trials.build_plan(pairs, intermediate=None), Workspace(root=tmp_path, device="cpu"), num_steps=3)
    assert not refused
    assert max(sizes) == sizes[-4], "the second step, before three that are timed"


@pytest.mark.parametrize("method", ["pgd", "smart", "sam", "r4f", "copies"])
def test_what_disturbs_a_training_takes_its_part(pairs, tmp_path, method):
    settings = {"method": method, "magnitude": 0.1} if "magnitude" in METHODS[method].settings else {"method": method}
    target = {"task": "pawsx", "data": str(pairs / "data"), "perturbation": settings}
    plan = pair_trials.build_plan(pairs, intermediate=None, target=target)
    assert probe_trial(plan, Workspace(root=tmp_path, device="cpu")).step_seconds > 0.0


def test_settings_that_diverge_are_measured_all_the_same(pairs, tmp_path):
    wild = {"num_steps": 3, "learning_rate": 1e30, "max_grad_norm": 1e30, "warmup_ratio": 0.0}
    plan = pair_trials.build_plan(pairs, intermediate=None, optim=wild)
    assert probe_trial(plan, Workspace(root=tmp_path, device="cpu")).step_seconds > 0.0


def test_where_memory_runs_out_what_fits_is_measured(pairs, tmp_path, monkeypatch):
    plan, workspace = pair_trials.build_plan(pairs, intermediate=None), Workspace(root=tmp_path, device="cpu")
    refused = limit_memory(monkeypatch, training=120)
    found = probe_trial(plan, workspace)
    assert refused
    assert 1 <= found.micro_batch_size < 16
    refused.clear()
    workspace = Workspace(root=tmp_path, device="cpu", micro_batch_size=found.micro_batch_size)
    assert probe_trial(plan, workspace).micro_batch_size == found.micro_batch_size
    assert not refused


def test_what_does_not_fit_example_by_example_is_said(pairs, tmp_path, monkeypatch):
    limit_memory(monkeypatch, training=3)
    with pytest.raises(torch.OutOfMemoryError):
        probe_trial(pair_trials.build_plan(pairs, intermediate=None), Workspace(root=tmp_path, device="cpu"))
