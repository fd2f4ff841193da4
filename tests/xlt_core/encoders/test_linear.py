import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from xlt_core.encoders import linear
from xlt_core.encoders.linear import QuickLinear, differentiate_rows, map_rows, runs_quickly

ALL = (True, True, True)


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(1, 700, 96), (2, 350, 96), (700, 96), (1, 3, 96)])
@pytest.mark.parametrize("bias", [True, False])
def test_outputs_and_gradients_are_those_of_the_common_linear_layer(shape, bias):
    torch.manual_seed(0)
    quick, common = QuickLinear(96, 160, bias=bias), nn.Linear(96, 160, bias=bias)
    common.load_state_dict(quick.state_dict())
    states = [torch.randn(shape).requires_grad_()]
    states.append(states[0].detach().clone().requires_grad_())
    assert runs_quickly(states[0], quick.weight) == (states[0].numel() > 10_000)
    outputs = [quick(states[0]), common(states[1])]
    torch.testing.assert_close(*outputs, atol=1e-5, rtol=0)
    direction = torch.randn(outputs[0].shape) / outputs[0].shape[-2]
    for output in outputs:
        (output * direction).sum().backward()
    torch.testing.assert_close(states[0].grad, states[1].grad, atol=1e-5, rtol=0)
    for ours, theirs in zip(quick.parameters(), common.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-5, rtol=0)


@settings(max_examples=25, deadline=None)
@given(st.integers(350, 800), st.integers(0, 100), st.sampled_from([(96, 160), (128, 96), (64, 256)]))
def test_a_row_is_mapped_alike_in_whatever_company_and_its_gradient_too(num_rows, num_before, sizes):
    rows, weight, gradient = draw(1000, sizes[0]), draw(sizes[1], sizes[0], seed=1), draw(1000, sizes[1], seed=2)
    part = slice(num_before, num_before + num_rows)
    assert runs_quickly(rows[part], weight)
    assert torch.equal(map_rows(rows[part], weight, None), map_rows(rows, weight, None)[part])
    alone = differentiate_rows(rows[part].clone(), weight.clone(), gradient[part].clone(), ALL)
    assert torch.equal(alone.rows, differentiate_rows(rows, weight, gradient, ALL).rows[part])
    for one, again in zip(alone, differentiate_rows(rows[part], weight, gradient[part], ALL), strict=True):
        assert torch.equal(one, again), "wherever it lies in memory"


@pytest.mark.parametrize("sizes", [(96, 160), (160, 96)])
def test_rows_of_nothing_at_the_end_change_no_gradient(sizes):
    """So that it does not matter how far numbers of rows are rounded up."""
    rows, weight, gradient = draw(701, sizes[0]), draw(sizes[1], sizes[0], seed=1), draw(701, sizes[1], seed=2)
    longer = [nn.functional.pad(part, (0, 0, 0, 67)) for part in (rows, gradient)]
    known, found = (
        differentiate_rows(rows, weight, gradient, ALL),
        differentiate_rows(longer[0], weight, longer[1], ALL),
    )
    assert torch.equal(known.weight, found.weight)
    torch.testing.assert_close(known.weight, gradient.t() @ rows, atol=1e-3, rtol=0)


@pytest.mark.parametrize("largest", [0, 100_000])
@pytest.mark.parametrize("sizes", [(96, 160), (160, 96)])
def test_whether_rows_are_filled_up_changes_nothing(monkeypatch, sizes, largest):
    """None of them, and of rows and gradients the narrower alone."""
    rows, weight, gradient = draw(701, sizes[0]), draw(sizes[1], sizes[0], seed=1), draw(701, sizes[1], seed=2)
    filled = map_rows(rows, weight, None), *differentiate_rows(rows, weight, gradient, ALL)
    monkeypatch.setattr(linear, "_LARGEST_FILLED", largest)
    bare = map_rows(rows, weight, None), *differentiate_rows(rows, weight, gradient, ALL)
    assert all(map(torch.equal, filled, bare))


@pytest.mark.parametrize("num_rows", [20, 700])
def test_only_the_gradients_that_are_asked_for_are_computed(num_rows):
    rows, weight, gradient = draw(num_rows, 96), draw(160, 96), draw(num_rows, 160)
    for place, name in enumerate(("rows", "weight", "bias")):
        found = differentiate_rows(rows, weight, gradient, tuple(number == place for number in range(3)))
        assert [field for field, value in found._asdict().items() if value is not None] == [name]


def test_frozen_weights_get_no_gradient_and_inputs_do():
    layer, rows = QuickLinear(96, 160).requires_grad_(False), draw(700, 96).requires_grad_()
    layer(rows).sum().backward()
    torch.testing.assert_close(rows.grad, layer.weight.sum(0).expand(700, -1), atol=1e-4, rtol=0)
    assert layer.weight.grad is None


def test_without_onednn_torchs_own_product_is_taken(monkeypatch):
    layer, rows = QuickLinear(96, 160), draw(700, 96)
    assert runs_quickly(rows, layer.weight)
    monkeypatch.setattr(linear, "_IS_AVAILABLE", False)
    assert not runs_quickly(rows, layer.weight)
    assert torch.equal(layer(rows), nn.functional.linear(rows, layer.weight, layer.bias))


def test_autocast_decides_the_type_of_the_product():
    layer = QuickLinear(96, 160)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer(torch.randn(700, 96)).dtype == torch.bfloat16
