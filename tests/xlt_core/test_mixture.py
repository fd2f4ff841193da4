"""Several tasks in one stage: whose step it is, that each has a head of its own, and that nothing of it passes on."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from tests.factories import NUM_WORDS, build_encoder, build_model, write_pair_folder
from tests.learnable import write_single_folder
from tests.xlt_core.test_evaluate import build_pair_table
from xlt_core.artifacts import read_manifest
from xlt_core.checkpoints import CheckpointFolder
from xlt_core.errors import SpecError
from xlt_core.finetune import FineTuning
from xlt_core.heads import build_head
from xlt_core.mixture import MAIN, Mixture, build_training, draw_schedule, find_main_steps, find_shares
from xlt_core.model import TrialModel
from xlt_core.plan import TrialPlan, plan_trial
from xlt_core.recipe import ModelSpec
from xlt_core.spec import OptimSpec, StageSpec, parse_trial_spec
from xlt_core.stages import run_stage
from xlt_core.task_stage import train_stage
from xlt_core.train import train
from xlt_core.workspace import Workspace

CPU = torch.device("cpu")
OPTIM = OptimSpec(num_steps=12, batch_size=4, learning_rate=1e-3)
STAGE = StageSpec(task="pawsx", optim=OPTIM)


def build_main(**changes) -> FineTuning:
    return FineTuning(build_model(dropout=0.1), build_pair_table(), STAGE, seed=0, device=CPU, **changes)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Path:
    """An encoder, the data of two tasks of different shapes, and texts in two languages."""
    folder = tmp_path_factory.mktemp("inputs")
    build_encoder(dropout=0.1).save(folder / "encoder")
    write_pair_folder(folder / "pairs")
    write_single_folder(folder / "single")
    (folder / "text").mkdir()
    generator = np.random.default_rng(0)
    for language in ("de", "sw"):
        lines = (" ".join(f"w{word}" for word in generator.integers(NUM_WORDS, size=6)) for _ in range(40))
        (folder / "text" / f"{language}.txt").write_text("\n".join(lines))
    return folder


def build_plan(inputs: Path, num_steps: int = 30, **changes) -> TrialPlan:
    mixed = {
        "task": "pawsx",
        "data": str(inputs / "pairs"),
        "beside": [{"task": "nusax", "data": str(inputs / "single")}],
        "masked_lm": {"text": str(inputs / "text"), "languages": ["sw", "de"], "ratio": 0.25},
        "perturbation": {"method": "pgd", "magnitude": 0.05, "init": "uniform"},
        "optim": {"num_steps": num_steps, "learning_rate": 5e-3, "batch_size": 8},
    }
    base = {
        "encoder": str(inputs / "encoder"),
        "intermediate": mixed | changes,
        "target": {"task": "pawsx", "data": str(inputs / "pairs")},
        "optim": {"num_steps": 4, "batch_size": 8},
    }
    return plan_trial(parse_trial_spec(base))


def train_first_stage(plan: TrialPlan, root: Path, on_progress=None):
    stage, workspace = plan.shared_stages[0], Workspace(root=root, device="cpu", checkpoint_every_steps=4)
    checkpoints = CheckpointFolder(workspace.checkpoints / stage.key, stage.key)
    return train_stage(stage, plan.spec, workspace, checkpoints, on_progress)


@pytest.fixture(scope="module")
def trained(inputs, tmp_path_factory):
    """The stage after its last step, and the folder with its checkpoints."""
    root = tmp_path_factory.mktemp("trained")
    return train_first_stage(build_plan(inputs), root), root


def test_tasks_are_drawn_in_proportion_to_their_sizes_and_masking_has_its_ratio():
    shares = find_shares((300, 100, 50), 0.2)
    assert shares == pytest.approx((0.8 * 6 / 9, 0.8 * 2 / 9, 0.8 / 9, 0.2))
    assert find_shares((300, 100), None) == pytest.approx((0.75, 0.25))
    num_steps = 5000
    observed = np.bincount(draw_schedule(shares, num_steps, seed=3).parts, minlength=4)
    expected = num_steps * np.array(shares)
    assert ((observed - expected) ** 2 / expected).sum() < 16.27  # chi-square of 3 degrees of freedom, p = 0.001


@settings(max_examples=30)
@given(
    sizes=st.lists(st.integers(1, 1000), min_size=1, max_size=4),
    ratio=st.none() | st.floats(0.01, 0.99),
    num_steps=st.integers(1, 60),
    seed=st.integers(0, 2**31),
)
def test_what_a_step_trains_depends_on_seed_and_step_alone(sizes, ratio, num_steps, seed):
    shares = find_shares(sizes, ratio)
    longer, shorter = draw_schedule(shares, 60, seed), draw_schedule(shares, num_steps, seed)
    assert longer.parts[:num_steps].tolist() == shorter.parts.tolist()
    assert longer.places[:num_steps].tolist() == shorter.places.tolist()
    assert set(longer.parts.tolist()) <= set(range(len(shares)))
    for part in range(len(shares)):  # every part takes its own steps one after the other
        assert longer.places[longer.parts == part].tolist() == list(range((longer.parts == part).sum()))


def test_one_task_alone_is_plain_training_bit_for_bit():
    plain, mixed = build_main(), build_main()
    expected = train(plain, OPTIM, seed=0)
    found = train(Mixture([mixed], draw_schedule((1.0,), OPTIM.num_steps, seed=0)), OPTIM, seed=0)
    assert set(found.log.pop("part")) == {0.0}
    assert found.log == expected.log
    others = mixed.module.state_dict()
    assert all(torch.equal(value, others[name]) for name, value in plain.module.state_dict().items())


def test_a_stage_without_other_tasks_is_trained_as_it_was(tmp_path):
    main, token_ids = build_main(), build_pair_table().input_ids
    spec = parse_trial_spec({"encoder": "any", "target": {"task": "pawsx"}})
    training = build_training(main, token_ids, STAGE, spec, Workspace(root=tmp_path), seed=0, device=CPU)
    assert training.objective is main
    assert training.token_ids is token_ids


def test_a_step_trains_the_encoder_and_the_head_of_its_own_task():
    main = build_main()
    encoder = main.module.encoder
    other = TrialModel(encoder, build_head("pair", encoder.hidden_size, 3, ModelSpec(), seed=1))
    beside = FineTuning(other, build_pair_table(), STAGE, seed=1, device=CPU)
    schedule = draw_schedule((0.5, 0.5), 20, seed=0)
    mixture = Mixture([main, beside], schedule)
    assert len(list(mixture.module.parameters())) == len(list(main.module.parameters())) + len(
        list(other.head.parameters())
    )
    for step, part in enumerate(schedule.parts.tolist()):
        mixture.module.zero_grad(set_to_none=True)
        log = mixture.backward(step)
        own, idle = (main, beside) if part == MAIN else (beside, main)
        assert log["part"] == part
        assert encoder.word_embedding.weight.grad is not None
        assert all(each.grad is not None for each in own.module.head.parameters())
        assert all(each.grad is None for each in idle.module.head.parameters())
    assert set(schedule.parts.tolist()) == {0, 1}


def test_a_stage_of_several_tasks_learns_all_of_them(inputs, tmp_path):
    plan = build_plan(inputs, num_steps=300, perturbation={"method": "none"}, masked_lm=None)
    stage = train_first_stage(plan, tmp_path)
    losses, parts = np.array(stage.outcome.losses), np.array(stage.outcome.log["part"])
    assert set(parts) == {0.0, 1.0}
    assert losses[parts == 1][-15:].mean() < 0.5 * losses[parts == 1][:5].mean()


def test_every_part_is_trained_under_its_own_head_and_logged(trained):
    stage, root = trained
    parts = np.array(stage.outcome.log["part"])
    assert set(parts) == {0.0, 1.0, 2.0}
    forwards = np.array(stage.outcome.log["num_forwards"])
    assert np.isnan(forwards[parts == 2]).all()  # masking is plain
    assert (forwards[parts < 2] == forwards[parts == 0][0]).all()  # the perturbation is that of all tasks
    assert forwards[parts == 0][0] > 1
    assert stage.summary.perturbation.num_forwards == forwards[parts == 0][0]
    *before, _ = sorted(root.rglob("step_????????"))  # the last has weights alone: no step follows it
    saved = load_file(before[-1] / "state.safetensors")
    widths = {name: tuple(value.shape) for name, value in saved.items() if name.endswith("head.output.weight")}
    moments = {name for name in saved if name.startswith("optimizer.exp_avg.") and "encoder" not in name}
    assert {shape for name, shape in widths.items() if name.startswith("module.")} == {(2, 16), (3, 16)}
    assert {name.split(".")[2] for name in moments} == {"0", "1", "2"}


def test_health_looks_at_the_steps_of_the_stages_own_task(trained):
    stage, _ = trained
    log = stage.outcome.log
    assert find_main_steps(log).tolist() == [part == 0.0 for part in log["part"]]
    assert find_main_steps({"loss": (1.0, 2.0)}).tolist() == [True, True]


def test_a_main_task_that_learns_nothing_is_seen_beside_one_that_does(inputs, tmp_path, monkeypatch):
    """The labels of the main task are noise, those beside it are learned: the mean loss would look healthy."""
    folder = tmp_path / "noise"
    write_pair_folder(folder)
    generator = np.random.default_rng(1)
    for file in folder.iterdir():
        rows = [line.split("\t")[:2] for line in file.read_text().splitlines()]
        file.write_text("".join("\t".join([*row, str(generator.integers(2))]) + "\n" for row in rows))
    plan = build_plan(inputs, num_steps=60, data=str(folder), masked_lm=None, perturbation={"method": "none"})
    stage = train_first_stage(plan, tmp_path / "work")
    assert stage.summary.status == "degenerate"
    assert "at chance (0.693)" in stage.summary.reason


class StoppedError(Exception):
    """What stands for a killed process."""


@pytest.mark.parametrize("step", [1, 9, 29])
def test_a_stage_that_was_stopped_ends_with_the_same_bits(inputs, trained, tmp_path, step):
    expected, _ = trained
    plan = build_plan(inputs)

    def stop(progress) -> None:
        if progress.num_steps_taken == step:
            raise StoppedError

    with pytest.raises(StoppedError):
        train_first_stage(plan, tmp_path, stop)
    resumed = train_first_stage(plan, tmp_path)
    assert resumed.outcome.log.keys() == expected.outcome.log.keys()
    for name, values in expected.outcome.log.items():
        assert np.array_equal(resumed.outcome.log[name], values, equal_nan=True), name
    weights = expected.model.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in resumed.model.state_dict().items())


def test_the_encoder_alone_passes_on(inputs, tmp_path):
    plan, workspace = build_plan(inputs), Workspace(root=tmp_path, device="cpu")
    folder = run_stage(plan.shared_stages[0], plan.spec, workspace)
    given = build_encoder()
    passed = load_file(folder / "model.safetensors")
    assert {name: value.shape for name, value in passed.items()} == {
        name: value.shape for name, value in given.model.state_dict().items()
    }
    assert not torch.equal(passed["embeddings.word_embeddings.weight"], given.word_embedding.weight)
    assert read_manifest(folder)["stage"]["settings"]["beside"][0]["task"] == "nusax"


def test_texts_change_embeddings_that_the_tasks_never_read(inputs, tmp_path):
    """Words of the texts that occur in no training example are trained all the same."""
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "de.txt").write_text("w0 w1 w0 w1 w0 w1\n")  # the tasks' words begin with w1
    masked_lm = {"text": str(tmp_path / "text"), "languages": ["de"], "ratio": 0.5}
    stage = train_first_stage(build_plan(inputs, masked_lm=masked_lm), tmp_path)
    word = stage.model.encoder.tokenizer.convert_tokens_to_ids("w0")
    given = build_encoder().word_embedding.weight[word]
    assert not torch.allclose(stage.model.encoder.word_embedding.weight[word], given, atol=1e-4)


def test_a_stage_without_a_step_of_its_own_task_is_refused(inputs, tmp_path):
    plan = build_plan(inputs, num_steps=3, max_train_examples=1, masked_lm=None)
    with pytest.raises(SpecError, match=r"none of 3 steps would train the stage's own task 'pawsx'.*0\.0"):
        train_first_stage(plan, tmp_path)
