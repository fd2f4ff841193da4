"""Observed attention against transformers' own, on one sentence after the other."""

import copy

import pytest
import torch
from transformers import ElectraConfig, XLMRobertaConfig

from tests.contracts.encoder_contract import build_plain_model, build_typed_batch
from tests.factories import build_tokenizer
from tests.xlt_core.encoders.test_packing import SIZES
from xlt_core.encoders.loading import wrap_encoder
from xlt_core.encoders.padding import PaddedEncoder
from xlt_core.errors import EncoderError

LENGTHS = (5, 23, 16, 3)
CONFIGS = {
    "xlm-roberta": XLMRobertaConfig(**SIZES, type_vocab_size=1),
    "electra": ElectraConfig(**SIZES, embedding_size=8, type_vocab_size=1),
}


def build(kind: str = "xlm-roberta"):
    plain = build_plain_model(CONFIGS[kind])
    return wrap_encoder(copy.deepcopy(plain), build_tokenizer()).eval(), plain


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("layer", [0, 1])
def test_it_is_what_transformers_gives_for_each_sentence_and_0_elsewhere(kind, layer):
    encoder, plain = build(kind)
    batch = build_typed_batch(LENGTHS)
    with torch.no_grad(), encoder.observe_attention(layer) as observer:
        encoder.encode(batch, encoder.embed(batch))
    observed = observer.probabilities(width=30)
    assert observed.shape == (1, len(LENGTHS), 2, 30, 30)
    for key, length in enumerate(LENGTHS):
        alone = build_typed_batch((length,), first_key=key)
        with torch.no_grad():
            expected = plain(input_ids=alone.input_ids, output_attentions=True).attentions[layer][0]
        torch.testing.assert_close(observed[0, key, :, :length, :length], expected, atol=1e-5, rtol=0)
        assert observed[0, key].sum() == pytest.approx(2 * length, abs=1e-3), "nothing beside the tokens"


def test_gradients_flow_through_it_as_through_transformers_own():
    encoder, plain = build()
    batch = build_typed_batch((7,))
    inputs = [encoder.embed(batch).detach().requires_grad_() for _ in range(2)]
    with encoder.observe_attention(1) as observer:
        encoder.encode(batch, inputs[0])
    ours = observer.probabilities(width=7)[0, 0]
    theirs = plain(inputs_embeds=inputs[1], output_attentions=True).attentions[1][0]
    for probabilities in (ours, theirs):
        probabilities.square().sum().backward()
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad, atol=1e-5, rtol=0)
    assert inputs[0].grad.abs().max() > 1e-3


def test_looking_changes_nothing_and_ends_with_its_context():
    encoder, _ = build()
    batch = build_typed_batch(LENGTHS)
    with torch.no_grad():
        unseen = encoder.encode(batch, encoder.embed(batch))
        with encoder.observe_attention(0) as observer:
            assert torch.equal(encoder.encode(batch, encoder.embed(batch)), unseen)
        seen = observer.probabilities(width=30)
        other = build_typed_batch((4, 9))
        encoder.encode(other, encoder.embed(other))
    assert torch.equal(observer.probabilities(width=30), seen)


def test_a_layer_that_is_not_there_is_refused():
    encoder, _ = build()
    with (
        pytest.raises(EncoderError, match="attention_layer 2: this encoder has 2 layers"),
        encoder.observe_attention(2),
    ):
        pass


def test_an_encoder_that_goes_padded_shows_no_attention():
    encoder, _ = build()
    padded = PaddedEncoder(encoder.model, encoder.tokenizer)
    with pytest.raises(EncoderError, match="does not show its attention"), padded.observe_attention(0):
        pass
