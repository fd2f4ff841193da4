"""The layers of the encoders of an array, one trial after the other. In: rows of all. Out: what each has alone.

On a CPU a batched product gains nothing over its parts, and the activations of one trial stay in its caches. What an
array saves there is what its trials share: examples, noise, and masks of dropout.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutput

from xlt_core.arrays.layers import stack_rows
from xlt_core.encoders.dropout import DropoutStreams, QuickDropout, SharedMasks
from xlt_core.encoders.segments import ArraySegments


class LayersInTurn(nn.Module):
    """Stands for transformers' stack of layers, and runs those of each trial."""

    def __init__(self, members: Sequence[nn.Module], streams: DropoutStreams) -> None:
        """Take the layers of each trial, which stay its own; until `release` they draw equal masks once."""
        super().__init__()
        self.members = nn.ModuleList(members)
        self._streams = streams
        self._share(streams.shared)

    def release(self) -> None:
        """Let each trial draw for itself again."""
        self._share(None)

    def forward(self, hidden: Tensor, *, segments: ArraySegments, **settings: Any) -> BaseModelOutput:
        """Map (A, T, D), of each trial the tokens that it has; 0 at padding."""
        settings |= {"streams": None, "shared": self._streams.shared}
        rows = []
        for array, (member, row) in enumerate(zip(self.members, hidden.unbind(), strict=True)):
            own = segments.members[array]
            with self._streams.of(array):
                encoded = member(row[None, : sum(own.lengths)], segments=own, **settings)
            rows.append(encoded.last_hidden_state[0])
        return BaseModelOutput(last_hidden_state=stack_rows(rows, hidden.shape[1]))

    def _share(self, masks: SharedMasks | None) -> None:
        for module in self.members.modules():
            if isinstance(module, QuickDropout):
                module.shared = masks
