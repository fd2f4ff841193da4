"""Trials that pass the layers of their encoders in turn: each is to the last bit what it is alone."""

import pytest
import torch

from tests.factories import build_batch, build_model
from xlt_core.arrays.stacking import ModelStack
from xlt_core.arrays.turns import LayersInTurn
from xlt_core.data.batch import stack_members
from xlt_core.encoders import dropout
from xlt_core.encoders.dropout import QuickDropout
from xlt_core.model import TrialModel

SEEDS = (4, 5, 4)
ROWS = ((8, 9, 5, 12), (8, 8, 4, 6), (8, 9, 5, 12))


def build_models(drop: float = 0.2) -> list[TrialModel]:
    return [build_model(dropout=drop, seed=seed).train() for seed in range(3)]


def take(model: TrialModel, batch, seeds) -> torch.Tensor:
    """Loss of each trial, whose gradients are left behind."""
    model.seed_dropout(seeds)
    losses = model(batch, model.encoder.embed(batch)).square().sum((1, 2))
    losses.sum().backward()
    return losses.detach()


@pytest.mark.parametrize("num_threads", [1, 2])
def test_losses_and_gradients_of_other_lengths_and_of_equal_seeds_are_those_of_each_alone(num_threads):
    before = torch.get_num_threads()
    torch.set_num_threads(num_threads)
    try:
        models, twins = build_models(), build_models()
        stack = ModelStack(models, by_layer=False)
        losses = take(stack.model, stack_members([build_batch(lengths) for lengths in ROWS]), SEEDS)
        stack.hand_out_gradients()
        for loss, model, twin, lengths, seed in zip(losses, models, twins, ROWS, SEEDS, strict=True):
            assert torch.equal(loss, take(twin, build_batch(lengths), (seed,))[0])
            for parameter, known in zip(
                model.encoder.model.encoder.parameters(), twin.encoder.model.encoder.parameters(), strict=True
            ):
                assert torch.equal(parameter.grad, known.grad)
    finally:
        torch.set_num_threads(before)


def count_made(monkeypatch, model: TrialModel, batch, seeds) -> int:
    made = []

    def make(*name) -> dropout.KeepMask:
        made.append(name)
        return make_mask(*name)

    make_mask = dropout._make_keep_mask
    monkeypatch.setattr(dropout, "_make_keep_mask", make)
    take(model, batch, seeds)
    monkeypatch.undo()
    return len(made)


@pytest.mark.parametrize("by_layer", [True, False])
def test_a_mask_is_made_once_for_all_that_draw_it(monkeypatch, by_layer):
    batch, alone = build_batch((8, 9)), build_models()[0]
    num_alone = count_made(monkeypatch, alone, batch, (4,))
    assert num_alone > 4
    stack = ModelStack(build_models(), by_layer=by_layer)
    array = stack_members([batch] * 3)
    assert count_made(monkeypatch, stack.model, array, (4, 4, 4)) == num_alone
    assert count_made(monkeypatch, stack.model, array, (4, 5, 4)) == 2 * num_alone
    assert count_made(monkeypatch, stack.model, array, (4, 5, 6)) == 3 * num_alone


def test_after_a_release_each_trials_layers_are_its_own_again():
    models = build_models()
    stack = ModelStack(models, by_layer=False)
    layers = stack.model.encoder.model.encoder
    assert isinstance(layers, LayersInTurn)
    assert [*layers.members] == [model.encoder.model.encoder for model in models]
    stack.release()
    dropouts = [module for model in models for module in model.modules() if isinstance(module, QuickDropout)]
    assert dropouts
    assert all(module.shared is None for module in dropouts)


def test_at_padding_there_is_nothing():
    stack = ModelStack(build_models(), by_layer=False)
    batch = stack_members([build_batch(lengths) for lengths in ROWS])
    stack.model.seed_dropout(SEEDS)
    hidden = stack.model.encoder.encode(batch, stack.model.encoder.embed(batch))
    for row, lengths in zip(hidden, ROWS, strict=True):
        assert row[: sum(lengths)].any(-1).all()
        assert not row[sum(lengths) :].any()
