"""Looks at the attention of one layer while a packed batch passes, without the pass being slowed or changed.

In: queries and keys, as the layer has them. Out: attention probabilities through which gradients flow.

Legend: A arrays of trials, B sequences, H heads, T tokens of all sequences, D width of a head, L longest length.
"""

import torch
from torch import Tensor

from xlt_core.encoders.segments import Segments


class AttentionObserver:
    """What one layer attended to in the last pass."""

    def __init__(self, layer: int) -> None:
        """Look at `layer`, counted from 0."""
        self.layer = layer
        self._states: tuple[Tensor, Tensor, Segments, float] | None = None

    def see(self, query: Tensor, key: Tensor, segments: Segments, scaling: float) -> None:
        """Keep a pass's queries and keys, (A, T, H, D)."""
        self._states = query, key, segments, scaling

    def probabilities(self, width: int) -> Tensor:
        """Attention probabilities before dropout, float32 (A, B, H, width, width); 0 where there is no token.

        Args:
            width: at least the longest length, so that batches of other lengths can be compared.
        """
        assert self._states is not None, "no packed batch has passed"
        query, key, segments, scaling = self._states
        lengths = torch.tensor(segments.lengths, device=query.device)
        queries, keys = (_pad(states, segments, width).transpose(2, 3) for states in (query, key))
        is_token = torch.arange(width, device=query.device) < lengths[:, None]
        scores = (queries @ keys.transpose(-1, -2)).float() * scaling
        probabilities = scores.masked_fill(~is_token[:, None, None, :], -torch.inf).softmax(-1)
        return probabilities * is_token[:, None, :, None]


def _pad(packed: Tensor, segments: Segments, width: int) -> Tensor:
    """Lay sequences apart: (A, T, H, D) to (A, B, width, H, D), zeros at padding."""
    num_sequences = len(segments.lengths)
    rows = Segments(segments.lengths, packed.device, multiple=width).rows(1)
    padded = packed.new_zeros(packed.shape[0], num_sequences * width, *packed.shape[2:])
    return padded.index_copy(1, rows, packed).view(packed.shape[0], num_sequences, width, *packed.shape[2:])
