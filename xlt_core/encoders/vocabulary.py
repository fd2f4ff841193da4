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
        weight = table.weight.detach()[token_ids.to(table.weight.device)]
        super().__init__(len(token_ids), table.embedding_dim, _weight=weight)
        self.token_ids = token_ids
        rows = torch.full((table.num_embeddings,), len(token_ids))
        rows[token_ids] = torch.arange(len(token_ids))
        if table.padding_idx is not None and int(rows[table.padding_idx]) < len(token_ids):
            self.padding_idx = int(rows[table.padding_idx])
        self.register_buffer("rows", rows.to(weight.device), persistent=False)

    def forward(self, token_ids: Tensor) -> Tensor:
        """Look up ids of the whole table; an id that has no row here is an index error."""
        return super().forward(self.rows[token_ids])

    def fit(self, rows: Tensor, token_ids: Tensor | None, others: Tensor) -> Tensor:
        """The rows that are here, from saved ones; see `fit_rows`."""
        return fit_rows(rows, token_ids, self.token_ids, others)


def fit_rows(rows: Tensor, token_ids: Tensor | None, wanted: Tensor, others: Tensor) -> Tensor:
    """Take the rows of some tokens from rows that were saved of others, perhaps.

    Args:
        rows: (saved, D).
        token_ids: of the saved rows, rising; none, where it was not said: all tokens there are, or those wanted.
        wanted: token ids, rising.
        others: (wanted, D), taken for tokens of which nothing was saved.
    """
    if token_ids is None:
        token_ids = wanted if len(rows) == len(wanted) else torch.arange(len(rows))
    if torch.equal(token_ids, wanted):
        return rows
    places = torch.searchsorted(token_ids, wanted).clamp(max=len(token_ids) - 1)
    is_saved = token_ids[places] == wanted
    return torch.where(is_saved[:, None].to(others.device), rows[places.to(rows.device)].to(others.device), others)


class TrainedRows:
    """Which rows of an encoder's word embeddings are trained, and all others as they were before.

    A row without gradients changes by weight decay alone, which AdamW applies to it as one factor after any number of
    steps (`frozen_decay`): applied in the end, it makes the table what training all rows would have made it.
    """

    def __init__(self, encoder: Encoder, token_ids: npt.NDArray[np.integer]) -> None:
        """Take the rows of the tokens that occur in `token_ids`; all, where another module has the same table."""
        self.table = encoder.word_embedding
        """The whole of it; in its place but for the time of the training."""
        self.frozen_decay = 1.0
        """What all other rows are to be multiplied with when training ends."""
        weight = self.table.weight
        self._device = weight.device
        self._start = weight.detach()
        shared = [each for _, each in encoder.named_parameters(remove_duplicate=False) if each is weight]
        used = torch.from_numpy(np.unique(token_ids).astype(np.int64))
        self.token_ids = used if len(shared) == 1 else torch.arange(len(weight))
        self.is_part = len(shared) == 1

    def narrow(self, tensor: Tensor) -> Tensor:
        """The trained rows of a whole table (tokens, D); what are these rows already stays as it is."""
        is_whole = len(tensor) == self.table.num_embeddings
        return tensor[self.token_ids.to(tensor.device)] if is_whole else tensor

    def fit(self, rows: Tensor, token_ids: Tensor | None, frozen_decay: float) -> Tensor:
        """The trained rows, from what was saved when the frozen ones had decayed so far; see `fit_rows`."""
        others = self._start[self.token_ids.to(self._start.device)].cpu() * frozen_decay
        return fit_rows(rows, token_ids, self.token_ids, others)

    def fill(self, rows: Tensor, frozen_decay: float) -> None:
        """Give the whole table its rows: those that are trained, (rows, D), and the others decayed since the start."""
        with torch.no_grad():
            has_decayed = frozen_decay != 1.0
            whole = self._start.to(self._device, copy=has_decayed)  # the start stays as it is, for other decays
            if has_decayed:
                whole *= frozen_decay
            whole[self.token_ids.to(self._device)] = rows.detach().to(self._device)
            self.table.weight.data = whole

    def set_aside(self) -> None:
        """Keep the whole table in the host's memory while it is not used."""
        self._start = self._start.cpu()
        self.table.weight.data = self._start


@contextmanager
def restrict_vocabulary(encoder: Encoder, token_ids: npt.NDArray[np.integer]) -> Iterator[TrainedRows]:
    """While the context lasts, let the encoder have only the rows of the tokens that occur in `token_ids`.

    The optimiser must be made inside. What it decays must be said before the context ends, in `frozen_decay`; it may be
    any that leaves a row alone, but for decay, whose gradient has always been 0, such as AdamW.
    """
    trained = TrainedRows(encoder, token_ids)
    if not trained.is_part:
        yield trained
        return
    part = PartialEmbedding(trained.table, trained.token_ids)
    encoder.model.set_input_embeddings(part)
    trained.set_aside()
    try:
        yield trained
    finally:
        encoder.model.set_input_embeddings(trained.table)
        trained.fill(part.weight, trained.frozen_decay)
