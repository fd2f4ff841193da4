"""Encoders that read a packed batch as it is: one row of tokens, attention kept within segments, no padding.

Legend: A arrays of trials, T tokens of all sequences, D hidden size.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from xlt_core.data.batch import PackedBatch
from xlt_core.data.layout import Lengths
from xlt_core.encoders.base import Encoder
from xlt_core.encoders.families import explain_missing_layer
from xlt_core.encoders.observation import AttentionObserver
from xlt_core.encoders.segments import ArraySegments
from xlt_core.errors import EncoderError

_BLOCK_MULTIPLES = {"cpu": 16, "cuda": 64}
"""Lengths are rounded up to them inside attention: fewer, larger matrix products; 16 was best of 4 to 32 on a CPU."""


class PackedEncoder(Encoder):
    """Runs transformers' own modules with `xlt_core.encoders.attention` as their attention."""

    _last_segments: ArraySegments | None = None
    _observer: AttentionObserver | None = None

    @contextmanager
    def observe_attention(self, layer: int) -> Iterator[AttentionObserver]:
        """See `Encoder.observe_attention`."""
        num_layers = self.model.config.num_hidden_layers
        if layer >= num_layers:
            raise EncoderError(explain_missing_layer(layer, num_layers))
        self._observer = AttentionObserver(layer)
        try:
            yield self._observer
        finally:
            self._observer = None

    def embed_output(self, batch: PackedBatch, embeddings: Tensor) -> Tensor:
        """See `Encoder.embed_output`."""
        self._check_lengths(batch)
        self._follow(batch)
        first_position = self.model.config.pad_token_id + 1 if self.family.positions_after_padding else 0
        positions = batch.layout.places + first_position
        token_type_ids = batch.token_type_ids if self.uses_segment_ids else torch.zeros_like(batch.token_type_ids)
        embed: nn.Module = self.model.get_submodule("embeddings")
        hidden: Tensor = embed(inputs_embeds=embeddings, position_ids=positions, token_type_ids=token_type_ids)
        widen: nn.Module | None = getattr(
            self.model, "embeddings_project", None
        )  # of an ELECTRA with narrow embeddings
        return hidden if widen is None else widen(hidden)

    def encode_output(self, batch: PackedBatch, hidden: Tensor) -> Tensor:
        """See `Encoder.encode_output`."""
        segments = self._segments(batch, hidden.device)
        layers: nn.Module = self.model.get_submodule("encoder")
        encoded: Tensor = layers(
            hidden,
            attention_mask=None,
            segments=segments,
            observer=self._observer,
            streams=self.dropout_streams,
        ).last_hidden_state
        return encoded

    def _encode(self, batch: PackedBatch, embeddings: Tensor) -> Tensor:
        return self.encode_output(batch, self.embed_output(batch, embeddings))

    def _encode_layers(self, batch: PackedBatch, embeddings: Tensor) -> tuple[Tensor, ...]:
        entering = self.embed_output(batch, embeddings)
        states = [entering]
        blocks = self.model.get_submodule("encoder.layer").children()
        hooks = [block.register_forward_hook(lambda _, __, output: states.append(output)) for block in blocks]
        try:
            encoded = self.encode_output(batch, entering)
        finally:
            for hook in hooks:
                hook.remove()
        return (*states[:-1], encoded)  # a layer norm may follow the last block

    def _segments(self, batch: PackedBatch, device: torch.device) -> ArraySegments:
        """Made once for both halves of a pass and for all passes over batches of one layout."""
        self._follow(batch)
        rows = batch.layout.lengths
        if len(rows) == 1:
            rows = rows * len(batch.input_ids)
        if self._last_segments is None or self._last_segments.key != (rows, device):
            multiple = _BLOCK_MULTIPLES.get(device.type, 16)
            self._last_segments = ArraySegments(rows, batch.num_tokens, device, multiple=multiple)
        return self._last_segments

    def _follow(self, batch: PackedBatch) -> None:
        """Let the masks of an array know whose tokens pass; both halves of a pass draw some."""
        if self.dropout_streams is not None:
            self.dropout_streams.follow([sum(row) for row in _list_rows(batch)])


def _list_rows(batch: PackedBatch) -> tuple[Lengths, ...]:
    """Lengths of each trial's sequences."""
    rows = batch.layout.lengths
    return rows if len(rows) > 1 else rows * len(batch.input_ids)
