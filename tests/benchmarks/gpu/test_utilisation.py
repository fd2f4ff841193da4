import argparse
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import XLMRobertaModel

from benchmarks.contestants import Setting, build_config
from benchmarks.gpu.utilisation import count_step_flops
from xlt_core.spec import OptimSpec


@pytest.mark.parametrize("shape", ["tiny", "base", "large"])
def test_the_flops_of_a_step_are_those_that_torch_counts(shape):
    batch_size, length = 4, 96
    options = argparse.Namespace(shape=shape, vocabulary=300, dropout=0.0)
    setting = Setting(
        folder=Path(),
        sequences=[[1] * length] * batch_size,
        labels=[0] * batch_size,
        optim=OptimSpec(batch_size=batch_size),
        num_steps=1,
        dropout=0.0,
    )
    with torch.device("meta"):
        model = XLMRobertaModel(build_config(shape, 300, 0.0), add_pooling_layer=False)
        hidden = torch.zeros(batch_size, length, model.config.hidden_size, requires_grad=True)
    model.set_attn_implementation("eager")
    with FlopCounterMode(display=False) as counter:
        model.encoder(hidden).last_hidden_state.sum().backward()
    assert count_step_flops(setting, options) == pytest.approx(counter.get_total_flops(), rel=0.02)  # biases, norms
