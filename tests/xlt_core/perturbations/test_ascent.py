"""Adversarial disturbances: the contract, and the gradients against finite differences."""

import pytest
import torch

from tests.contracts.perturbation_contract import SITES, RecordingStep, SiteContract, gradients_of, take_step
from tests.factories import build_batch, build_model, stack_batches
from xlt_core.data.batch import IGNORED_LABEL
from xlt_core.perturbations.base import build_perturbation
from xlt_core.perturbations.spec import PerturbationSpec

LENGTHS = (5, 9, 4)


def plain_loss(model, batch, embeddings) -> torch.Tensor:
    """Mean cross-entropy from word embeddings, by torch alone."""
    return torch.nn.functional.cross_entropy(model(batch, embeddings)[0], batch.labels[0])


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


class TestFgm(SiteContract):
    method = "fgm"
    settings = {"granularity": "token", "clean_weight": 0.0}  # noqa: RUF012
    is_random = False

    @pytest.mark.parametrize("position", [1, 3, 7, 15])
    def test_the_direction_is_that_of_the_gradient_by_finite_differences(self, position):
        model, batch = build_model(), build_batch(LENGTHS)
        context, _ = take_step(model, batch, self.build_spec(unit="absolute", magnitude=0.2))
        delta = context.last_delta[0, position].double()
        gradient = differentiate_numerically(model, batch, position)
        assert torch.allclose(delta, 0.2 * gradient / gradient.norm(), atol=1e-4)

    def test_it_lies_on_the_surface_of_the_ball(self):
        batch = build_batch(LENGTHS)
        context, _ = take_step(build_model(), batch, self.build_spec(unit="absolute", magnitude=0.2))
        norms = context.last_delta[0, batch.content_mask[0]].norm(dim=-1)
        assert torch.allclose(norms, torch.full_like(norms, 0.2), atol=1e-5)

    def test_it_trains_on_the_disturbed_loss_and_the_clean_one_by_their_weights(self):
        """Against plain autograd through the noted disturbance."""
        model, batch, spec = build_model(), build_batch(LENGTHS), self.build_spec()
        context, loss = take_step(model, batch, spec)
        got = gradients_of(model)
        model.zero_grad(set_to_none=True)
        embeddings = model.encoder.embed(batch)
        disturbed = plain_loss(model, batch, embeddings + context.last_delta)
        weight = spec.clean_weight
        expected = (disturbed + weight * plain_loss(model, batch, embeddings)) / (1.0 + weight)
        expected.backward()
        assert float(loss) == pytest.approx(expected.item(), abs=1e-5)
        assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(got, gradients_of(model), strict=True))


class TestFgmWithCleanLoss(TestFgm):
    settings = {"granularity": "token", "clean_weight": 0.5}  # noqa: RUF012


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("shape", ["pair", "tagging"])
@pytest.mark.parametrize("method", ["fgm", "fgsm", "pgd"])
def test_both_losses_train_by_their_weights_at_every_site(method, shape, site):
    """Against plain autograd from the site on, through the noted disturbance."""
    model, batch = build_model(shape), build_batch(LENGTHS, shape)
    spec = PerturbationSpec(method=method, magnitude=0.3, clean_weight=0.5, site=site, mask="non_pad")
    context, loss = take_step(model, batch, spec)
    got = gradients_of(model)
    model.zero_grad(set_to_none=True)
    encoder, head = model.encoder, model.head
    embeddings = encoder.embed(batch)
    entered = encoder.embed_output(batch, embeddings)
    clean, go_on = {
        "word_embedding": (embeddings, lambda moved: model(batch, moved)),
        "embedding_output": (entered, lambda moved: head(encoder.encode_output(batch, moved), batch)),
        "last_hidden": (encoder.encode_output(batch, entered), lambda moved: head(moved, batch)),
    }[site]
    losses = [
        torch.nn.functional.cross_entropy(go_on(each)[0], batch.labels[0], ignore_index=IGNORED_LABEL)
        for each in (clean, clean + context.last_delta)
    ]
    expected = (0.5 * losses[0] + losses[1]) / 1.5
    expected.backward()
    assert losses[1].item() > losses[0].item() + 1e-3
    assert float(loss) == pytest.approx(expected.item(), abs=1e-5)
    assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(got, gradients_of(model), strict=True))


