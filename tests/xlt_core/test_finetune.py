"""Fine-tuning as an objective: a pure function of the step, in units that the encoder gives."""

import numpy as np
import pytest
import torch

from tests.factories import build_model
from tests.xlt_core.test_evaluate import build_pair_table
from xlt_core.finetune import FineTuning, autocast, mean_embedding_norm
from xlt_core.spec import OptimSpec, PerturbationSpec, StageSpec

CPU = torch.device("cpu")


def build_objective(seed: int = 0, **changes) -> FineTuning:
    optim = OptimSpec(batch_size=4, num_steps=10)
    settings = StageSpec(task="pawsx", optim=optim, **changes)
    return FineTuning(build_model(), build_pair_table(), settings, seed=seed, device=CPU)


def gradients(objective: FineTuning, step: int) -> list[torch.Tensor]:
    objective.module.zero_grad(set_to_none=True)
    objective.backward(step)
    return [parameter.grad.clone() for parameter in objective.module.parameters() if parameter.grad is not None]


def test_a_step_taken_again_gives_the_same_gradients():
    objective = build_objective(perturbation=PerturbationSpec(method="uniform", magnitude=0.3))
    first = gradients(objective, 5)
    gradients(objective, 2)
    assert all(map(torch.equal, gradients(objective, 5), first))


def test_steps_and_seeds_see_other_examples():
    objective = build_objective()
    first = gradients(objective, 5)
    assert not all(map(torch.equal, gradients(objective, 6), first))
    assert not all(map(torch.equal, gradients(build_objective(seed=1), 5), first))


def test_a_seeded_sample_limits_the_examples():
    objective = build_objective(max_train_examples=4)
    assert all(map(torch.allclose, gradients(objective, 0), gradients(objective, 1)))


def test_the_unit_of_relative_magnitudes_is_the_mean_norm_without_padding():
    model = build_model()
    rows = model.encoder.word_embedding.weight.detach().numpy().astype(np.float64)
    rows = np.delete(rows, model.encoder.word_embedding.padding_idx, axis=0)
    assert mean_embedding_norm(model) == pytest.approx(np.linalg.norm(rows, axis=1).mean(), rel=1e-6)


def test_the_unit_is_fixed_when_the_stage_begins():
    """Else a resumed stage would measure its magnitude with another yardstick than an uninterrupted one."""
    perturbation = PerturbationSpec(method="gaussian", magnitude=1.0)
    objective = build_objective(perturbation=perturbation)
    with torch.no_grad():
        objective.module.encoder.word_embedding.weight.mul_(3.0)
    late = FineTuning(objective.module, build_pair_table(), objective.settings, seed=0, device=CPU)
    assert not all(map(torch.equal, gradients(objective, 3), gradients(late, 3)))


def test_the_cpu_computes_in_float32():
    with autocast(CPU):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
