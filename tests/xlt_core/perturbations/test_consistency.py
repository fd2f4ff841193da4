"""Consistency of two passes: the contract, losses against plain torch, laws of noise, and the spectral norm."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch.distributions import Categorical, kl_divergence
from torch.nn import functional

from tests.contracts.perturbation_contract import (
    PerturbationContract,
    SiteContract,
    build_objective,
    gradients_of,
    take_step,
)
from tests.factories import build_batch, build_model
from xlt_core.data.batch import IGNORED_LABEL
from xlt_core.errors import SpecError
from xlt_core.perturbations.base import build_perturbation
from xlt_core.perturbations.spec import PerturbationSpec
from xlt_core.spec import OptimSpec
from xlt_core.train import train

LENGTHS = (5, 9, 4)
MANY = (30,) * 40


def diverge_both_ways(one: torch.Tensor, other: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean symmetric KL divergence over labelled units, by torch's distributions."""
    kept = labels[0] != IGNORED_LABEL
    first, second = Categorical(logits=one[0, kept]), Categorical(logits=other[0, kept])
    return (kl_divergence(first, second) + kl_divergence(second, first)).mean()


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits[0], labels[0], ignore_index=IGNORED_LABEL)


def build_decided_model(shape="pair", dropout=0.0):
    """A model whose predictions differ from word to word; a fresh head's hardly do."""
    model = build_model(shape, dropout=dropout)
    with torch.no_grad():
        model.head.output.weight *= 30.0
        if model.head.dense is not None:
            model.head.dense.weight *= 10.0
    return model


class TestR3f(SiteContract):
    method = "r3f"
    settings = {"mask": "content"}  # noqa: RUF012

    @pytest.mark.parametrize("shape", ["pair", "tagging"])
    def test_it_trains_on_the_loss_and_on_the_symmetric_divergence_of_both_passes(self, shape):
        model, batch = build_decided_model(shape), build_batch(LENGTHS, shape)
        context, loss = take_step(model, batch, self.build_spec(regularizer_weight=0.7))
        got = gradients_of(model)
        model.zero_grad(set_to_none=True)
        embeddings = model.encoder.embed(batch)
        clean, noisy = model(batch, embeddings), model(batch, embeddings + context.last_delta)
        divergence = diverge_both_ways(clean, noisy, batch.labels)
        expected = cross_entropy(clean, batch.labels) + 0.7 * divergence
        expected.backward()
        assert divergence.item() > 1e-4
        assert float(loss) == pytest.approx(expected.item(), rel=1e-5)
        assert all(
            torch.allclose(one, other, atol=1e-5, rtol=1e-4)
            for one, other in zip(got, gradients_of(model), strict=True)
        )

    def test_elements_are_drawn_by_the_law_that_is_asked_for(self):
        spec = self.build_spec(unit="absolute", magnitude=0.2)
        batch = build_batch(MANY)
        context, _ = take_step(build_model(), batch, spec)
        elements = context.last_delta[0, batch.content_mask[0]].flatten().numpy()
        law = stats.uniform(-0.2, 0.4) if spec.noise_law == "uniform" else stats.norm(0.0, 0.2)
        assert stats.kstest(elements, law.cdf).pvalue > 0.01

    def test_all_positions_are_disturbed_where_nothing_else_is_said(self):
        batch = build_batch(LENGTHS)
        context, _ = take_step(build_model(), batch, PerturbationSpec(method=self.method, magnitude=0.3))
        assert torch.all(context.last_delta[0].abs().amax(-1) > 0)


class TestR3fWithGaussianNoise(TestR3f):
    settings = {"mask": "content", "noise_law": "gaussian", "dropout": "same"}  # noqa: RUF012
    is_bounded = False