@pytest.mark.parametrize("method", ["fgm", "fgsm", "pgd"])
@pytest.mark.parametrize("weights", [(0.0, 0.5), (0.5, 1e-20), (0.5, 2.0)])
def test_trials_of_an_array_have_their_own_weight_of_the_clean_loss_and_lose_no_disturbance(method, weights):
    """Even where the clean loss of one has no weight, so that its training leaves no gradient."""
    specs = [PerturbationSpec(method=method, magnitude=0.3, clean_weight=weight) for weight in weights]
    model, batch = build_model(), build_batch(LENGTHS)
    array = RecordingStep(model, stack_batches([batch] * 2), seeds=(1, 1), step=3, spec=specs[0], site_norm=1.0)
    losses = build_perturbation(specs).run(array)
    gradients = gradients_of(model)
    assert (array.num_forwards, array.num_backwards, array.num_weight_gradients) == build_perturbation(specs).cost()
    model.zero_grad(set_to_none=True)
    for place, spec in enumerate(specs):
        alone = RecordingStep(model, batch, seeds=(1,), step=3, spec=spec, site_norm=1.0)
        loss = build_perturbation([spec]).run(alone)
        assert torch.allclose(array.last_delta[place], alone.last_delta[0], atol=1e-5)
        assert float(losses[place]) == pytest.approx(float(loss[0]), abs=1e-5)
        assert float(alone.last_delta.norm()) > 0.5
    assert all(torch.allclose(one, other, atol=2e-5) for one, other in zip(gradients_of(model), gradients, strict=True))


class TestFgsm(SiteContract):
    method = "fgsm"
    is_random = False
    min_bfloat16_cosine = 0.9  # a sign turns where the gradient is nearly 0

    def test_it_is_the_sign_of_the_gradient(self):
        model, batch = build_model(), build_batch(LENGTHS)
        context, _ = take_step(model, batch, self.build_spec(unit="absolute", magnitude=0.2))
        gradient = differentiate_numerically(model, batch, 3)
        clear = gradient.abs() > 1e-6
        assert torch.allclose(context.last_delta[0, 3, clear].double(), 0.2 * gradient[clear].sign(), atol=1e-6)


class TestPgd(SiteContract):
    method = "pgd"
    is_random = False

    @pytest.mark.parametrize("norm", ["l2", "linf"])
    def test_it_equals_projected_ascent_written_out(self, norm):
        """Per sequence, against an eager re-derivation from Madry et al. 2018."""
        model, batch = build_model(), build_batch(LENGTHS)
        spec = self.build_spec(unit="absolute", magnitude=0.4, norm=norm, granularity="sequence", num_ascent_steps=4)
        context, _ = take_step(model, batch, spec)
        clean = model.encoder.embed(batch).detach()
        delta, mask = torch.zeros_like(clean), batch.content_mask[..., None]
        for _ in range(4):
            delta = delta.detach().requires_grad_()
            plain_loss(model, batch, clean + delta).backward()
            pieces = []
            for moved, slope in zip(
                delta.detach().split(LENGTHS, 1), (delta.grad * mask).split(LENGTHS, 1), strict=True
            ):
                if norm == "linf":
                    pieces.append((moved + 0.5 * 0.4 * slope.sign()).clamp(-0.4, 0.4))
                else:
                    new = moved + 0.5 * 0.4 * slope / slope.norm()
                    pieces.append(new * min(1.0, 0.4 / float(new.norm())))
            delta = torch.cat(pieces, 1)
        assert torch.allclose(context.last_delta, delta, atol=1e-5)

    def test_more_steps_raise_the_loss(self):
        model, batch = build_model(), build_batch(LENGTHS)
        losses = [float(take_step(model, batch, self.build_spec(num_ascent_steps=steps))[1]) for steps in (1, 8)]
        _, plain = take_step(model, batch, self.build_spec(magnitude=0.0))
        assert float(plain) < losses[0] < losses[1]


class TestPgdFromARandomStartWithCleanLoss(SiteContract):
    method = "pgd"
    settings = {"init": "uniform", "clean_weight": 1.0, "num_ascent_steps": 2}  # noqa: RUF012


class TestPgdFromAGaussianStart(SiteContract):
    method = "pgd"
    settings = {"init": "gaussian", "init_ratio": 0.2}  # noqa: RUF012

    def test_without_steps_to_speak_of_it_stays_at_its_start(self):
        """A start of 0.2 times the radius, in root mean square, moved by next to nothing."""
        spec = self.build_spec(unit="absolute", magnitude=1.0, step_ratio=1e-6)
        context, _ = take_step(build_model(), build_batch((30,) * 40), spec)
        norms = context.last_delta[0].norm(dim=-1)
        assert norms[norms > 0].square().mean().sqrt() == pytest.approx(0.2, rel=0.05)
