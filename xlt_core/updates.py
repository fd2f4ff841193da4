"""What a training step does to the weights: AdamW under a linear schedule. In: a recipe. Out: rates, an optimiser."""

import math

import torch
from torch import nn

from xlt_core.spec import OptimSpec


def num_warmup_steps(optim: OptimSpec) -> int:
    """Steps of linear warm-up."""
    return round(optim.warmup_ratio * optim.num_steps)


def learning_rate_factor(step: int, optim: OptimSpec) -> float:
    """Share of the learning rate at `step` (from 0): up to 1 over the warm-up, then down, never 0.

    Step 0 already moves the weights; the common schedule wastes it at a rate of 0.
    """
    warmup = num_warmup_steps(optim)
    if step < warmup:
        return (step + 1) / warmup
    return (optim.num_steps - step) / (optim.num_steps - warmup)


def frozen_decay(optim: OptimSpec, num_steps: int) -> float:
    """What the first `num_steps` steps multiply a matrix's row with whose gradient is always 0.

    Its moments stay 0, so that decay alone is left of AdamW's update (Loshchilov and Hutter 2019). In float64: where
    a step takes away less than half of a float32's last place, AdamW in float32 takes away nothing, and this does.
    """
    return math.prod(
        1.0 - optim.learning_rate * learning_rate_factor(step, optim) * optim.weight_decay for step in range(num_steps)
    )


def build_optimizer(module: nn.Module, optim: OptimSpec) -> torch.optim.AdamW:
    """AdamW with bias correction (Mosbach et al. 2021); no weight decay on vectors, i.e. biases and layer norms."""
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in parameters if parameter.ndim >= 2]
    vectors = [parameter for parameter in parameters if parameter.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": optim.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=optim.learning_rate, betas=optim.betas, eps=optim.epsilon, fused=True)
