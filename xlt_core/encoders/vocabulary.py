"""Trains only those rows of the word embeddings whose tokens occur in the training data; no other row gets a gradient.

Of XLM-R's 250,002 rows English training data use a small part, yet gradients, moments, norms and checkpoints would
cover them all. In: an encoder and token ids. Out: the same encoder, its whole table back in place afterwards.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from xlt_core.encoders.base import Encoder


class PartialEmbedding(nn.Embedding):
    """Some rows of a word-embedding table, looked up by the ids of the whole table."""

    rows: Tensor
    """int64, one entry a token of the whole table: its row here, or one past the end."""

    def __init__(self, table: nn.Embedding, token_ids: Tensor) -> None:
        """Copy the rows of `token_ids`, int64 (rows,), without repetition."""
        weight = table.weight.detach()[token_ids]
        super().__init__(len(token_ids), table.embedding_dim, _weight=weight)
        rows = torch.full((table.num_embeddings,), len(token_ids), device=weight.device)
        rows[token_ids] = torch.arange(len(token_ids), device=weight.device)
        if table.padding_idx is not None and int(rows[table.padding_idx]) < len(token_ids):
            self.padding_idx = int(rows[table.padding_idx])
        self.register_buffer("rows", rows, persistent=False)

    def forward(self, token_ids: Tensor) -> Tensor:
        """Look up ids of the whole table; an id that has no row here is an index error."""
        return super().forward(self.rows[token_ids])


@contextmanager
def restrict_vocabulary(encoder: Encoder, token_ids: npt.NDArray[np.integer]) -> Iterator[None]:
    """While the context lasts, let the encoder have only the rows of the tokens that occur in `token_ids`.

    Exact for every optimiser that leaves a row alone whose gradient has always been 0, such as AdamW without weight
    decay. The optimiser must be made inside.
    """
    table = encoder.word_embedding
    kept = torch.from_numpy(np.unique(token_ids).astype(np.int64)).to(table.weight.device)
    part = PartialEmbedding(table, kept)
    encoder.model.set_input_embeddings(part)
    try:
        yield
    finally:
        with torch.no_grad():
            table.weight[kept] = part.weight
        encoder.model.set_input_embeddings(table)
