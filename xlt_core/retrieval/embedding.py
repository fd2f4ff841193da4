"""Vectors of texts from a frozen encoder. In: a token table. Out: one unit vector a text, in the table's order.

Legend: N texts, B sequences of a batch, T tokens of all of them, D hidden size.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from xlt_core.data.batch import PackedBatch
from xlt_core.data.tokens import TokenTable
from xlt_core.encoders.base import Encoder
from xlt_core.memory import compute_batches
from xlt_core.passes import autocast
from xlt_core.retrieval.spec import EmbeddingSpec

Vectors = npt.NDArray[np.float32]
"""Shape (N, D)."""

_MAX_TOKENS = 8192
"""Tokens of a batch; the states of all its layers are in memory together."""


def embed_texts(encoder: Encoder, table: TokenTable, spec: EmbeddingSpec, device: torch.device) -> Vectors:
    """Pool hidden states to one vector a text, of length 1.

    Args:
        encoder: on `device`; left in evaluation mode.
        table: one text an example.
        spec: which hidden states.
        device: where the encoder is.

    Returns:
        float32 (N, D). What else is in a batch does not matter, but for rounding.

    Raises:
        SpecError: the encoder does not have the layer.
    """
    encoder.eval()
    layer = spec.find_layer(encoder.num_layers)
    vectors = np.empty((len(table), encoder.hidden_size), np.float32)

    def embed(batch: PackedBatch) -> Vectors:
        with torch.no_grad(), autocast(device):
            hidden = _read_layer(encoder, batch, layer)
        pooled = pool_texts(hidden.float(), batch.lengths, batch.content_mask[0], spec)
        return functional.normalize(pooled).cpu().numpy()

    for made, embedded in compute_batches(table, embed, device, max_tokens=_MAX_TOKENS):
        vectors[made.indices] = embedded
    return vectors


def pool_texts(hidden: Tensor, lengths: tuple[int, ...], content_mask: Tensor, spec: EmbeddingSpec) -> Tensor:
    """One vector a sequence, float32 (T, D) to (B, D).

    A text of special tokens only has their mean, whether they count or not: it has no other vector.

    Args:
        hidden: of one layer.
        lengths: tokens of each of the B sequences.
        content_mask: bool (T,), False at special tokens.
        spec: which tokens count.
    """
    counts = torch.tensor(lengths, device=hidden.device)
    if spec.pooling == "first":
        return hidden[counts.cumsum(0) - counts]
    weights = torch.ones_like(content_mask) if spec.special_tokens else content_mask
    num_counted = torch.segment_reduce(weights.float(), "sum", lengths=counts)
    has_none = torch.repeat_interleave(num_counted == 0, counts)
    weights = (weights | has_none).float()
    totals = torch.segment_reduce(weights, "sum", lengths=counts)
    return torch.segment_reduce(hidden * weights[:, None], "sum", lengths=counts, axis=0) / totals[:, None]


def _read_layer(encoder: Encoder, batch: PackedBatch, layer: int) -> Tensor:
    """Hidden states of one layer, (T, D)."""
    embeddings = encoder.embed(batch)
    if layer == encoder.num_layers:
        return encoder.encode(batch, embeddings)[0]
    return encoder.encode_layers(batch, embeddings)[layer][0]
