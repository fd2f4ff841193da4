"""Mixup: the contract, the laws of shares and partners, and losses against mixtures written out."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.contracts.perturbation_contract import (
    PerturbationContract,
    build_objective,
    gradients_of,
    make_step,
    take_step,
)
from tests.factories import build_batch, build_model
from xlt_core.heads import pool_sequences
from xlt_core.perturbations.base import build_perturbation
from xlt_core.perturbations.mixup import find_differences
from xlt_core.perturbations.spec import PerturbationSpec
from xlt_core.spec import ModelSpec

LENGTHS = (5, 9, 4)
PARTNERS = (8, 3, 4)


def reorder(batch, order):
    """A packed batch with its sequences in another order, for every trial of an array."""
    pieces = {
        name: getattr(batch, name).split(batch.lengths, 1) for name in ("input_ids", "token_type_ids", "content_mask")
    }
    return replace(
        batch,
        lengths=tuple(batch.lengths[place] for place in order),
        labels=batch.labels[:, order],
        example_keys=tuple(batch.example_keys[place] for place in order),
        **{name: torch.cat([split[place] for place in order], 1) for name, split in pieces.items()},
    )


def mix_by_hand(model, batch, partner, shares) -> torch.Tensor:
    """The loss of mixed examples one by one, token by token."""
    losses = []
    for place, share in enumerate(shares):
        own, other = reorder(batch, [place]), reorder(partner, [place])
        beside = model.encoder.word_embedding(other.input_ids[0])
        mixed = [
            share * embedding + (1 - share) * beside[index] if index < len(beside) else embedding
            for index, embedding in enumerate(model.encoder.word_embedding(own.input_ids[0]))
        ]
        logits = model(own, torch.stack(mixed)[None])[0]
        for weight, one in ((share, own), (1 - share, other)):
            losses.append(weight * torch.nn.functional.cross_entropy(logits, one.labels[0]))
    return torch.stack(losses).sum() / len(shares)


class TestMixup(PerturbationContract):
    method = "mixup"

    def make_partner(self, batch):
        return reorder(batch, [*range(1, batch.num_sequences), 0])

    def test_the_loss_and_gradients_are_those_of_mixtures_made_one_by_one(self):
        model, batch, partner = build_model(), build_batch(LENGTHS), build_batch(PARTNERS, first_key=20)
        spec = self.build_spec(magnitude=1.0)
        context, loss = take_step(model, batch, spec, partner=partner)
        got = gradients_of(model)
        shares = build_perturbation([spec]).draw_shares(context)[0, :, 0].tolist()
        model.zero_grad(set_to_none=True)
        expected = mix_by_hand(model, batch, partner, shares)
        expected.backward()
        assert min(shares) < 0.95
        assert float(loss) == pytest.approx(expected.item(), abs=1e-5)
        assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(got, gradients_of(model), strict=True))

    @pytest.mark.parametrize("pooling", ["first", "mean"])
    def test_behind_the_encoder_the_pooled_vectors_are_mixed(self, pooling):
        model = build_model(model=ModelSpec(pooling=pooling, head_dropout=0.0))
        batch, partner = build_batch(LENGTHS), build_batch(PARTNERS, first_key=20)
        spec = self.build_spec(site="last_hidden", magnitude=1.0)
        context, loss = take_step(model, batch, spec, partner=partner)
        shares = build_perturbation([spec]).draw_shares(context)[0]
        own, other = (
            pool_sequences(model.encoder.encode(one, model.encoder.embed(one)), one.layout, pooling)[0]
            for one in (batch, partner)
        )
        head = model.head
        logits = head.output(torch.tanh(head.dense(shares * own + (1 - shares) * other)))
        losses = [
            torch.nn.functional.cross_entropy(logits, one.labels[0], reduction="none") for one in (batch, partner)
        ]
        expected = (shares[:, 0] * losses[0] + (1 - shares[:, 0]) * losses[1]).mean()
        assert float(loss) == pytest.approx(expected.item(), abs=1e-5)
        assert (context.num_forwards, context.num_backwards, context.num_weight_gradients) == (2, 2, 2)
        assert build_perturbation([spec]).cost() == (2, 2, 2)

    def test_the_embedding_output_is_mixed_when_asked(self):
        """With positions and layer norm behind both sides before they are mixed."""
        model, batch, partner = build_model(), build_batch((6, 6)), build_batch((6, 6), first_key=20)
        spec = self.build_spec(site="embedding_output", magnitude=1.0)
        context, loss = take_step(model, batch, spec, partner=partner)
        shares = build_perturbation([spec]).draw_shares(context)[0].repeat_interleave(6, 0)
        own, other = (model.encoder.embed_output(one, model.encoder.embed(one)) for one in (batch, partner))
        logits = model.head(model.encoder.encode_output(batch, shares * own + (1 - shares) * other), batch)
        losses = [
            torch.nn.functional.cross_entropy(logits[0], one.labels[0], reduction="none") for one in (batch, partner)
        ]
        expected = (shares[::6, 0] * losses[0] + (1 - shares[::6, 0]) * losses[1]).mean()
        assert float(loss) == pytest.approx(expected.item(), abs=1e-5)

    @pytest.mark.parametrize("magnitude", [0.2, 1.0, 4.0])
    def test_shares_follow_the_larger_side_of_a_beta_law(self, magnitude):
        batch = build_batch((3,) * 800)
        spec = self.build_spec(magnitude=magnitude)
        shares = build_perturbation([spec]).draw_shares(make_step(build_model(), batch, spec))[0, :, 0].numpy()
        beta = stats.beta(magnitude, magnitude)
        assert stats.kstest(shares, lambda share: beta.cdf(share) - beta.cdf(1 - share)).pvalue > 0.01

    def test_shares_are_keyed_by_seed_step_and_example_alone(self):
        spec, model = self.build_spec(), build_model()
        draw = build_perturbation([spec]).draw_shares
        together = draw(make_step(model, build_batch(LENGTHS), spec))
        assert torch.equal(draw(make_step(model, build_batch((9,), first_key=1), spec)), together[:, 1:2])
        for change in ({"seeds": (2,)}, {"step": 9}):
            assert not torch.equal(draw(make_step(model, build_batch(LENGTHS), spec, **change)), together)

    def test_a_trial_of_an_array_with_magnitude_zero_is_left_as_it_is(self):
        specs, model = [self.build_spec(), self.build_spec(magnitude=0.0)], build_model()
        step = make_step(model, build_batch(LENGTHS), specs[0], seeds=(1, 1))
        mixed, plain = build_perturbation(specs).draw_shares(step)
        assert torch.equal(plain, torch.ones_like(plain))
        assert not torch.equal(mixed, plain)

    def test_partners_are_the_examples_of_the_step_in_an_order_of_the_seed_and_the_step(self):
        perturbation, rows = build_perturbation([self.build_spec()]), np.arange(100, 132)
        partners = perturbation.partner_rows(rows, 500, seed=0, step=3)
        assert sorted(partners) == rows.tolist()
        assert np.array_equal(partners, perturbation.partner_rows(rows, 500, seed=0, step=3))
        for seed, step in ((1, 3), (0, 4)):
            assert not np.array_equal(partners, perturbation.partner_rows(rows, 500, seed=seed, step=step))

    def test_a_tiny_magnitude_is_plain_training(self):
        """Beta(a, a) with a near 0 gives 0 or 1, so that nothing is mixed."""
        model, batch = build_model(), build_batch(LENGTHS)
        _, plain = take_step(model, batch, PerturbationSpec())
        _, loss = take_step(model, batch, self.build_spec(magnitude=1e-4), partner=self.make_partner(batch))
        assert float(loss) == pytest.approx(float(plain), abs=1e-6)

    def test_the_realised_size_is_the_norm_of_the_change_over_that_of_the_example(self):
        model, batch, partner = build_model(), build_batch((5, 9)), build_batch((8, 3), first_key=20)
        spec = self.build_spec(magnitude=1.0)
        context, _ = take_step(model, batch, spec, partner=partner)
        shares = build_perturbation([spec]).draw_shares(context)[0, :, 0].tolist()
        ratios = []
        for place, share in enumerate(shares):
            own, other = (model.encoder.word_embedding(reorder(one, [place]).input_ids[0]) for one in (batch, partner))
            for index, embedding in enumerate(own):
                beside = other[index] if index < len(other) else embedding
                ratios.append(((1 - share) * (beside - embedding)).norm().item() / embedding.norm().item())
        assert float(context.sizes.mean[0]) == pytest.approx(np.mean(ratios), rel=1e-4)
        assert float(context.sizes.largest[0]) == pytest.approx(np.max(ratios), rel=1e-4)

    def test_fine_tuning_logs_a_size_and_no_loss_gap(self):
        log = build_objective(self.build_spec(), micro_batch_size=2).backward(1)
        assert float(log["size_mean"]) > 0
        assert "loss_gap" not in log


class TestMixupOfHiddenStates(TestMixup):
    settings = {"site": "last_hidden"}  # noqa: RUF012
    test_the_loss_and_gradients_are_those_of_mixtures_made_one_by_one = None
    test_the_realised_size_is_the_norm_of_the_change_over_that_of_the_example = None


pairs_of_lengths = st.lists(st.tuples(st.integers(3, 9), st.integers(3, 9)), min_size=1, max_size=5)


@given(pairs=pairs_of_lengths)
def test_tokens_are_compared_place_by_place_with_those_of_the_partner(pairs):
    own, other = (tuple(lengths) for lengths in zip(*pairs, strict=True))
    generator = torch.Generator().manual_seed(0)
    clean, beside = (torch.randn(2, sum(lengths), 3, generator=generator) for lengths in (own, other))
    differences = find_differences(clean, build_batch(own), beside, build_batch(other))
    for piece, mine, partner in zip(
        *(tensor.split(sizes, 1) for tensor, sizes in ((differences, own), (clean, own), (beside, other))), strict=True
    ):
        for index in range(piece.shape[1]):
            expected = partner[:, index] - mine[:, index] if index < partner.shape[1] else torch.zeros(2, 3)
            assert torch.equal(piece[:, index], expected)
