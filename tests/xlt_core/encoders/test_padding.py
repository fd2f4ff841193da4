from dataclasses import replace

import pytest
import torch
from transformers import DebertaV2Config, MPNetConfig, XLMConfig

from tests.contracts.encoder_contract import EncoderContract
from tests.factories import build_batch
from xlt_core.errors import EncoderError


class TestDeberta(EncoderContract):
    config = DebertaV2Config(
        vocab_size=45,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        type_vocab_size=0,
        relative_attention=True,
        pos_att_type=["p2c", "c2p"],
        position_biased_input=False,
        pad_token_id=1,
        initializer_range=0.2,
    )
    packed = False


class TestXlm(EncoderContract):
    config = XLMConfig(
        vocab_size=45,
        emb_dim=16,
        n_layers=2,
        n_heads=2,
        max_position_embeddings=64,
        n_langs=3,
        use_lang_emb=True,
        lang2id={"de": 0, "en": 1, "fr": 2},
        id2lang={0: "de", 1: "en", 2: "fr"},
        pad_index=1,
        embed_init_std=0.2,
        init_std=0.2,
    )
    packed = False

    def plain_inputs(self, batch):
        return {"langs": torch.full((batch.num_sequences, max(batch.lengths)), 1)}

    def test_the_language_of_the_batch_decides_its_language_ids(self):
        encoder, plain = self.build()
        english = build_batch((7,))
        french = replace(english, language="fr")
        expected = plain(input_ids=french.input_ids, langs=torch.full((1, 7), 2)).last_hidden_state
        hidden = encoder.encode(french, encoder.embed(french))
        torch.testing.assert_close(hidden, expected, atol=1e-5, rtol=0)
        assert not torch.allclose(hidden, encoder.encode(english, encoder.embed(english)), atol=1e-3)

    def test_a_language_the_encoder_does_not_know_is_refused_by_name(self):
        encoder, _ = self.build()
        batch = replace(build_batch((7,)), language="sw")
        with pytest.raises(EncoderError, match=r"no language 'sw'.*has de, en, fr"):
            encoder.encode(batch, encoder.embed(batch))


class TestXlmWithoutLanguageEmbeddings(EncoderContract):
    """The 17- and 100-language XLM: one vocabulary, no language ids, any language."""

    config = XLMConfig(**{**TestXlm.config.to_dict(), "use_lang_emb": False})
    packed = False

    def test_a_language_it_does_not_list_is_read_all_the_same(self):
        encoder, _ = self.build()
        batch = replace(build_batch((7,)), language="sw")
        assert encoder.encode(batch, encoder.embed(batch)).isfinite().all()


class TestAModelTypeWithoutARow(EncoderContract):
    config = MPNetConfig(
        vocab_size=45,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.2,
        pad_token_id=1,
    )
    packed = False
