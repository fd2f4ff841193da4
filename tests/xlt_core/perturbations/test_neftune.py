"""NEFTune: the contract, and the scale of its noise."""

import pytest
import torch
from scipy import stats

from tests.contracts.perturbation_contract import SiteContract, take_step
from tests.factories import build_batch, build_model
from xlt_core.perturbations.spec import PerturbationSpec

MANY = (30,) * 60


class TestNeftune(SiteContract):
    method = "neftune"
    magnitude = 5.0

    def test_elements_are_uniform_over_the_root_of_length_times_width(self):
        context, _ = take_step(build_model(), build_batch(MANY), self.build_spec())
        bound = 5.0 / (30 * 16) ** 0.5
        elements = context.last_delta[0].flatten().numpy()
        assert stats.kstest(elements, stats.uniform(-bound, 2 * bound).cdf).pvalue > 0.01

    @pytest.mark.parametrize("length", [4, 12, 30])
    def test_the_norm_of_a_sequence_is_about_alpha_over_the_root_of_three_whatever_its_length(self, length):
        context, _ = take_step(build_model(), build_batch((length,) * 60), self.build_spec())
        norms = context.last_delta[0].view(60, -1).norm(dim=-1)
        assert norms.mean() == pytest.approx(5.0 / 3**0.5, rel=0.03)

    def test_longer_sequences_in_the_batch_do_not_change_the_scale(self):
        """Where the padded length is taken, the first sequence's noise shrinks beside the second."""
        model = build_model()
        alone, _ = take_step(model, build_batch((6,)), self.build_spec())
        beside, _ = take_step(model, build_batch((6, 40)), self.build_spec())
        assert torch.allclose(beside.last_delta[:, :6], alone.last_delta, atol=1e-6)

    def test_with_special_tokens_left_out_the_length_is_that_of_the_rest(self):
        context, _ = take_step(build_model(), build_batch(MANY), self.build_spec(mask="content"))
        norms = context.last_delta[0].view(len(MANY), -1).norm(dim=-1)
        assert norms.mean() == pytest.approx(5.0 / 3**0.5, rel=0.03)
        assert context.last_delta.abs().max() <= 5.0 / (28 * 16) ** 0.5 * (1 + 1e-6)

    def test_another_site_is_refused(self):
        with pytest.raises(ValueError, match="site 'word_embedding' by definition"):
            PerturbationSpec(method="neftune", magnitude=5.0, site="last_hidden")


class TestNeftuneInRelativeUnits(SiteContract):
    method = "neftune"
    settings = {"unit": "relative"}  # noqa: RUF012

    def test_a_token_is_moved_by_about_the_same_share_of_its_norm_at_every_length(self):
        for length in (5, 40):
            context, _ = take_step(build_model(), build_batch((length,) * 40), self.build_spec())
            norms = context.last_delta[0].norm(dim=-1)
            assert norms.mean() == pytest.approx(0.3 * context.site_norm / 3**0.5, rel=0.05)
