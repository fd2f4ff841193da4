import pytest
import torch
from torch import nn

from xlt_core.encoders.linear import QuickLinear


@pytest.mark.parametrize("shape", [(1, 700, 96), (2, 350, 96), (700, 96), (1, 3, 96)])
@pytest.mark.parametrize("bias", [True, False])
def test_outputs_and_gradients_are_those_of_the_common_linear_layer(shape, bias):
    torch.manual_seed(0)
    quick, common = QuickLinear(96, 160, bias=bias), nn.Linear(96, 160, bias=bias)
    common.load_state_dict(quick.state_dict())
    states = [torch.randn(shape).requires_grad_()]
    states.append(states[0].detach().clone().requires_grad_())
    outputs = [quick(states[0]), common(states[1])]
    torch.testing.assert_close(*outputs, atol=1e-5, rtol=0)
    direction = torch.randn(outputs[0].shape) / outputs[0].shape[-2]
    for output in outputs:
        (output * direction).sum().backward()
    torch.testing.assert_close(states[0].grad, states[1].grad, atol=1e-5, rtol=0)
    for ours, theirs in zip(quick.parameters(), common.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-5, rtol=0)


def test_autocast_decides_the_type_of_the_product():
    layer = QuickLinear(96, 160)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer(torch.randn(700, 96)).dtype == torch.bfloat16