class TestR4f(SiteContract):
    method = "r4f"
    trains_in_arrays = False

    def test_the_output_layer_has_spectral_norm_one_after_training_in_every_pass(self):
        objective = build_objective(self.build_spec())
        before = objective.module.head.output.weight.detach().clone()
        train(objective, OptimSpec(batch_size=4, num_steps=5, learning_rate=1e-2), seed=0)
        after = objective.module.eval().head.output.weight.detach()
        for weight in (before, after):
            assert np.linalg.svd(weight.numpy(), compute_uv=False)[0] == pytest.approx(1.0, abs=1e-6)
        assert not torch.allclose(before, after, atol=1e-4)

    def test_a_plain_trial_of_an_array_does_not_get_another_head(self):
        array = build_perturbation([self.build_spec(), self.build_spec(magnitude=0.0)])
        with pytest.raises(SpecError, match="trials of magnitude 0 in an array; train these apart"):
            array.prepare(build_model())

    def test_predictions_are_those_of_the_weights_over_their_largest_singular_value(self):
        model, plain, batch = build_model(), build_model(), build_batch(LENGTHS)
        build_perturbation([self.build_spec()]).prepare(model)
        with torch.no_grad():
            largest = np.linalg.svd(plain.head.output.weight.numpy(), compute_uv=False)[0]
            plain.head.output.weight /= float(largest)
            expected = plain(batch, plain.encoder.embed(batch))
            assert torch.allclose(model(batch, model.encoder.embed(batch)), expected, atol=1e-6)

    def test_its_gradient_is_that_of_the_normalised_weights_by_finite_differences(self):
        model, batch = build_model(), build_batch(LENGTHS)
        build_perturbation([self.build_spec()]).prepare(model)
        model = model.double()
        embeddings = model.encoder.embed(batch).detach()
        weight = model.head.output.parametrizations.weight.original

        def measure() -> torch.Tensor:
            return cross_entropy(model(batch, embeddings), batch.labels)

        measure().backward()
        for row, column in ((0, 0), (1, 5), (2, 15)):
            losses = []
            for move in (1e-6, -2e-6):
                with torch.no_grad():
                    weight[row, column] += move
                    losses.append(float(measure()))
            with torch.no_grad():
                weight[row, column] += 1e-6
            assert float(weight.grad[row, column]) == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-4, abs=1e-7)

    def test_magnitude_zero_leaves_the_head_as_it_is(self):
        objective = build_objective(self.build_spec(magnitude=0.0))
        assert torch.equal(objective.module.head.output.weight, build_model().head.output.weight)


class TestRDrop(PerturbationContract):
    method = "r_drop"

    @pytest.mark.parametrize("shape", ["pair", "tagging"])
    def test_it_trains_on_the_mean_loss_of_two_masks_and_on_what_they_disagree_on(self, shape):
        """Against two plain passes with the same masks, drawn one after the other."""
        model, batch = build_decided_model(shape, dropout=0.3), build_batch(LENGTHS, shape)
        spec = self.build_spec(magnitude=0.8)
        _, loss = take_step(model, batch, spec)
        got = gradients_of(model)
        model.zero_grad(set_to_none=True)
        torch.manual_seed(3)
        one, other = (model(batch, model.encoder.embed(batch)) for _ in range(2))
        divergence = diverge_both_ways(one, other, batch.labels)
        losses = [cross_entropy(logits, batch.labels) for logits in (one, other)]
        expected = 0.5 * (losses[0] + losses[1]) + 0.4 * divergence
        expected.backward()
        assert divergence.item() > 1e-3
        assert float(loss) == pytest.approx(expected.item(), rel=1e-5)
        assert all(
            torch.allclose(found, wanted, atol=1e-5, rtol=1e-4)
            for found, wanted in zip(got, gradients_of(model), strict=True)
        )

    def test_without_dropout_it_is_plain_training(self):
        model, batch = build_model(), build_batch(LENGTHS)
        _, plain = take_step(model, batch, self.build_spec(magnitude=0.0))
        expected = gradients_of(model)
        _, loss = take_step(model, batch, self.build_spec(magnitude=5.0))
        assert float(loss) == pytest.approx(float(plain), abs=1e-6)
        assert all(
            torch.allclose(one, other, atol=1e-6) for one, other in zip(expected, gradients_of(model), strict=True)
        )
