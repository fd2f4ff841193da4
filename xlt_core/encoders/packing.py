"""Encoders that read a packed batch as it is: one row of tokens, attention kept within segments, no padding.

Legend: A arrays of trials, T tokens of all sequences, D hidden size.
"""

from torch import Tensor

from xlt_core.data.batch import PackedBatch
from xlt_core.encoders.base import Encoder
from xlt_core.encoders.segments import Segments

_BLOCK_MULTIPLES = {"cpu": 16, "cuda": 64}
"""Lengths are rounded up to them inside attention: fewer, larger matrix products; 16 was best of 4 to 32 on a CPU."""


class PackedEncoder(Encoder):
    """Runs transformers' own modules with `xlt_core.encoders.attention` as their attention."""

    def _encode(self, batch: PackedBatch, embeddings: Tensor) -> Tensor:
        multiple = _BLOCK_MULTIPLES.get(embeddings.device.type, 16)
        segments = Segments(batch.lengths, embeddings.device, multiple=multiple)
        first_position = self.model.config.pad_token_id + 1 if self.family.positions_after_padding else 0
        extras = {"token_type_ids": batch.token_type_ids} if self.uses_segment_ids else {}
        hidden: Tensor = self.model(
            inputs_embeds=embeddings,
            position_ids=(segments.positions + first_position)[None],
            segments=segments,
            **extras,
        ).last_hidden_state
        return hidden
