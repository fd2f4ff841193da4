"""The mini encoder: XLM-R's own classes, two layers of 64, so that a whole sweep fits on a laptop."""

import torch
from transformers import PreTrainedTokenizerBase, XLMRobertaConfig, XLMRobertaForMaskedLM

from xlt_core.streams import stream_seed


def build_mini_config(tokenizer: PreTrainedTokenizerBase) -> XLMRobertaConfig:
    """Describe the encoder. Dropout would slow learning: a text is seen once."""
    return XLMRobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=256,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        max_position_embeddings=tokenizer.model_max_length + tokenizer.pad_token_id + 1,
        type_vocab_size=1,
        initializer_range=0.1,  # the usual 0.02 is for wide layers and learns far slower here
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )


def build_mini_model(tokenizer: PreTrainedTokenizerBase, seed: int) -> XLMRobertaForMaskedLM:
    """Make the untrained encoder with its masked-language-model head; equal seeds give equal weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream_seed(seed, "pretrain_weights"))
        return XLMRobertaForMaskedLM(build_mini_config(tokenizer))
