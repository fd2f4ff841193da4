"""The mini encoder: the contract of all encoders, and its size."""

from tests.contracts.encoder_contract import EncoderContract
from tests.factories import build_tokenizer
from xlt_core.encoders.mini import build_mini_config, build_mini_model


class TestMini(EncoderContract):
    config = build_mini_config(build_tokenizer())
    packed = True


def test_the_head_is_tied_to_the_word_embeddings():
    model = build_mini_model(build_tokenizer(), seed=0)
    assert model.lm_head.decoder.weight is model.roberta.embeddings.word_embeddings.weight


def test_it_takes_as_many_tokens_as_its_tokenizer_allows():
    tokenizer = build_tokenizer()
    config = build_mini_config(tokenizer)
    assert config.max_position_embeddings - config.pad_token_id - 1 == tokenizer.model_max_length
