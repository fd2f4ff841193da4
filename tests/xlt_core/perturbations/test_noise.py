"""Random noise: the contract, and the laws it is drawn from."""

import numpy as np
import pytest
import torch
from scipy import stats

from tests.contracts.perturbation_contract import PerturbationContract, SiteContract, take_step
from tests.factories import build_batch, build_model

MANY = (30,) * 40
"""Forty sequences of 28 words each."""


class TestGaussian(SiteContract):
    method = "gaussian"
    is_bounded = False

    def draw(self, lengths=MANY, **changes) -> tuple[torch.Tensor, torch.Tensor]:
        """The noise at content positions, (words, 16), and the sequence of each."""
        batch = build_batch(lengths)
        context, _ = take_step(build_model(), batch, self.build_spec(unit="absolute", magnitude=2.0, **changes))
        owners = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
        return context.last_delta[0, batch.content_mask[0]], owners[batch.content_mask[0]]

    def test_elements_are_normal(self):
        noise, _ = self.draw()
        assert stats.kstest(noise.flatten().numpy() / (2.0 / 4.0), "norm").pvalue > 0.01

    @pytest.mark.parametrize("granularity", ["token", "sequence", "batch"])
    def test_the_root_mean_square_norm_of_a_group_is_the_magnitude(self, granularity):
        noise, owners = self.draw(granularity=granularity)
        per_word = noise.square().sum(-1)
        squares = {
            "token": per_word,
            "sequence": torch.zeros(len(MANY)).index_add(0, owners, per_word),
            "batch": per_word.sum()[None],
        }[granularity]
        spread = {"token": 0.03, "sequence": 0.03, "batch": 0.03}[granularity]
        assert squares.mean().sqrt() == pytest.approx(2.0, rel=spread)

    def test_with_linf_the_magnitude_is_the_standard_deviation(self):
        noise, _ = self.draw(norm="linf")
        assert noise.std() == pytest.approx(2.0, rel=0.03)

    def test_another_step_draws_other_noise(self):
        model, batch = build_model(), build_batch(MANY)
        one, _ = take_step(model, batch, self.build_spec(), step=1)
        two, _ = take_step(model, batch, self.build_spec(), step=2)
        correlation = np.corrcoef(one.last_delta.flatten(), two.last_delta.flatten())[0, 1]
        assert abs(correlation) < 0.02

    def test_a_relative_magnitude_is_in_units_of_the_mean_embedding_norm(self):
        model, batch = build_model(), build_batch(MANY)
        context, _ = take_step(model, batch, self.build_spec(magnitude=0.5))
        table = model.encoder.word_embedding.weight.detach()
        norms = torch.cat([table[:1], table[2:]]).norm(dim=-1)
        words = context.last_delta[0, batch.content_mask[0]]
        assert words.square().sum(-1).mean().sqrt() == pytest.approx(0.5 * float(norms.mean()), rel=0.03)


class TestUniformBall(SiteContract):
    method = "uniform"

    @pytest.mark.parametrize(("granularity", "num_words"), [("token", 1), ("sequence", 28)])
    def test_the_norm_of_a_group_follows_the_law_of_a_uniform_ball(self, granularity, num_words):
        """In n dimensions the norm over the radius, to the power n, is uniform."""
        batch = build_batch(MANY * 3)
        spec = self.build_spec(granularity=granularity, unit="absolute", magnitude=1.5)
        context, _ = take_step(build_model(), batch, spec)
        words = context.last_delta[0, batch.content_mask[0]]
        groups = words.view(-1, num_words * 16)
        ratio = (groups.double().norm(dim=-1) / 1.5).numpy()
        assert stats.kstest(ratio ** (num_words * 16), "uniform").pvalue > 0.01

    def test_in_linf_elements_are_uniform(self):
        batch = build_batch(MANY)
        context, _ = take_step(build_model(), batch, self.build_spec(norm="linf", unit="absolute", magnitude=1.5))
        elements = context.last_delta[0, batch.content_mask[0]].flatten().numpy()
        assert stats.kstest(elements, stats.uniform(-1.5, 3.0).cdf).pvalue > 0.01


class TestSeveralSamples(SiteContract):
    method = "uniform"
    settings = {"num_samples": 3}  # noqa: RUF012

    def test_the_loss_is_the_mean_over_the_samples(self):
        model, batch = build_model(), build_batch((5, 9))
        context, loss = take_step(model, batch, self.build_spec())
        losses = [float(context.loss(context.finish(noisy)).detach()) for noisy in list(context.inputs)]
        assert len(losses) == 3
        assert float(loss) == pytest.approx(np.mean(losses), abs=1e-5)

    def test_behind_the_encoder_only_the_head_runs_several_times(self):
        context, loss = take_step(build_model(), build_batch((5, 9)), self.build_spec(site="last_hidden"))
        assert (context.num_forwards, context.num_backwards) == (1, 1)
        losses = [float(context.loss(context.model.head(noisy, context.batch)).detach()) for noisy in context.inputs]
        assert float(loss) == pytest.approx(np.mean(losses), abs=1e-5)


class TestPlain(PerturbationContract):
    method = "none"
    test_a_magnitude_changes_the_gradients = None
