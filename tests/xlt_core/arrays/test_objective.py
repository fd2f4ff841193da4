"""Gradients of an array against those of each trial, where `tests/contracts/perturbation_contract.py` does not look."""

import pytest
import torch

from tests.contracts.perturbation_contract import build_objective, gradients_of
from xlt_core import finetune, passes
from xlt_core.arrays.objective import ArrayFineTuning, stack_models
from xlt_core.encoders.dropout import seed_masks
from xlt_core.finetune import FineTuning
from xlt_core.perturbations.spec import PerturbationSpec
from xlt_core.streams import stream_seed
from xlt_core.train import StepLog

CPU = torch.device("cpu")


def take_alone(tuning: FineTuning, step: int) -> tuple[StepLog, list[torch.Tensor]]:
    tuning.module.train()
    seed_masks(stream_seed(tuning.seed, "dropout", step), CPU)
    log = tuning.backward(step)
    gradients = gradients_of(tuning.module)
    tuning.module.zero_grad(set_to_none=True)
    return log, gradients


def take_together(tunings: list[FineTuning], step: int) -> list[tuple[StepLog, list[torch.Tensor]]]:
    stack = stack_models(tunings)
    stack.model.train()
    logs = ArrayFineTuning(tunings, stack).backward(step)
    stack.hand_out_gradients()
    taken = [(log, gradients_of(tuning.module)) for log, tuning in zip(logs, tunings, strict=True)]
    stack.release()
    return taken


def round_on_a_cpu(device: torch.device) -> torch.autocast:
    """What `autocast` is on CUDA."""
    return torch.autocast(device.type, dtype=torch.bfloat16)


@pytest.mark.parametrize(
    ("shape", "method"), [("pair", "pgd"), ("tagging", "none"), ("span", "none"), ("dual", "none")]
)
def test_in_bfloat16_a_trial_of_an_array_is_as_far_from_itself_alone_as_rounding_takes_it(monkeypatch, shape, method):
    """A loss within 1 %, a cosine over 0.99 over all gradients."""
    for module in (passes, finetune):
        monkeypatch.setattr(module, "autocast", round_on_a_cpu)
    spec = PerturbationSpec(method=method, magnitude=0.1)
    tunings = [build_objective(spec, shape=shape, dropout=0.1, seed=seed) for seed in range(3)]
    alone = [take_alone(tuning, 1) for tuning in tunings]
    monkeypatch.undo()
    exact = [float(take_alone(tuning, 1)[0]["loss"]) for tuning in tunings]
    assert exact != [float(known["loss"]) for known, _ in alone]
    for module in (passes, finetune):
        monkeypatch.setattr(module, "autocast", round_on_a_cpu)
    for (log, gradients), (known, expected) in zip(take_together(tunings, 1), alone, strict=True):
        assert log["loss"].dtype == torch.float32
        assert all(gradient.dtype == torch.float32 for gradient in gradients)
        assert float(log["loss"]) == pytest.approx(float(known["loss"]), rel=0.01)
        one, other = (torch.cat([gradient.flatten() for gradient in each]) for each in (gradients, expected))
        assert float(torch.cosine_similarity(one, other, dim=0)) > 0.99


@pytest.mark.parametrize(
    ("method", "site"),
    [("pgd", "embedding_output"), ("uniform", "last_hidden"), ("mixup", "embedding_output"), ("mixup", "last_hidden")],
)
def test_at_every_site_a_trial_takes_the_step_that_it_takes_alone(method, site):
    spec = PerturbationSpec(method=method, magnitude=0.2, site=site, mask="non_pad")
    tunings = [build_objective(spec, dropout=0.1, seed=seed) for seed in range(3)]
    for step in (0, 1):
        alone = [take_alone(tuning, step) for tuning in tunings]
        for (log, gradients), (known, expected) in zip(take_together(tunings, step), alone, strict=True):
            assert {name: float(value) for name, value in log.items()} == {
                name: pytest.approx(float(value), rel=1e-4, abs=1e-5) for name, value in known.items()
            }
            for one, other in zip(gradients, expected, strict=True):
                torch.testing.assert_close(one, other, rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("method", ["vat", "smart", "pgd"])
def test_a_disturbance_that_a_step_looks_for_is_the_same_to_the_last_bit(method):
    """What a probe of another length finds is other noise: where a slope is next to nothing, rounding is most of it."""
    tunings = [build_objective(PerturbationSpec(method=method, magnitude=0.1), seed=seed) for seed in (0, 0, 0)]
    alone = [take_alone(tuning, 1) for tuning in tunings]
    for (_, gradients), (_, expected) in zip(take_together(tunings, 1), alone, strict=True):
        assert all(map(torch.equal, gradients, expected))


def test_measurements_without_dropout_leave_an_array_in_training():
    spec = PerturbationSpec(method="pgd", magnitude=0.2)
    tunings = [build_objective(spec, dropout=0.1, seed=seed) for seed in range(2)]
    assert tunings[0].probes(0)
    stack = stack_models(tunings)
    stack.model.train()
    (log, _) = ArrayFineTuning(tunings, stack).backward(0)
    assert {"clean_loss", "loss_gap"} <= log.keys()
    assert all(module.training for module in stack.model.modules())
