"""Memory that runs out, without a GPU: an encoder that holds only so many tokens at one time."""

import pytest
import torch

from xlt_core.data.batch import PackedBatch
from xlt_core.encoders.packing import PackedEncoder


def limit_memory(monkeypatch: pytest.MonkeyPatch, *, training: int, scoring: int = 10**9) -> list[int]:
    """Let packed encoders hold so many tokens in training, and so many else; give the list that refusals go to."""
    refused: list[int] = []
    encode = PackedEncoder._encode

    def encode_some(self: PackedEncoder, batch: PackedBatch, embeddings: torch.Tensor) -> torch.Tensor:
        if batch.num_tokens > (training if self.training else scoring):
            refused.append(batch.num_tokens)
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return encode(self, batch, embeddings)

    monkeypatch.setattr(PackedEncoder, "_encode", encode_some)
    return refused
