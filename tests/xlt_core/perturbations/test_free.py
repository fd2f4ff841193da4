"""FreeLB: the contract, and whole steps against the algorithm written out in plain torch."""

import pytest
import torch

from tests.contracts.perturbation_contract import SiteContract, gradients_of, take_step
from tests.factories import build_batch, build_model
from xlt_core.perturbations.draws import draw_uniform
from xlt_core.perturbations.spec import PerturbationSpec, canonical_perturbation

LENGTHS = (5, 9, 4)
NUM_STEPS = 3


def loss_from(model, batch, embeddings) -> torch.Tensor:
    """Mean cross-entropy from word embeddings, by torch alone."""
    return torch.nn.functional.cross_entropy(model(batch, embeddings)[0], batch.labels[0])


def project(piece: torch.Tensor, norm: str, radius: float) -> torch.Tensor:
    if norm == "linf":
        return piece.clamp(-radius, radius)
    return piece * min(1.0, radius / max(float(piece.norm()), 1e-12))


class TestFreeLb(SiteContract):
    method = "freelb"

    @pytest.mark.parametrize("norm", ["l2", "linf"])
    @pytest.mark.parametrize("init_ratio", [0.0, 0.5, 1.7])
    def test_a_step_equals_the_algorithm_written_out(self, norm, init_ratio):
        """Algorithm 1 of Zhu et al. 2020, sequence by sequence; max norm 0.6, step 0.24."""
        model, batch = build_model(), build_batch(LENGTHS)
        spec = self.build_spec(unit="absolute", magnitude=0.6, norm=norm, step_ratio=0.4, init_ratio=init_ratio)
        context, loss = take_step(model, batch, spec)
        got = gradients_of(model)

        model.zero_grad(set_to_none=True)
        mask = batch.content_mask[0, :, None]
        pieces = []
        for piece, inside in zip(draw_uniform(context)[0].split(LENGTHS), mask.split(LENGTHS), strict=True):
            num_elements = 1.0 if norm == "linf" else float(inside.sum()) * 16
            pieces.append(project(inside * piece * init_ratio * 0.6 / num_elements**0.5, norm, 0.6))
        delta, expected_loss = torch.cat(pieces)[None], 0.0
        for number in range(NUM_STEPS):
            delta = delta.detach().requires_grad_()
            one = loss_from(model, batch, model.encoder.embed(batch) + delta) / NUM_STEPS
            one.backward()
            expected_loss += one.item()
            if number == NUM_STEPS - 1:
                break
            pieces = []
            for piece, slope in zip(
                delta[0].detach().split(LENGTHS), (delta.grad[0] * mask).split(LENGTHS), strict=True
            ):
                direction = slope.sign() if norm == "linf" else slope / slope.norm()
                pieces.append(project(piece + 0.24 * direction, norm, 0.6))
            delta = torch.cat(pieces)[None]

        assert torch.allclose(context.last_delta, delta, atol=1e-5)
        assert float(loss) == pytest.approx(expected_loss, abs=1e-5)
        assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(got, gradients_of(model), strict=True))

    def test_all_points_of_the_ascent_train_behind_the_encoder_too(self):
        """Losses of the head at every point, each over K, through one graph of the encoder."""
        model, batch = build_model(), build_batch(LENGTHS)
        context, loss = take_step(model, batch, self.build_spec(site="last_hidden", mask="non_pad"))
        got = gradients_of(model)
        model.zero_grad(set_to_none=True)
        hidden = model.encoder.encode(batch, model.encoder.embed(batch))
        losses = [
            torch.nn.functional.cross_entropy(model.head(hidden + (moved - hidden).detach(), batch)[0], batch.labels[0])
            for moved in context.inputs
        ]
        expected = torch.stack(losses).mean()
        expected.backward()
        assert len(losses) == NUM_STEPS
        assert float(loss) == pytest.approx(expected.item(), abs=1e-5)
        assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(got, gradients_of(model), strict=True))

    def test_the_realised_size_is_the_norm_over_that_of_what_is_disturbed(self):
        """Over all points of the ascent, as all of them train."""
        model, batch = build_model(), build_batch(LENGTHS)
        context, _ = self.take(model, batch, self.build_spec())
        clean, content = context.reach().detach()[0], batch.content_mask[0]
        deltas = [moved[0] - clean for moved in context.inputs]
        ratios = torch.cat([delta[content].norm(dim=-1) / clean[content].norm(dim=-1) for delta in deltas])
        assert len(deltas) == NUM_STEPS
        assert float(context.sizes.mean[0]) == pytest.approx(float(ratios.mean()), rel=1e-4)
        assert float(context.sizes.largest[0]) == pytest.approx(float(ratios.max()), rel=1e-4)

    def test_all_passes_share_their_dropout_masks_unless_asked_otherwise(self):
        """With next to no disturbance the passes differ by their masks alone."""
        model, batch = build_model(dropout=0.3), build_batch(LENGTHS)
        gaps = {}
        for dropout in ("same", "fresh"):
            spec = self.build_spec(magnitude=1e-7, dropout=dropout)
            _, loss = take_step(model, batch, spec)
            _, single = take_step(model, batch, spec.model_copy(update={"num_ascent_steps": 1}))
            gaps[dropout] = abs(float(loss) - float(single))
        assert gaps["same"] < 1e-6 < 1e-4 < gaps["fresh"]

    def test_the_size_of_the_start_is_part_of_its_identity(self):
        """The start is random by definition, so that its size always matters."""
        small, large = (
            canonical_perturbation(PerturbationSpec(method="freelb", magnitude=0.3, init_ratio=ratio))
            for ratio in (0.1, 0.9)
        )
        assert small != large


class TestFreeLbOfTokens(TestFreeLb):
    settings = {"dropout": "fresh"}  # noqa: RUF012
    test_a_step_equals_the_algorithm_written_out = None
    test_all_passes_share_their_dropout_masks_unless_asked_otherwise = None

    def build_spec(self, **changes):
        return super().build_spec(**({"granularity": "token"} | changes))
