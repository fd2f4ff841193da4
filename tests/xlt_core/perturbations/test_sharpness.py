"""SAM and ASAM: the contract, and moves of the weights against formulas written out."""

import pytest
import torch
from torch import nn

from tests.contracts.perturbation_contract import PerturbationContract, build_objective, gradients_of, take_step
from tests.factories import build_batch, build_model
from xlt_core.errors import SpecError
from xlt_core.perturbations.base import build_perturbation
from xlt_core.perturbations.spec import PerturbationSpec
from xlt_core.spec import OptimSpec
from xlt_core.train import train

LENGTHS = (5, 9, 4)
RHO = 0.05


def differentiate(model, batch) -> torch.Tensor:
    """Gradient of the mean loss with respect to all weights in one vector, by torch alone."""
    parameters = list(model.parameters())
    logits = model(batch, model.encoder.embed(batch))
    loss = torch.nn.functional.cross_entropy(logits[0], batch.labels[0])
    return flatten(torch.autograd.grad(loss, parameters))


def flatten(tensors) -> torch.Tensor:
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def move(method: str, weights: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Equation 2 of Foret et al. 2021; equation 7 of Kwon et al. 2021 with T = |w| + 0.01."""
    if method == "sam":
        return RHO * gradient / gradient.norm()
    scale = weights.abs() + 0.01
    return RHO * scale.square() * gradient / (scale * gradient).norm()


class StackedWeights(nn.Module):
    """Weights of two trials with the gradients that a pass would have left."""

    def __init__(self, generator: torch.Generator, num_trials: int) -> None:
        super().__init__()
        shapes = [(3, 4), (4,), ()]
        drawn = [torch.randn(num_trials, *shape, generator=generator) for shape in shapes]
        self.all = nn.ParameterList(drawn)
        for parameter in self.all:
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        self.untrained = nn.Parameter(torch.ones(7))


class TestSam(PerturbationContract):
    method = "sam"
    magnitude = RHO

    def test_the_gradients_are_those_at_the_moved_weights(self):
        model, batch = build_model().double(), build_batch(LENGTHS)
        take_step(model, batch, self.build_spec())
        got = flatten(gradients_of(model))
        weights = flatten(model.parameters())
        model.zero_grad(set_to_none=True)
        moved = weights + move(self.method, weights, differentiate(model, batch))
        nn.utils.vector_to_parameters(moved, model.parameters())
        assert torch.allclose(got, differentiate(model, batch), atol=1e-7)

    def test_the_weights_come_back_bit_for_bit(self):
        model = build_model(dropout=0.1)
        before = flatten(model.parameters())
        take_step(model, build_batch(LENGTHS), self.build_spec())
        assert torch.equal(flatten(model.parameters()), before)

    def test_weights_come_back_when_the_second_round_fails(self):
        objective = build_objective(self.build_spec(), micro_batch_size=2)
        before = flatten(objective.module.parameters())
        calls = []

        def fail_at_the_third(*_):
            calls.append(1)
            if len(calls) == 3:
                raise MemoryError

        objective.module.head.register_forward_pre_hook(fail_at_the_third)
        with pytest.raises(MemoryError):
            objective.backward(0)
        assert torch.equal(flatten(objective.module.parameters()), before)

    def test_the_move_leaves_alone_what_is_not_trained_and_has_the_noted_size(self):
        model = build_model()
        model.encoder.word_embedding.weight.requires_grad_(False)
        before = [parameter.detach().clone() for parameter in model.parameters()]
        perturbation = build_perturbation([self.build_spec()])
        model.zero_grad(set_to_none=True)
        differentiated = torch.nn.functional.cross_entropy(
            model(build_batch(LENGTHS), model.encoder.embed(build_batch(LENGTHS)))[0], build_batch(LENGTHS).labels[0]
        )
        differentiated.backward()
        displacement = perturbation.displace_weights(model)
        moves = [now.detach() - then for now, then in zip(model.parameters(), before, strict=True)]
        trained = [then for then, now in zip(before, model.parameters(), strict=True) if now.requires_grad]
        assert torch.equal(model.encoder.word_embedding.weight, before[0])
        expected = flatten(moves).norm() / flatten(trained).norm()
        assert float(displacement.ratio[0]) == pytest.approx(float(expected), rel=1e-3)

    def test_fine_tuning_takes_two_rounds_and_logs_the_rise_of_the_loss(self):
        """The loss that is logged is the first round's; the gap is what the move adds, for a small one rho ||g||."""
        spec = self.build_spec(magnitude=1e-3)
        log = build_objective(spec, micro_batch_size=2).backward(1)
        assert tuple(log[name] for name in ("num_forwards", "num_backwards", "num_weight_gradients")) == (2, 2, 2)
        plain = build_objective(PerturbationSpec())
        loss = plain.backward(1)["loss"]
        gradient, weights = flatten(gradients_of(plain.module)), flatten(plain.module.parameters())
        assert float(log["loss"]) == pytest.approx(float(loss), abs=1e-6)
        slope = gradient.norm() if self.method == "sam" else ((weights.abs() + 0.01) * gradient).norm()
        assert float(log["loss_gap"]) == pytest.approx(1e-3 * float(slope), rel=0.05)

    def test_gradients_are_clipped_after_the_second_round(self):
        """The norm that training logs is that of the gradients at the moved weights."""
        outcome = train(build_objective(self.build_spec()), OptimSpec(batch_size=4, num_steps=1), seed=0)
        objective = build_objective(self.build_spec())
        objective.backward(0)
        assert outcome.grad_norms[0] == pytest.approx(float(flatten(gradients_of(objective.module)).norm()), rel=1e-5)

    def test_trials_of_an_array_move_each_by_its_own_norm(self):
        generator = torch.Generator().manual_seed(0)
        module = StackedWeights(generator, num_trials=2)
        weights = [parameter.detach().clone() for parameter in module.all]
        slopes = [parameter.grad.clone() for parameter in module.all]
        perturbation = build_perturbation([self.build_spec(), self.build_spec(magnitude=2 * RHO)])
        displacement = perturbation.displace_weights(module)
        for place, factor in enumerate((1.0, 2.0)):
            flat = flatten(weight[place] for weight in weights)
            expected = factor * move(self.method, flat, flatten(slope[place] for slope in slopes))
            moved = flatten(parameter[place] for parameter in module.all)
            assert torch.allclose(moved - flat, expected, atol=1e-6)
            assert float(displacement.ratio[place]) == pytest.approx(float(expected.norm() / flat.norm()), rel=1e-4)
        displacement.undo()
        assert all(map(torch.equal, module.all, weights))

    def test_several_trials_on_shared_weights_are_refused(self):
        model, batch = build_model(), build_batch(LENGTHS)
        take_step(model, batch, PerturbationSpec())
        perturbation = build_perturbation([self.build_spec(), self.build_spec(magnitude=2 * RHO)])
        with pytest.raises(SpecError, match=r"2 trials with '.*' share their weights"):
            perturbation.displace_weights(model)

    def test_gradients_of_zero_move_nothing(self):
        weights, slopes = torch.ones(1, 3), torch.zeros(1, 3)
        ratio = build_perturbation([self.build_spec()]).move([weights], [slopes], torch.tensor([RHO]))
        assert torch.equal(slopes, weights)
        assert ratio.item() == 0.0

    def test_both_rounds_share_their_dropout_masks_when_asked(self):
        """A move of next to nothing then changes next to nothing."""
        gaps = {
            dropout: abs(
                float(
                    build_objective(self.build_spec(magnitude=1e-6, dropout=dropout), dropout=0.3).backward(0)[
                        "loss_gap"
                    ]
                )
            )
            for dropout in ("same", "fresh")
        }
        assert gaps["same"] < 1e-5 < 1e-4 < gaps["fresh"]


class TestAsam(TestSam):
    method = "asam"

    def test_rescaling_a_weight_rescales_its_move(self):
        """What adaptive sharpness is for: of layers that are scaled by c and 1/c the moves are, too."""
        generator = torch.Generator().manual_seed(0)
        weights = [1000 + torch.rand(1, 5, generator=generator, dtype=torch.float64) for _ in range(2)]
        slopes = [torch.randn(1, 5, generator=generator, dtype=torch.float64) for _ in range(2)]
        factors = (4.0, 0.25)
        scaled_weights = [weight * factor for weight, factor in zip(weights, factors, strict=True)]
        scaled_slopes = [slope / factor for slope, factor in zip(slopes, factors, strict=True)]
        perturbation, rho = build_perturbation([self.build_spec()]), torch.tensor([RHO])
        perturbation.move(weights, slopes, rho)
        perturbation.move(scaled_weights, scaled_slopes, rho)
        for place, factor in enumerate(factors):
            move = slopes[place] - weights[place]
            assert torch.allclose(move * factor, scaled_slopes[place] - scaled_weights[place], rtol=1e-3)
