"""The mini encoder: XLM-R's own classes, two layers of 64, so that a whole sweep fits on a laptop."""

import torch
from transformers import PreTrainedTokenizerBase, XLMRobertaConfig, XLMRobertaForMaskedLM

from xlt_core.encoders.configuration import MINI_SETTINGS
from xlt_core.streams import stream_seed


def build_mini_config(tokenizer: PreTrainedTokenizerBase) -> XLMRobertaConfig:
    """Describe the encoder."""
    settings = {name: value for name, value in MINI_SETTINGS.items() if name != "model_type"}
    return XLMRobertaConfig(
        **settings,
        vocab_size=len(tokenizer),
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
