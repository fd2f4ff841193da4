import copy

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import AlbertConfig, AlbertModel, ElectraConfig, ElectraModel

from tests.factories import build_batch, build_encoder, build_tokenizer
from xlt_core.checkpoints import CheckpointFolder
from xlt_core.encoders.base import Encoder
from xlt_core.encoders.loading import wrap_encoder
from xlt_core.encoders.vocabulary import restrict_vocabulary
from xlt_core.spec import OptimSpec
from xlt_core.train import StepLog, train
from xlt_core.updates import frozen_decay

USED = np.array([2, 7, 0, 9, 7, 30, 11, 2])
ALL_USED = np.array([1, 2, 7, 0, 9, 30, 11, 40, 44, 8])
BATCHES = [torch.tensor([[0, 7, 9, 30, 2]]), torch.tensor([[0, 11, 7, 7, 2]])]


def take_steps(encoder: Encoder, num_steps: int = 5) -> None:
    """A few steps of AdamW towards fixed hidden states."""
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=1e-2, weight_decay=0.0)
    batch = build_batch((5,))
    for step in range(num_steps):
        optimizer.zero_grad()
        embeddings = encoder.word_embedding(BATCHES[step % len(BATCHES)])
        (encoder.encode(batch, embeddings) - 1.0).square().mean().backward()
        optimizer.step()


