"""What every perturbation must keep. A method's test inherits the class and names its settings."""

import itertools
from typing import ClassVar

import pytest
import torch
from torch import Tensor

from tests.factories import build_batch, build_model
from xlt_core.finetune import mean_embedding_norm
from xlt_core.perturbations import METHODS, load_perturbation
from xlt_core.perturbations.base import TrainingStep
from xlt_core.perturbations.geometry import build_ball
from xlt_core.spec import PerturbationSpec

LENGTHS = (5, 9, 4, 7)
BALLS = list(itertools.product(("l2", "linf"), ("token", "sequence", "batch"), ("absolute", "relative")))


class RecordingStep(TrainingStep):
    """Remembers the embeddings of every forward pass."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.inputs: list[Tensor] = []

    def compute_loss(self, embeddings: Tensor) -> Tensor:
        self.inputs.append(embeddings.detach().clone())
        return super().compute_loss(embeddings)

    @property
    def last_delta(self) -> Tensor:
        """The disturbance of the last forward pass, the one that is trained on."""
        return self.inputs[-1] - self.embed().detach()


def take_step(model, batch, spec: PerturbationSpec, step: int = 3) -> tuple[RecordingStep, Tensor]:
    """Run one step with fixed dropout; gradients stay in the model."""
    model.train()
    model.zero_grad(set_to_none=True)
    torch.manual_seed(step)
    context = RecordingStep(model, batch, seed=1, step=step, embedding_norm=mean_embedding_norm(model))
    loss = load_perturbation(spec.method)(spec).run(context)
    return context, loss


def gradients_of(model) -> list[Tensor]:
    return [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]


class PerturbationContract:
    """Inherit, set `method`, and `settings` that are not the defaults."""

    method: ClassVar[str]
    settings: ClassVar[dict[str, object]] = {}
    is_bounded: ClassVar[bool] = True

    def build_spec(self, **changes) -> PerturbationSpec:
        return PerturbationSpec(**{"method": self.method, "magnitude": 0.3, **self.settings, **changes})

    @pytest.mark.parametrize("shape", ["pair", "tagging"])
    def test_magnitude_zero_is_plain_training_bit_for_bit(self, shape):
        model, batch = build_model(shape, dropout=0.1), build_batch(LENGTHS, shape)
        _, plain_loss = take_step(model, batch, PerturbationSpec())
        plain = gradients_of(model)
        _, loss = take_step(model, batch, self.build_spec(magnitude=0.0))
        assert torch.equal(loss, plain_loss)
        assert all(map(torch.equal, gradients_of(model), plain))

    @pytest.mark.parametrize("shape", ["pair", "tagging"])
    def test_a_magnitude_changes_the_gradients(self, shape):
        model, batch = build_model(shape), build_batch(LENGTHS, shape)
        take_step(model, batch, PerturbationSpec())
        plain = gradients_of(model)
        take_step(model, batch, self.build_spec())
        assert not all(map(torch.equal, gradients_of(model), plain))

    @pytest.mark.parametrize(("norm", "granularity", "unit"), BALLS)
    def test_the_disturbance_stays_in_its_ball_and_off_masked_positions(self, norm, granularity, unit):
        model, batch = build_model(), build_batch(LENGTHS)
        spec = self.build_spec(norm=norm, granularity=granularity, unit=unit)
        context, _ = take_step(model, batch, spec)
        delta, ball = context.last_delta, build_ball(spec, context)
        assert delta.abs().max() > 0
        assert torch.all(delta[~ball.mask.expand_as(delta)] == 0)
        if self.is_bounded:
            assert torch.all(ball.measure(delta) <= ball.radius * (1 + 1e-4) + 1e-6)

    def test_special_tokens_are_disturbed_only_when_the_mask_says_so(self):
        model, batch = build_model(), build_batch(LENGTHS)
        specials = ~batch.content_mask[0]
        content, _ = take_step(model, batch, self.build_spec(mask="content"))
        non_pad, _ = take_step(model, batch, self.build_spec(mask="non_pad"))
        assert torch.all(content.last_delta[0, specials] == 0)
        assert torch.all(non_pad.last_delta[0, specials].abs().amax(-1) > 0)

    @pytest.mark.parametrize("granularity", ["token", "sequence"])
    def test_an_example_gets_the_same_disturbance_in_whatever_batch_it_comes(self, granularity):
        model, spec = build_model(), self.build_spec(granularity=granularity)
        together, _ = take_step(model, build_batch(LENGTHS), spec)
        start = 0
        for key, length in enumerate(LENGTHS):
            alone, _ = take_step(model, build_batch((length,), first_key=key), spec)
            piece = together.last_delta[:, start : start + length]
            assert torch.allclose(alone.last_delta, piece, atol=1e-5), f"example {key}"
            start += length

    def test_the_counted_passes_equal_the_declared_cost(self):
        context, _ = take_step(build_model(), build_batch(LENGTHS), self.build_spec())
        declared = load_perturbation(self.method)(self.build_spec()).cost()
        assert (context.num_forwards, context.num_backwards) == declared

    def test_gradients_are_those_of_the_loss_on_the_disturbed_embeddings(self):
        """Against a re-derivation: plain autograd through the recorded embeddings, weighted as declared."""
        model, batch, spec = build_model(), build_batch(LENGTHS), self.build_spec()
        context, loss = take_step(model, batch, spec)
        got = gradients_of(model)
        delta = context.last_delta
        model.zero_grad(set_to_none=True)
        embeddings = model.encoder.embed(batch)
        expected = model.compute_loss(batch, embeddings + delta)
        if spec.clean_weight > 0.0 and "clean_weight" in METHODS[self.method].reads:
            clean = model.compute_loss(batch, embeddings)
            expected = (expected + spec.clean_weight * clean) / (1.0 + spec.clean_weight)
        expected.backward()
        assert loss == pytest.approx(expected.item(), abs=1e-5)
        assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(got, gradients_of(model), strict=True))

    def test_steps_and_seeds_draw_their_own_disturbance_and_repeat_it(self):
        model, batch = build_model(), build_batch(LENGTHS)
        first, _ = take_step(model, batch, self.build_spec(), step=3)
        again, _ = take_step(model, batch, self.build_spec(), step=3)
        assert torch.equal(first.last_delta, again.last_delta)

    def test_settings_that_the_table_does_not_list_change_nothing(self):
        """`reads` decides what is part of a trial's identity, so it must name everything that matters."""
        model, batch = build_model(), build_batch(LENGTHS)
        reference, _ = take_step(model, batch, self.build_spec())
        others = {"num_ascent_steps": 1, "step_ratio": 0.9, "init": "uniform", "clean_weight": 0.7}
        for name in set(others) - set(METHODS[self.method].reads):
            changed, _ = take_step(model, batch, self.build_spec(**{name: others[name]}))
            assert torch.equal(changed.last_delta, reference.last_delta), name

    @pytest.mark.parametrize("granularity", ["sequence", "batch"])
    def test_granularity_changes_nothing_in_an_l_infinity_ball(self, granularity):
        """So that it is no part of a trial's identity there."""
        model, batch = build_model(), build_batch(LENGTHS)
        by_token, _ = take_step(model, batch, self.build_spec(norm="linf", granularity="token"))
        by_group, _ = take_step(model, batch, self.build_spec(norm="linf", granularity=granularity))
        assert torch.equal(by_group.last_delta, by_token.last_delta)
