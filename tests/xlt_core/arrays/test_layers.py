"""Stacked layers against transformers' own, one trial at a time: equal to the last bit, gradients as well."""

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn

from xlt_core.arrays.layers import StackedDropout, StackedEmbedding, StackedLayerNorm, StackedLinear
from xlt_core.encoders.dropout import DropoutStreams, QuickDropout, seed_masks
from xlt_core.encoders.linear import QuickLinear, runs_quickly

CPU = torch.device("cpu")
NUM_ARRAYS = 3


def stack(layers: Sequence[nn.Module], name: str) -> nn.Parameter | None:
    parameters = [getattr(layer, name) for layer in layers]
    return None if parameters[0] is None else nn.Parameter(torch.stack([one.detach() for one in parameters]))


def compare(stacked: nn.Module, layers: Sequence[nn.Module], inputs: Tensor) -> None:
    """Outputs, and gradients of weights and inputs."""
    together = inputs.clone().requires_grad_()
    outputs = stacked(together)
    direction = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(1))
    (outputs * direction).sum().backward()
    for array, layer in enumerate(layers):
        alone = inputs[array].clone().requires_grad_()
        known = layer(alone)
        (known * direction[array]).sum().backward()
        assert torch.equal(outputs[array], known)
        assert torch.equal(together.grad[array], alone.grad)
        for name, parameter in layer.named_parameters():
            assert torch.equal(getattr(stacked, name).grad[array], parameter.grad), name


def draw(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sizes", [(40, 16, 24), (41, 64, 32), (256, 256, 256), (333, 96, 160)])
def test_linear_layers(bias, sizes):
    """Small ones through torch's own products, large ones through oneDNN."""
    num_tokens, num_inputs, num_outputs = sizes
    torch.manual_seed(0)
    layers = [QuickLinear(num_inputs, num_outputs, bias=bias) for _ in range(NUM_ARRAYS)]
    inputs = draw(NUM_ARRAYS, num_tokens, num_inputs)
    assert runs_quickly(inputs[0], layers[0].weight) == (num_tokens > 200)
    streams = DropoutStreams(NUM_ARRAYS, torch.device("cpu"))
    compare(StackedLinear(stack(layers, "weight"), stack(layers, "bias"), streams), layers, inputs)


def test_a_linear_layer_maps_what_a_trial_has_and_not_its_padding():
    layers = [QuickLinear(64, 32) for _ in range(NUM_ARRAYS)]
    inputs, streams = draw(NUM_ARRAYS, 40, 64), DropoutStreams(NUM_ARRAYS, torch.device("cpu"))
    num_tokens = [40 - 7 * array for array in range(NUM_ARRAYS)]
    streams.follow(num_tokens)
    mapped = StackedLinear(stack(layers, "weight"), stack(layers, "bias"), streams)(inputs)
    for row, own, layer, count in zip(mapped, inputs, layers, num_tokens, strict=True):
        assert torch.equal(row[:count], layer(own[:count]))
        assert not row[count:].any()


@pytest.mark.parametrize("bias", [True, False])
def test_layer_norms(bias):
    torch.manual_seed(0)
    layers = [nn.LayerNorm(16, eps=1e-5, bias=bias) for _ in range(NUM_ARRAYS)]
    for layer in layers:
        nn.init.normal_(layer.weight)
    streams = DropoutStreams(NUM_ARRAYS, CPU)
    stacked = StackedLayerNorm(stack(layers, "weight"), stack(layers, "bias"), 1e-5, streams)
    compare(stacked, layers, draw(NUM_ARRAYS, 30, 16))


@pytest.mark.parametrize("num_threads", [1, 2])
def test_a_layer_norm_sums_gradients_over_what_a_trial_has_whatever_the_padding(num_threads):
    """Threads part the rows between them, so that more rows are other sums."""
    before, num_tokens = torch.get_num_threads(), (901, 640, 333)
    torch.set_num_threads(num_threads)
    try:
        layers = [nn.LayerNorm(256) for _ in range(NUM_ARRAYS)]
        streams = DropoutStreams(NUM_ARRAYS, CPU)
        streams.follow(num_tokens)
        stacked = StackedLayerNorm(stack(layers, "weight"), stack(layers, "bias"), 1e-5, streams)
        inputs, direction = draw(NUM_ARRAYS, 901, 256), draw(NUM_ARRAYS, 901, 256).flip(0)
        found = stacked(inputs)
        (found * direction).sum().backward()
        for array, (layer, own) in enumerate(zip(layers, num_tokens, strict=True)):
            known = layer(inputs[array, :own])
            (known * direction[array, :own]).sum().backward()
            assert torch.equal(found[array, :own], known)
            assert not found[array, own:].any()
            assert torch.equal(stacked.weight.grad[array], layer.weight.grad)
            assert torch.equal(stacked.bias.grad[array], layer.bias.grad)
    finally:
        torch.set_num_threads(before)


def look_up(padding_idx: int | None, ids: Tensor, rows: Tensor | None = None) -> None:
    torch.manual_seed(0)
    tables = [nn.Embedding(9, 4, padding_idx=padding_idx) for _ in range(NUM_ARRAYS)]
    stacked = StackedEmbedding(stack(tables, "weight"), padding_idx, rows)
    found = stacked(ids)
    found.square().sum().backward()
    for array, (table, own) in enumerate(zip(tables, ids.expand(NUM_ARRAYS, -1), strict=True)):
        known = table(own if rows is None else rows[own])
        known.square().sum().backward()
        assert torch.equal(found[array], known)
        assert torch.equal(stacked.weight.grad[array], table.weight.grad)


@pytest.mark.parametrize("padding_idx", [None, 1])
@pytest.mark.parametrize("num_rows", [1, NUM_ARRAYS])
def test_embeddings_of_ids_of_each_trial_or_of_all(padding_idx, num_rows):
    ids = torch.randint(9, (num_rows, 12), generator=torch.Generator().manual_seed(0))
    ids[:, 3] = 1
    look_up(padding_idx, ids)


def test_embeddings_that_have_some_rows_only():
    rows = torch.full((50,), 9)
    rows[torch.arange(4, 40, 4)] = torch.arange(9)
    look_up(None, torch.tensor([[4, 8, 8, 36], [12, 4, 4, 4], [36, 32, 28, 8]]), rows)


@pytest.mark.parametrize("kind", [QuickDropout, nn.Dropout])
def test_each_trials_mask_is_the_one_that_it_draws_alone_on_the_tokens_that_it_has(kind: Callable[[float], nn.Dropout]):
    dropout, streams, seeds, num_tokens = kind(0.4), DropoutStreams(NUM_ARRAYS, CPU), (5, 6, 5), (20, 12, 7)
    streams.seed(seeds)
    streams.follow(num_tokens)
    inputs, stacked = draw(NUM_ARRAYS, 20, 8), StackedDropout(dropout, streams).train()
    tokens, pooled = stacked(inputs), stacked(inputs[:, :3])
    for array, own in enumerate(num_tokens):
        seed_masks(seeds[array], CPU)
        assert torch.equal(tokens[array, :own], dropout(inputs[array, :own]))
        assert torch.equal(pooled[array], dropout(inputs[array, :3]))
        assert not tokens[array, own:].any()


def test_nothing_drops_when_evaluating():
    streams = DropoutStreams(NUM_ARRAYS, CPU)
    inputs = draw(NUM_ARRAYS, 20, 8)
    assert StackedDropout(QuickDropout(0.4), streams).eval()(inputs) is inputs