def test_training_the_rows_in_use_is_training_all_rows():
    whole = build_encoder()
    part, start = copy.deepcopy(whole), copy.deepcopy(whole)
    take_steps(whole)
    table = part.word_embedding
    with restrict_vocabulary(part, USED):
        assert part.word_embedding.weight.shape == (6, 16)
        take_steps(part)
    assert part.word_embedding is table
    for ours, theirs in zip(part.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    unused = np.setdiff1d(np.arange(45), USED)
    assert torch.equal(table.weight[unused], start.word_embedding.weight[unused])
    assert not torch.equal(table.weight[7], start.word_embedding.weight[7])


def test_names_and_order_of_the_parameters_stay():
    encoder = build_encoder()
    names = [name for name, _ in encoder.named_parameters()]
    with restrict_vocabulary(encoder, USED):
        assert [name for name, _ in encoder.named_parameters()] == names
        assert set(encoder.state_dict()) == set(names)


def test_a_token_without_a_row_is_an_error_not_another_token():
    encoder = build_encoder()
    with restrict_vocabulary(encoder, USED), pytest.raises(IndexError):
        encoder.word_embedding(torch.tensor([[0, 8]]))


def test_what_was_learnt_is_kept_when_training_breaks_off():
    encoder = build_encoder()

    def break_off() -> None:
        with restrict_vocabulary(encoder, USED):
            encoder.word_embedding.weight.data.fill_(3.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert (encoder.word_embedding.weight[[0, 7]] == 3.0).all()
    assert encoder.word_embedding.weight.shape == (45, 16)


@pytest.mark.parametrize("used", [[0, 1, 5], [0, 5]])
def test_padding_still_learns_nothing(used):
    encoder = build_encoder()
    with restrict_vocabulary(encoder, np.array(used)):
        encoder.word_embedding(torch.tensor(used)).sum().backward()
        gradient = encoder.word_embedding.weight.grad
    assert gradient is not None
    assert gradient[:, 0].tolist() == [0.0 if token == 1 else 1.0 for token in used]


DECAYING = OptimSpec(learning_rate=1e-2, num_steps=200, warmup_ratio=0.1, weight_decay=0.1, max_grad_norm=0.05)


class Towards:
    """Hidden states of two batches by turns, towards others at every step, so that the gradient is always clipped."""

    micro_batch_size: int | None = None

    def __init__(self, encoder: Encoder, explode_at: int | None = None) -> None:
        self.module = encoder
        self.explode_at = explode_at

    def backward(self, step: int) -> StepLog:
        embeddings = self.module.word_embedding(BATCHES[step % len(BATCHES)])
        hidden = self.module.encode(build_batch((5,)), embeddings)
        loss = (hidden - torch.randn(hidden.shape, generator=torch.Generator().manual_seed(step))).square().mean()
        if step == self.explode_at:
            loss = loss * float("nan")
        loss.backward()
        return {"loss": loss.detach()}


def train_rows_in_use(encoder: Encoder, used: np.ndarray = USED, explode_at: int | None = None, **change) -> None:
    with restrict_vocabulary(encoder, used) as trained:
        outcome = train(Towards(encoder, explode_at), DECAYING, seed=0, **change)
        trained.frozen_decay = frozen_decay(DECAYING, outcome.num_applied_steps)


def find_largest_difference(one: nn.Module, other: nn.Module) -> float:
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return max(float((ours - theirs).detach().abs().max()) for ours, theirs in pairs)


def build_narrow(family: str) -> Encoder:
    """Word embeddings narrower than the layers."""
    sizes = {"vocab_size": 45, "embedding_size": 8, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    common = {"intermediate_size": 32, "max_position_embeddings": 64, "pad_token_id": 1}
    silent = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    torch.manual_seed(0)
    if family == "albert":
        return wrap_encoder(AlbertModel(AlbertConfig(**sizes, **common, **silent)), build_tokenizer())
    return wrap_encoder(ElectraModel(ElectraConfig(**sizes, **common, **silent)), build_tokenizer())


@pytest.mark.parametrize("build", [build_encoder, lambda: build_narrow("albert"), lambda: build_narrow("electra")])
def test_under_weight_decay_all_rows_end_as_those_of_dense_adamw(build):
    whole = build()
    part, start = copy.deepcopy(whole), copy.deepcopy(whole)
    outcome = train(Towards(whole), DECAYING, seed=0)
    assert min(outcome.grad_norms) > DECAYING.max_grad_norm
    train_rows_in_use(part)
    assert find_largest_difference(part, whole) < 1e-6
    unused = np.setdiff1d(np.arange(45), USED)
    moved = (part.word_embedding.weight - start.word_embedding.weight).detach()[unused]
    assert float(moved.abs().max()) > 1e-3, "decay is large enough to be seen"


def test_a_training_that_pauses_decays_every_row_once(tmp_path):
    whole = build_encoder()
    train(Towards(whole), DECAYING, seed=0)
    through = build_encoder()
    train_rows_in_use(through)
    for until in (70, 150, None):
        paused = build_encoder()
        train_rows_in_use(paused, checkpoints=CheckpointFolder(tmp_path, "stage"), until_step=until)
        if until == 70:
            partly = build_encoder()
            train(Towards(partly), DECAYING, seed=0, until_step=until)
            assert find_largest_difference(paused, partly) < 1e-6
    assert find_largest_difference(paused, through) == 0.0
    assert find_largest_difference(paused, whole) < 1e-6


def test_a_step_that_is_not_applied_decays_nothing():
    whole, part = build_encoder(), build_encoder()
    train(Towards(whole, explode_at=100), DECAYING, seed=0)
    train_rows_in_use(part, explode_at=100)
    assert find_largest_difference(part, whole) < 1e-6


@pytest.mark.parametrize("used", [[0, 2, 7, 9, 11, 30], [0, 1, 2, 7, 9, 11, 30]])
def test_padding_decays_though_it_learns_nothing(used):
    whole, part = build_encoder(), build_encoder()
    with torch.no_grad():
        for encoder in (whole, part):
            encoder.word_embedding.weight[1] = 1.0
    train(Towards(whole), DECAYING, seed=0)
    train_rows_in_use(part, np.array(used))
    padding = part.word_embedding.weight[1].detach()
    assert float((padding - whole.word_embedding.weight[1].detach()).abs().max()) < 1e-6
    assert float(padding.max()) < 0.95


def test_a_table_that_another_module_has_too_is_trained_as_a_whole():
    encoder = build_encoder()
    encoder.model.decoder = nn.Linear(16, 45, bias=False)
    encoder.model.decoder.weight = encoder.word_embedding.weight
    table = encoder.word_embedding
    with restrict_vocabulary(encoder, USED):
        assert encoder.word_embedding is table
    assert encoder.model.decoder.weight is table.weight


def test_a_checkpoint_of_the_whole_table_goes_on_with_the_rows_in_use(tmp_path):
    """Of training with weight decay, checkpoints used to hold all rows."""
    whole, part = build_encoder(), build_encoder()
    train(Towards(whole), DECAYING, seed=0, checkpoints=CheckpointFolder(tmp_path, "stage"), until_step=120)
    steps: list[int] = []
    train_rows_in_use(part, checkpoints=CheckpointFolder(tmp_path, "stage"), on_step=steps.append)
    assert steps[0] == 121
    expected = build_encoder()
    train(Towards(expected), DECAYING, seed=0)
    assert find_largest_difference(part, expected) < 1e-6


@pytest.mark.parametrize(("first", "then"), [(USED, ALL_USED), (ALL_USED, USED)], ids=["alone first", "array first"])
def test_a_training_goes_on_with_more_or_fewer_rows_than_it_had(tmp_path, first, then):
    """Trials of an array have the rows that any of them needs."""
    through, moved = build_encoder(), build_encoder()
    train_rows_in_use(through)
    train_rows_in_use(build_encoder(), first, checkpoints=CheckpointFolder(tmp_path, "stage"), until_step=90)
    train_rows_in_use(moved, then, checkpoints=CheckpointFolder(tmp_path, "stage"))
    assert find_largest_difference(moved, through) < 1e-6


def test_no_row_out_of_use_is_in_a_checkpoint(tmp_path):
    train_rows_in_use(build_encoder(), checkpoints=CheckpointFolder(tmp_path, "stage"), until_step=1)
    saved = load_file(tmp_path / "step_00000001" / "state.safetensors")
    sizes = {name: len(tensor) for name, tensor in saved.items() if "word_embeddings" in name and tensor.ndim > 0}
    assert set(sizes.values()) == {6}, sizes
    assert len(sizes) == 4, "weights, two moments, and whose they are"
