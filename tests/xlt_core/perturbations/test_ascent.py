"""Adversarial disturbances: the contract, and the gradients against finite differences."""

import pytest
import torch

from tests.contracts.perturbation_contract import PerturbationContract, take_step
from tests.factories import build_batch, build_model
from xlt_core.perturbations.ascent import Pgd
from xlt_core.perturbations.base import TrainingStep

LENGTHS = (5, 9, 4)


def differentiate_numerically(model, batch, position: int, width: int = 16) -> torch.Tensor:
    """Gradient of the loss with respect to one token's embedding by central differences in float64."""
    model = model.double()
    embeddings = model.encoder.embed(batch).detach()
    gradient = torch.zeros(width, dtype=torch.float64)
    for index in range(width):
        losses = []
        for sign in (1.0, -1.0):
            moved = embeddings.clone()
            moved[0, position, index] += sign * 1e-4
            logits = model(batch, moved)
            losses.append(torch.nn.functional.cross_entropy(logits[0], batch.labels[0]))
        gradient[index] = (losses[0] - losses[1]) / 2e-4
    return gradient


class TestFgm(PerturbationContract):
    method = "fgm"

    @pytest.mark.parametrize("position", [1, 3, 7, 15])
    def test_the_direction_is_that_of_the_gradient_by_finite_differences(self, position):
        model, batch = build_model(), build_batch(LENGTHS)
        context, _ = take_step(model, batch, self.build_spec(unit="absolute", magnitude=0.2))
        delta = context.last_delta[0, position].double()
        gradient = differentiate_numerically(model, batch, position)
        assert torch.allclose(delta, 0.2 * gradient / gradient.norm(), atol=1e-4)

    def test_with_linf_it_is_the_sign_of_the_gradient(self):
        model, batch = build_model(), build_batch(LENGTHS)
        context, _ = take_step(model, batch, self.build_spec(norm="linf", unit="absolute", magnitude=0.2))
        gradient = differentiate_numerically(model, batch, 3)
        clear = gradient.abs() > 1e-6
        assert torch.allclose(context.last_delta[0, 3, clear].double(), 0.2 * gradient[clear].sign(), atol=1e-6)

    def test_it_lies_on_the_surface_of_the_ball(self):
        batch = build_batch(LENGTHS)
        context, _ = take_step(build_model(), batch, self.build_spec(unit="absolute", magnitude=0.2))
        norms = context.last_delta[0, batch.content_mask[0]].norm(dim=-1)
        assert torch.allclose(norms, torch.full_like(norms, 0.2), atol=1e-5)


class TestFgmWithCleanLoss(TestFgm):
    settings = {"clean_weight": 0.5}  # noqa: RUF012


class TestPgd(PerturbationContract):
    method = "pgd"

    def test_it_equals_projected_ascent_written_out(self):
        """Per sequence, L2, against an eager re-derivation from Madry et al. 2018."""
        model, batch = build_model(), build_batch(LENGTHS)
        spec = self.build_spec(unit="absolute", magnitude=0.4, granularity="sequence", num_ascent_steps=4)
        context, _ = take_step(model, batch, spec)
        clean = model.encoder.embed(batch).detach()
        delta, mask = torch.zeros_like(clean), batch.content_mask[..., None]
        for _ in range(4):
            delta = delta.detach().requires_grad_()
            model.compute_loss(batch, clean + delta).backward()
            pieces = []
            for moved, slope in zip(
                delta.detach().split(LENGTHS, 1), (delta.grad * mask).split(LENGTHS, 1), strict=True
            ):
                new = moved + 0.5 * 0.4 * slope / slope.norm()
                pieces.append(new * min(1.0, 0.4 / float(new.norm())))
            delta = torch.cat(pieces, 1)
        assert torch.allclose(context.last_delta, delta, atol=1e-5)

    def test_more_steps_raise_the_loss(self):
        model, batch = build_model(), build_batch(LENGTHS)
        losses = [float(take_step(model, batch, self.build_spec(num_ascent_steps=steps))[1]) for steps in (1, 8)]
        _, plain = take_step(model, batch, self.build_spec(magnitude=0.0))
        assert float(plain) < losses[0] < losses[1]

    def test_inner_steps_leave_the_gradients_of_the_parameters_alone(self):
        model, spec = build_model(), self.build_spec()
        step = GradientWatchingStep(model, build_batch(LENGTHS), seed=1, step=3, embedding_norm=1.0)
        Pgd(spec).run(step)
        assert step.were_parameters_untouched == [True] * spec.num_ascent_steps


class GradientWatchingStep(TrainingStep):
    """Notes after each inner step whether any parameter has a gradient."""

    def __init__(self, model, *args, **kwargs) -> None:
        super().__init__(model, *args, **kwargs)
        self.parameters = list(model.parameters())
        self.were_parameters_untouched: list[bool] = []

    def differentiate(self, loss, wrt):
        gradient = super().differentiate(loss, wrt)
        self.were_parameters_untouched.append(all(parameter.grad is None for parameter in self.parameters))
        return gradient


class TestPgdFromARandomStartWithCleanLoss(PerturbationContract):
    method = "pgd"
    settings = {"init": "uniform", "clean_weight": 1.0, "num_ascent_steps": 2}  # noqa: RUF012
