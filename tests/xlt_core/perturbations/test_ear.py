"""EAR: the contract, and the loss written out in plain torch, sentence by sentence."""

from dataclasses import replace

import pytest
import torch

from tests.contracts.perturbation_contract import build_objective, gradients_of, take_step
from tests.factories import build_batch, build_model
from tests.xlt_core.perturbations.test_substitution import NeighborContract
from xlt_core.data.batch import IGNORED_LABEL, PackedBatch
from xlt_core.encoders.padding import PaddedEncoder
from xlt_core.errors import EncoderError
from xlt_core.perturbations import METHODS
from xlt_core.perturbations.ear import count_units
from xlt_core.perturbations.spec import PerturbationSpec

LENGTHS, OTHER_LENGTHS = (5, 9, 4), (7, 6, 4)


def exchange_words(batch: PackedBatch) -> PackedBatch:
    """Every word by the seventh after it; lengths and labels stay."""
    words = (batch.input_ids - 5 + 7) % 40 + 5
    return replace(batch, input_ids=torch.where(batch.content_mask, words, batch.input_ids))


def rewrite(batch: PackedBatch, shape: str) -> PackedBatch:
    """Sequences of other lengths; of tagged ones the labelled words stay."""
    other = build_batch(OTHER_LENGTHS, shape, first_key=20)
    return other if shape == "tagging" else replace(other, labels=batch.labels)


def attend_eagerly(model, batch: PackedBatch, layer: int) -> list[torch.Tensor]:
    """Attention probabilities of each sentence by transformers' eager code, (H, L, L)."""
    encoder = model.encoder
    encoder.model.set_attn_implementation("eager")
    try:
        return [
            encoder.model(input_ids=ids[None], output_attentions=True).attentions[layer][0]
            for ids in batch.input_ids[0].split(batch.lengths)
        ]
    finally:
        encoder.model.set_attn_implementation("xlt_packed")


def ear_loss(model, batch: PackedBatch, partner: PackedBatch, spec: PerturbationSpec, num_units: float):
    """The loss from its formulas."""
    total = torch.zeros(())
    for each in (partner, batch):
        logits = model(each, model.encoder.embed(each))[0]
        total = total + torch.nn.functional.cross_entropy(logits, each.labels[0], reduction="sum") / num_units
    entered = [
        model.encoder.embed_output(each, model.encoder.embed(each))[0].split(each.lengths) for each in (batch, partner)
    ]
    attended = [attend_eagerly(model, each, spec.attention_layer) for each in (batch, partner)]
    units = batch.labels[0].split(batch.lengths) if batch.labels.shape[1] > len(batch.lengths) else batch.labels[0]
    for index in range(len(batch.lengths)):
        weight = (units[index] != IGNORED_LABEL).sum() / num_units
        push = torch.nn.functional.mse_loss(entered[0][index].mean(0), entered[1][index].mean(0))
        longest = max(batch.lengths[index], partner.lengths[index])
        squares = [torch.nn.functional.pad(side[index], (0, longest - side[index].shape[1]) * 2) for side in attended]
        pull = torch.nn.functional.mse_loss(*squares)
        total = total + weight * (spec.pull_weight * pull - spec.push_weight * push)
    return total / 2


class TestEar(NeighborContract):
    method = "ear"
    trains_in_arrays = False
    settings = {"num_copies": 3, "attention_layer": 1}  # noqa: RUF012

    def make_partner(self, batch):
        return exchange_words(batch)

    @pytest.mark.parametrize("shape", ["pair", "tagging"])
    @pytest.mark.parametrize("layer", [0, 1])
    @pytest.mark.parametrize("weights", [(0.1, 1.0), (3.0, 0.0), (0.0, 50.0)])
    def test_loss_and_gradients_are_those_of_the_formulas(self, shape, layer, weights):
        """With lengths that differ between a copy and its original."""
        spec = self.build_spec(attention_layer=layer, push_weight=weights[0], pull_weight=weights[1])
        model, batch = build_model(shape), build_batch(LENGTHS, shape)
        partner = rewrite(batch, shape)
        _, loss = take_step(model, batch, spec, partner=partner)
        got = gradients_of(model)
        model.zero_grad(set_to_none=True)
        expected = ear_loss(model, batch, partner, spec, float(batch.num_units[0]))
        expected.backward()
        assert float(loss) == pytest.approx(expected.item(), abs=1e-5)
        assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(got, gradients_of(model), strict=True))

    def test_each_weight_changes_the_gradients(self):
        """And the pull lowers, the push raises with distance: their signs differ."""
        model, batch = build_model(), build_batch(LENGTHS)
        losses = {
            weights: float(self.take(model, batch, self.build_spec(push_weight=weights[0], pull_weight=weights[1]))[1])
            for weights in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))
        }
        assert losses[1.0, 0.0] < losses[0.0, 0.0] < losses[0.0, 1.0]

    def test_two_equal_texts_are_neither_pushed_nor_pulled(self):
        """Without dropout there is nothing between them, whatever the weights."""
        model, batch = build_model(), build_batch(LENGTHS)
        results = []
        for weights in ((0.0, 0.0), (9.0, 9.0)):
            spec = self.build_spec(push_weight=weights[0], pull_weight=weights[1])
            results.append(float(take_step(model, batch, spec, partner=batch)[1]))
        assert results[0] == results[1]

    def test_a_trials_weights_are_its_own_in_an_array(self):
        model = build_model()
        specs = [self.build_spec(), self.build_spec(push_weight=2.0, pull_weight=30.0)]
        array = self.run_array(model, specs)
        for place, spec in enumerate(specs):
            alone = self.run_array(model, [spec], only=place)
            assert torch.allclose(array.array_loss[place], alone.array_loss[0], atol=1e-5)

    def test_a_layer_that_the_encoder_does_not_have_is_named(self):
        objective = build_objective(self.build_spec(attention_layer=5))
        with pytest.raises(EncoderError, match=r"attention_layer 5: this encoder has 2 layers"):
            objective.backward(0)

    def test_a_trial_of_magnitude_zero_takes_the_plain_step_in_an_array_too(self):
        """Its copies are its originals."""
        self.make_partner = lambda batch: batch
        super().test_a_trial_of_magnitude_zero_takes_the_plain_step_in_an_array_too()

    test_a_padded_encoder_leaves_the_gradients_that_a_packed_one_leaves = None

    def test_a_padded_encoder_is_refused(self):
        model = build_model()
        model.encoder = PaddedEncoder(model.encoder.model, model.encoder.tokenizer)
        with pytest.raises(EncoderError, match="an encoder of a type such as bert"):
            self.take(model, build_batch(LENGTHS), self.build_spec())

    def test_the_defaults_are_those_of_the_released_scripts(self):
        spec = PerturbationSpec(method="ear", magnitude=1.0, neighbors="x.json")
        assert (spec.push_weight, spec.pull_weight, spec.attention_layer) == (0.1, 1.0, 5)
        assert METHODS["ear"].size_kind == "words"

    def test_sentences_count_by_their_labelled_words(self):
        batch = build_batch(LENGTHS, "tagging")
        assert count_units(batch).tolist() == [[3.0, 7.0, 2.0]]
        assert count_units(build_batch(LENGTHS)).tolist() == [[1.0, 1.0, 1.0]]
