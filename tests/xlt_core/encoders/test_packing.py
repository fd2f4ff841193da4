"""Encoders that read packed batches: the contract, and what an array's masks have to know."""

import torch
from transformers import BertConfig, RobertaConfig, XLMRobertaConfig

from tests.contracts.encoder_contract import EncoderContract, pad_rows
from tests.factories import build_batch, build_model
from xlt_core.arrays.stacking import ModelStack
from xlt_core.data.batch import PackedBatch, stack_members
from xlt_core.model import TrialModel

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


def encode(model: TrialModel, batch: PackedBatch, seeds: tuple[int, ...]) -> torch.Tensor:
    model.train()
    model.seed_dropout(seeds)
    return model.encoder.encode(batch, model.encoder.embed(batch)).detach()


def test_a_trial_of_an_array_draws_its_own_masks_whatever_the_lengths_of_the_pass_before():
    """The second batch's longest row is as long as that of the first, where it was another trial's."""
    models = [build_model(dropout=0.3, seed=seed) for seed in (0, 1)]
    steps = [((5, 4), (8, 9)), ((9, 8), (6, 6)), ((3, 3), (4, 4))]
    alone = [[encode(models[seed], build_batch(rows[seed]), (seed,)) for seed in (0, 1)] for rows in steps]
    stack = ModelStack(models)
    for rows, expected in zip(steps, alone, strict=True):
        found = encode(stack.model, stack_members([build_batch(lengths) for lengths in rows]), (0, 1))
        for own, known in zip(found, expected, strict=True):
            torch.testing.assert_close(own[: known.shape[1]], known[0], atol=1e-6, rtol=0)
