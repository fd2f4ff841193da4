import copy

import numpy as np
import pytest
import torch

from tests.factories import build_batch, build_encoder
from xlt_core.encoders.base import Encoder
from xlt_core.encoders.vocabulary import restrict_vocabulary

USED = np.array([2, 7, 0, 9, 7, 30, 11, 2])
BATCHES = [torch.tensor([[0, 7, 9, 30, 2]]), torch.tensor([[0, 11, 7, 7, 2]])]


def train(encoder: Encoder, num_steps: int = 5) -> None:
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
    train(whole)
    table = part.word_embedding
    with restrict_vocabulary(part, USED):
        assert part.word_embedding.weight.shape == (6, 16)
        train(part)
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
