"""A stack of models: its parameters are theirs while it lasts, and theirs alone afterwards."""

import copy
from contextlib import ExitStack

import numpy as np
import pytest
import torch
from torch import nn

from tests.factories import build_batch, build_model
from xlt_core.arrays.stacking import ModelStack
from xlt_core.data.batch import stack_members
from xlt_core.encoders.vocabulary import restrict_vocabulary
from xlt_core.errors import SpecError
from xlt_core.heads import DualHead
from xlt_core.model import TrialModel

ROWS = ((5, 9), (4, 4), (12, 3))


def build_models(shape="pair", dropout: float = 0.0) -> list[TrialModel]:
    return [build_model(shape, dropout=dropout, seed=seed) for seed in range(3)]


def predict(model: TrialModel, batch) -> torch.Tensor:
    return model(batch, model.encoder.embed(batch))


def storages_of(models) -> list[int]:
    return [parameter.untyped_storage().data_ptr() for model in models for parameter in model.parameters()]


@pytest.mark.parametrize("by_layer", [True, False])
def test_a_change_of_a_models_weights_is_a_change_of_the_stack(by_layer):
    models = build_models()
    stack = ModelStack(models, by_layer=by_layer)
    batch = stack_members([build_batch(lengths) for lengths in ROWS])
    before = predict(stack.model, batch)
    with torch.no_grad():
        models[1].head.output.bias.add_(1.0)
        models[1].encoder.word_embedding.weight.mul_(2.0)
    after = predict(stack.model, batch)
    assert torch.equal(after[[0, 2]], before[[0, 2]])
    alone = predict(models[1], build_batch(ROWS[1]))
    torch.testing.assert_close(after[1:2, :2], alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("by_layer", [True, False])
def test_no_weight_is_held_twice_and_a_release_gives_each_model_storage_of_its_own(by_layer):
    models = build_models()
    values = [parameter.detach().clone() for model in models for parameter in model.parameters()]
    stack = ModelStack(models, by_layer=by_layer)
    num_names = len(list(models[0].parameters()))
    num_of_layers = 0 if by_layer else len(list(models[0].encoder.model.encoder.parameters()))
    assert len(set(storages_of(models))) == num_names - num_of_layers + 3 * num_of_layers
    assert set(storages_of([stack.model])) == set(storages_of(models))
    stack.release()
    assert len(set(storages_of(models))) == 3 * num_names
    sizes = [parameter.untyped_storage().nbytes() for model in models for parameter in model.parameters()]
    assert sizes == [4 * value.numel() for value in values], "and no more than it needs"
    found = [parameter for model in models for parameter in model.parameters()]
    assert all(map(torch.equal, found, values))
    assert all(parameter.is_leaf and parameter.requires_grad and parameter.grad is None for parameter in found)


@pytest.mark.parametrize("by_layer", [True, False])
def test_gradients_are_handed_out_to_whom_they_belong_and_forgotten_everywhere(by_layer):
    models = build_models()
    stack = ModelStack(models, by_layer=by_layer)
    logits = predict(stack.model, stack_members([build_batch(lengths) for lengths in ROWS]))
    logits[1].square().sum().backward()
    stack.hand_out_gradients()
    assert not any(parameter.grad.any() for model in (models[0], models[2]) for parameter in model.parameters())
    twin = build_model(seed=1)
    predict(twin, build_batch(ROWS[1])).square().sum().backward()
    for parameter, other in zip(models[1].parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, other.grad, rtol=1e-4, atol=1e-5)
    stack.forget_gradients()
    assert all(parameter.grad is None for model in (*models, stack.model) for parameter in model.parameters())


def test_what_breaks_on_the_way_leaves_models_that_can_be_used_and_the_whole_vocabulary():
    models, twins = build_models(dropout=0.1), build_models(dropout=0.1)
    token_ids, generator = np.arange(30), torch.get_rng_state()
    batch = stack_members([build_batch((3, 3))] * 3)

    def break_within() -> None:
        with restrict_vocabulary(models[0].encoder, token_ids), restrict_vocabulary(models[1].encoder, token_ids):
            stack = ModelStack(models[:2])
            try:
                stack.model.train()
                stack.model.seed_dropout([1, 2])
                predict(stack.model, batch)  # of three trials, of which there are two
            finally:
                stack.release()

    with pytest.raises(Exception, match=r".+"):
        break_within()
    assert torch.equal(torch.get_rng_state(), generator)
    for model, twin in zip(models, twins, strict=True):
        assert model.encoder.word_embedding.num_embeddings == twin.encoder.word_embedding.num_embeddings
        assert model.encoder.dropout_streams is None
        whole = build_batch((9, 8))
        assert torch.equal(predict(model.eval(), whole), predict(twin.eval(), whole))


def test_rows_of_the_vocabulary_are_looked_up_by_the_ids_of_the_whole_of_it():
    models, twins = build_models(), build_models()
    batch = stack_members([build_batch(lengths) for lengths in ROWS])
    token_ids = batch.input_ids.unique().numpy()
    assert len(token_ids) < models[0].encoder.word_embedding.num_embeddings
    with ExitStack() as restricted:
        for model in models:
            restricted.enter_context(restrict_vocabulary(model.encoder, token_ids))
        assert torch.equal(predict(ModelStack(models).model, batch), predict(ModelStack(twins).model, batch))


def test_the_scale_of_a_dual_encoder_is_each_ones_own():
    models = build_models("dual")
    for number, model in enumerate(models):
        assert isinstance(model.head, DualHead)
        with torch.no_grad():
            model.head.scale.fill_(10.0 * (number + 1))
    alone = [predict(model, build_batch((5, 7, 4, 6))) for model in models]
    found = predict(ModelStack(models).model, stack_members([build_batch((5, 7, 4, 6))] * 3))
    for row, known in zip(found, alone, strict=True):
        torch.testing.assert_close(row, known[0], rtol=1e-5, atol=1e-5)


def test_models_that_are_no_array_are_refused_and_stay_as_they_are():
    models = build_models()
    storages = storages_of(models)
    with pytest.raises(SpecError, match="other names or shapes"):
        ModelStack([models[0], build_model(num_classes=2)])
    convolution = copy.deepcopy(models[0])
    convolution.head.output = nn.Conv1d(16, 3, 1)
    with pytest.raises(SpecError, match=r"'head.output' \(Conv1d\) cannot be stacked"):
        ModelStack([convolution, convolution])
    tied = copy.deepcopy(models[0])
    layers = tied.encoder.model.encoder.layer
    layers[1].output.dense.weight = layers[0].output.dense.weight
    with pytest.raises(SpecError, match="share parameters"):
        ModelStack([tied, copy.deepcopy(tied)])
    assert storages_of(models) == storages


def test_the_first_models_own_modules_are_left_alone():
    models = build_models()
    kinds = [type(module) for module in models[0].modules()]
    stack = ModelStack(models)
    assert [type(module) for module in models[0].modules()] == kinds
    assert stack.model.encoder.tokenizer is models[0].encoder.tokenizer
