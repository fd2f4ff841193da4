"""Loads encoders through transformers' Auto classes, from a folder or the hub; no code from storage is run.

In: a source, as in a trial's spec. Out: an `Encoder`, packed where its model allows it.
"""

import copy
import inspect
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import (
    MODEL_MAPPING,
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from xlt_core.encoders.attention import PACKED_ATTENTION, register_packed_attention
from xlt_core.encoders.base import Encoder
from xlt_core.encoders.configuration import DROPOUT_SETTINGS
from xlt_core.encoders.dropout import QuickDropout
from xlt_core.encoders.families import find_family
from xlt_core.encoders.identity import find_encoder_files, parse_hub_id, resolve_commit
from xlt_core.encoders.linear import QuickLinear
from xlt_core.encoders.packing import PackedEncoder
from xlt_core.encoders.padding import PaddedEncoder
from xlt_core.errors import EncoderError


def load_encoder(source: str | Path, dropout: float | None = None) -> Encoder:
    """Load a pre-trained encoder in float32.

    Args:
        source: a folder, or a hub id `owner/name[@revision]`.
        dropout: replaces the configuration's dropout, of hidden states and of attention.

    Raises:
        EncoderError: files are missing or do not fit together.
    """
    name, revision = _locate(source)
    try:
        config = AutoConfig.from_pretrained(name, revision=revision, trust_remote_code=False)
        if dropout is not None:
            for setting in DROPOUT_SETTINGS:
                if hasattr(config, setting):
                    setattr(config, setting, dropout)
        # Sentences are cut at their end: the words that keep a label are the first.
        tokenizer = AutoTokenizer.from_pretrained(
            name, revision=revision, trust_remote_code=False, truncation_side="right"
        )
        model = _load_model(name, revision, config)
    except EncoderError:
        raise
    except (OSError, KeyError, ValueError, RuntimeError, SafetensorError, UnpicklingError) as error:
        raise EncoderError(
            f"encoder '{source}' cannot be loaded: {error}. Only files of weights (safetensors, or a pickle that holds "
            "nothing but tensors) and models that transformers itself knows are read; no code beside them is run"
        ) from error
    return wrap_encoder(model, tokenizer)


def wrap_encoder(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Encoder:
    """Put a transformers model, loaded or new, behind the packed interface; its parameters stay the same objects.

    Raises:
        EncoderError: the tokenizer knows more tokens than the model has embeddings.
    """
    table = model.get_input_embeddings()
    assert isinstance(table, nn.Embedding)
    num_embeddings = table.num_embeddings
    if len(tokenizer) > num_embeddings:
        raise EncoderError(
            f"the tokenizer has {len(tokenizer)} tokens, the model's embeddings {num_embeddings} rows; "
            "the tokenizer beside these weights is not theirs"
        )
    quicken(model)
    if find_family(model.config.model_type).packed and type(model)._supports_attention_backend:
        register_packed_attention()
        model.set_attn_implementation(PACKED_ATTENTION)
        return PackedEncoder(model, tokenizer)
    return PaddedEncoder(model, tokenizer)


def quicken(model: nn.Module) -> None:
    """Exchange linear layers and dropouts for their quick kin, which keep parameters, names and results."""
    for name, module in list(model.named_modules()):
        if type(module) is nn.Dropout:
            model.set_submodule(name, QuickDropout(module.p).train(module.training))
        elif type(module) is nn.Linear:
            quick = QuickLinear(module.in_features, module.out_features, device="meta")
            quick.weight, quick.bias = module.weight, module.bias
            model.set_submodule(name, quick.train(module.training))


def _locate(source: str | Path) -> tuple[str, str | None]:
    """Folder, or hub name and commit: the one that the fingerprint names, even if its branch has moved since."""
    folder = Path(source).expanduser()
    if folder.is_dir():
        find_encoder_files(folder)
        return str(folder), None
    hub_name, revision = parse_hub_id(str(source))
    return hub_name, resolve_commit(hub_name, revision)


def _load_model(name: str, revision: str | None, config: PreTrainedConfig) -> PreTrainedModel:
    model_class: Any = MODEL_MAPPING[type(config)]
    accepted = inspect.signature(model_class).parameters
    pooler = {"add_pooling_layer": False} if "add_pooling_layer" in accepted else {}
    model, report = AutoModel.from_pretrained(
        name,
        revision=revision,
        # from_pretrained writes into the configuration it is given.
        config=copy.deepcopy(config),
        dtype=torch.float32,
        trust_remote_code=False,
        weights_only=True,
        output_loading_info=True,
        **pooler,
    )
    if report["missing_keys"]:
        raise EncoderError(
            f"encoder '{name}': the weights lack {', '.join(sorted(report['missing_keys'])[:3])} and perhaps more; "
            "they belong to another kind of model than its config.json says"
        )
    assert isinstance(model, PreTrainedModel)
    return model
