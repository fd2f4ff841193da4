"""Virtual adversarial training: the contract, and directions and losses against plain torch."""

import pytest
import torch
from torch.distributions import Categorical, kl_divergence
from torch.nn import functional

from tests.contracts.perturbation_contract import SiteContract, gradients_of, take_step
from tests.factories import build_batch, build_model
from xlt_core.perturbations.draws import draw_normal

LENGTHS = (5, 9, 4)


def diverge(target: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """Mean KL divergence over units of the first trial, by torch's distributions."""
    return kl_divergence(Categorical(logits=target[0]), Categorical(logits=logits[0])).mean()


def build_decided_model(dropout: float = 0.0):
    """A model whose predictions differ from word to word; a fresh head's hardly do."""
    model = build_model(dropout=dropout)
    with torch.no_grad():
        model.head.output.weight *= 30.0
        model.head.dense.weight *= 10.0
    return model


def draw_directions(context, batch) -> torch.Tensor:
    """The normal numbers that the step starts from, at norm 1 for each sequence; 0 at special tokens."""
    drawn = draw_normal(context) * batch.content_mask[..., None]
    return torch.cat([piece / piece.norm() for piece in drawn.split(LENGTHS, 1)], 1)


class VirtualContract(SiteContract):
    """What is trained on, written out in plain torch."""

    def check_loss_and_gradients(self, diverge_fully, **changes) -> None:
        model, batch = build_decided_model(), build_batch(LENGTHS)
        spec = self.build_spec(regularizer_weight=0.7, **changes)
        context, loss = take_step(model, batch, spec)
        got = gradients_of(model)
        model.zero_grad(set_to_none=True)
        embeddings = model.encoder.embed(batch)
        clean, disturbed = model(batch, embeddings), model(batch, embeddings + context.last_delta)
        divergence = diverge_fully(clean, disturbed)
        expected = functional.cross_entropy(clean[0], batch.labels[0]) + 0.7 * divergence
        expected.backward()
        assert divergence.item() > 1e-3
        assert float(loss) == pytest.approx(expected.item(), rel=1e-5)
        assert all(
            torch.allclose(one, other, atol=1e-5, rtol=1e-4)
            for one, other in zip(got, gradients_of(model), strict=True)
        )

    def test_no_label_has_a_part_in_the_disturbance(self):
        batch = build_batch(LENGTHS)
        context, loss = take_step(build_model(), batch, self.build_spec())
        batch.labels[:] = (batch.labels + 1) % 3
        other, other_loss = take_step(build_model(), batch, self.build_spec())
        assert torch.equal(context.last_delta, other.last_delta)
        assert not torch.equal(loss, other_loss)

    def test_it_changes_predictions_more_than_noise_of_the_same_size(self):
        """Each found disturbance against the mean of twenty random ones with the same norm per token."""
        model, batch = build_decided_model(), build_batch(LENGTHS)
        context, _ = take_step(model, batch, self.build_spec(magnitude=0.05))
        embeddings, delta = model.encoder.embed(batch).detach(), context.last_delta
        clean = model(batch, embeddings)
        found = diverge(clean, model(batch, embeddings + delta))
        generator = torch.Generator().manual_seed(0)
        noises = torch.randn(20, *delta.shape, generator=generator)
        noises = noises / noises.norm(dim=-1, keepdim=True) * delta.norm(dim=-1, keepdim=True)
        random = torch.stack([diverge(clean, model(batch, embeddings + noise)) for noise in noises]).mean()
        assert found.item() > 2.0 * random.item()

    def test_as_many_inner_steps_are_paid_for_as_are_asked_for(self):
        context, _ = take_step(build_model(), build_batch(LENGTHS), self.build_spec(num_ascent_steps=3))
        counted = (context.num_forwards, context.num_backwards, context.num_weight_gradients)
        assert counted == (5, 5, 2)

    def test_with_shared_dropout_masks_only_the_disturbance_tells_the_passes_apart(self):
        """A disturbance of next to nothing: no divergence, where fresh masks make one."""
        model, batch = build_decided_model(dropout=0.3), build_batch(LENGTHS)

        def measure_divergence(dropout: str) -> float:
            losses = []
            for weight in (0.0, 1.0):
                spec = self.build_spec(magnitude=1e-6, dropout=dropout, regularizer_weight=weight)
                _, loss = take_step(model, batch, spec, dropout_seeds=(5,))
                losses.append(float(loss))
            return losses[1] - losses[0]

        assert measure_divergence("same") == pytest.approx(0.0, abs=1e-6)
        assert measure_divergence("fresh") > 1e-3

    def test_bfloat16_and_float32_agree(self):
        """In all but a few sequences by the default probe, in nearly all by one as long as the ball.

        The slope is the change of the predictions that the probe makes; where that is less than their rounding, a
        direction is as good as lost, or turned around. So the bound is one of the median.
        """
        lengths = tuple(range(4, 24))
        model, batch = build_decided_model(), build_batch(lengths)
        for changes, bound in (({}, 0.95), ({"init_ratio": 1.0}, 0.999)):
            spec = self.build_spec(**changes)
            exact, _ = take_step(model, batch, spec)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                rounded, _ = take_step(model, batch, spec)
            assert rounded.last_delta.dtype == torch.float32
            self.check_ball(rounded)
            pairs = zip(exact.last_delta.split(lengths, 1), rounded.last_delta.split(lengths, 1), strict=True)
            cosines = [torch.cosine_similarity(one.flatten(), other.flatten(), dim=0) for one, other in pairs]
            assert float(torch.stack(cosines).median()) > bound


class TestVat(VirtualContract):
    method = "vat"
    array_tolerance = 2e-5  # an inner step divides a difference of two passes by its own size

    @pytest.mark.parametrize("num_ascent_steps", [1, 2])
    def test_the_direction_is_the_hessian_times_the_random_one(self, num_ascent_steps):
        """Hessian products by central differences of the gradient in float64, with a probe 1000 times shorter."""
        batch = build_batch(LENGTHS)
        spec = self.build_spec(unit="absolute", magnitude=0.1, num_ascent_steps=num_ascent_steps)
        context, _ = take_step(build_decided_model(), batch, spec)
        direction = draw_directions(context, batch).double()
        model = build_decided_model().double()
        embeddings = model.encoder.embed(batch).detach()
        target = model(batch, embeddings).detach()

        def differentiate(delta):
            delta = delta.detach().requires_grad_()
            return torch.autograd.grad(diverge(target, model(batch, embeddings + delta)), delta)[0]

        for _ in range(num_ascent_steps):
            product = differentiate(1e-5 * direction) - differentiate(-1e-5 * direction)
            product = product * batch.content_mask[..., None]
            direction = torch.cat([piece / piece.norm() for piece in product.split(LENGTHS, 1)], 1)
        for found, expected in zip(
            context.last_delta.double().split(LENGTHS, 1), direction.split(LENGTHS, 1), strict=True
        ):
            assert float(found.norm()) == pytest.approx(0.1, rel=1e-5)
            assert float(torch.cosine_similarity(found.flatten(), expected.flatten(), dim=0)) > 0.999

    @pytest.mark.parametrize("site", ["word_embedding", "embedding_output"])
    def test_in_bfloat16_a_small_magnitude_keeps_the_direction_of_float32(self, site):
        """Rounding must not drown the change that the probe makes, however small the ball is."""
        lengths = tuple(range(4, 24))
        model, batch, spec = build_decided_model(), build_batch(lengths), self.build_spec(magnitude=0.003, site=site)
        exact, _ = take_step(model, batch, spec)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rounded, _ = take_step(model, batch, spec)
        pairs = zip(exact.last_delta.split(lengths, 1), rounded.last_delta.split(lengths, 1), strict=True)
        cosines = [torch.cosine_similarity(one.flatten(), other.flatten(), dim=0) for one, other in pairs]
        assert float(torch.stack(cosines).median()) > 0.95

    def test_it_trains_on_the_loss_and_on_the_divergence_from_a_fixed_prediction(self):
        self.check_loss_and_gradients(lambda clean, disturbed: diverge(clean.detach(), disturbed))


class TestAlum(VirtualContract):
    method = "alum"

    def test_it_trains_on_the_loss_and_on_the_divergence_from_a_fixed_prediction(self):
        self.check_loss_and_gradients(lambda clean, disturbed: diverge(clean.detach(), disturbed))

    @pytest.mark.parametrize("norm", ["linf", "l2"])
    def test_it_equals_projected_ascent_written_out(self, norm):
        """From a Gaussian start, per token, along g / |g|."""
        self.check_ascent(norm, lambda target, logits: diverge(target, logits))

    def check_ascent(self, norm, diverge_fully) -> None:
        model, batch = build_decided_model(), build_batch(LENGTHS)
        spec = self.build_spec(
            norm=norm, unit="absolute", magnitude=0.2, num_ascent_steps=3, step_ratio=0.4, init_ratio=0.05
        )
        context, _ = take_step(model, batch, spec)
        order = {"linf": float("inf"), "l2": 2.0}[norm]
        mask = batch.content_mask[..., None]
        embeddings = model.encoder.embed(batch).detach()
        target = model(batch, embeddings).detach()
        deviation = 0.05 * 0.2 / {"linf": 1.0, "l2": 4.0}[norm]
        delta = draw_normal(context) * deviation * mask
        for _ in range(3):
            delta = delta.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(diverge_fully(target, model(batch, embeddings + delta)), delta)
            delta = delta + 0.4 * 0.2 * mask * gradient / gradient.norm(order, dim=-1, keepdim=True)
            if norm == "linf":
                delta = delta.clamp(-0.2, 0.2)
            else:
                delta = delta * (0.2 / delta.norm(dim=-1, keepdim=True)).nan_to_num(posinf=1.0).clamp(max=1.0)
        assert torch.allclose(context.last_delta, delta, atol=1e-4)


class TestSmart(TestAlum):
    method = "smart"

    def test_it_trains_on_the_loss_and_on_the_divergence_from_a_fixed_prediction(self):
        """Not from a fixed one: the symmetric divergence moves both sides."""
        self.check_loss_and_gradients(lambda clean, disturbed: diverge(clean, disturbed) + diverge(disturbed, clean))

    @pytest.mark.parametrize("norm", ["linf", "l2"])
    def test_it_equals_projected_ascent_written_out(self, norm):
        """On the symmetric divergence."""
        self.check_ascent(norm, lambda target, logits: diverge(target, logits) + diverge(logits, target))


class TestSmartWithMoreSteps(VirtualContract):
    method = "smart"
    settings = {"num_ascent_steps": 2, "step_ratio": 0.5, "norm": "l2"}  # noqa: RUF012
