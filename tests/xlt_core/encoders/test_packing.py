from transformers import BertConfig, RobertaConfig, XLMRobertaConfig

from tests.contracts.encoder_contract import EncoderContract, pad_rows

SIZES = {
    "vocab_size": 45,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
    "initializer_range": 0.2,
    "pad_token_id": 1,
}


class TestXlmRoberta(EncoderContract):
    config = XLMRobertaConfig(**SIZES, type_vocab_size=1)
    packed = True

    def test_positions_that_padding_takes_are_not_usable(self):
        assert self.build()[0].max_length == 62


class TestRobertaWithSegmentIds(EncoderContract):
    config = RobertaConfig(**SIZES, type_vocab_size=2)
    packed = True

    def plain_inputs(self, batch):
        return {"token_type_ids": pad_rows(batch.token_type_ids[0], batch.lengths)}


class TestBert(EncoderContract):
    """Multilingual BERT is one: segment ids tell first and second text apart."""

    config = BertConfig(**SIZES, type_vocab_size=2)
    packed = True

    def plain_inputs(self, batch):
        return {"token_type_ids": pad_rows(batch.token_type_ids[0], batch.lengths)}
