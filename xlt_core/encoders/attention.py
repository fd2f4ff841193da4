"""Attention over a packed batch: every token attends to the tokens of its own sequence only.

Legend: A arrays of trials, B sequences, H heads, T tokens of all sequences, D width of a head.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface

from xlt_core.encoders.dropout import DropoutStreams, KeepMask, SharedMasks, draw_keep_mask
from xlt_core.encoders.observation import AttentionObserver
from xlt_core.encoders.segments import ArraySegments, Block, Segments

PACKED_ATTENTION = "xlt_packed"
"""Name under which transformers' models find `attend_packed`."""


def register_packed_attention() -> None:
    """Make transformers know `PACKED_ATTENTION`. May be called again."""
    AttentionInterface.register(PACKED_ATTENTION, attend_packed)


def attend_packed(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,  # noqa: ARG001
    *,
    segments: Segments,
    observer: AttentionObserver | None = None,
    streams: DropoutStreams | None = None,
    shared: SharedMasks | None = None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attend within segments; the signature is that of transformers' attention functions.

    Args:
        module: the layer's own; an observer asks for its number.
        query, key, value: (A, H, T, D).
        attention_mask: none; the segments say all.
        segments: of the batch.
        observer: is shown queries and keys, where this is the layer that it looks at.
        streams: of an array whose trials draw their masks each by itself; none: from torch's default generator.
        shared: masks that trials of an array draw alike.
        dropout: share of attention probabilities set to 0.
        scaling: factor of the scores; none given: 1 / sqrt(D).

    Returns:
        (A, T, H, D), and no attention probabilities.
    """
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    query, key, value = query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
    if observer is not None and observer.layer == module.layer_idx:
        own = segments.members[0] if isinstance(segments, ArraySegments) else segments
        observer.see(query, key, own, scaling)
    if streams is not None and dropout > 0.0:
        assert isinstance(segments, ArraySegments)
        return _attend_by_member(query, key, value, segments.members, streams, dropout, scaling), None
    shape = query.shape
    query, key, value = query.flatten(0, 1), key.flatten(0, 1), value.flatten(0, 1)
    if dropout == 0.0 and _runs_varlen(query):
        return _attend_varlen(query, key, value, segments, scaling).view(shape), None
    return _attend_blocks(query, key, value, segments, dropout, scaling, shared).view(shape), None


def _attend_by_member(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    members: Sequence[Segments],
    streams: DropoutStreams,
    dropout: float,
    scaling: float,
) -> Tensor:
    """Attention of each trial of an array with the masks that it would draw alone; (A, T, H, D) in and out."""
    rows = []
    for array, segments in enumerate(members):
        num_tokens = sum(segments.lengths)
        own_query, own_key, own_value = (tensor[array, :num_tokens] for tensor in (query, key, value))
        with streams.of(array):
            attended = _attend_blocks(own_query, own_key, own_value, segments, dropout, scaling, streams.shared)
        rows.append(functional.pad(attended, (0, 0, 0, 0, 0, query.shape[1] - num_tokens)))
    return torch.stack(rows)


def _runs_varlen(query: Tensor) -> bool:
    """Whether torch's flash attention with boundaries takes these numbers on this device (Ampere or later)."""
    is_half = query.dtype in (torch.float16, torch.bfloat16)
    return is_half and query.is_cuda and torch.cuda.get_device_capability(query.device) >= (8, 0)


def _attend_varlen(query: Tensor, key: Tensor, value: Tensor, segments: Segments, scaling: float) -> Tensor:
    """Flash attention with segment boundaries, for half precision on CUDA; (T, H, D) in and out."""
    from torch.nn.attention.varlen import varlen_attn

    ends, longest = segments.cumulative, max(segments.lengths)
    attended = varlen_attn(query, key, value, ends, ends, longest, longest, scale=scaling)
    assert isinstance(attended, Tensor)
    return attended


def _attend_blocks(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    segments: Segments,
    dropout: float,
    scaling: float,
    shared: SharedMasks | None = None,
) -> Tensor:
    """Attention block by block of nearly equal lengths; (T, H, D) in and out."""
    _, num_heads, width = query.shape
    rows = segments.rows(num_heads)
    sizes = [block.num_rows * num_heads for block in segments.blocks]
    stacks = [
        _Spread.apply(tensor.reshape(-1, width), rows, sum(sizes)).split_with_sizes(sizes)  # type: ignore[no-untyped-call]
        for tensor in (query, key, value)
    ]
    attended = []
    for block, *matrices in zip(segments.blocks, *stacks, strict=True):
        bias = _spread_bias(block, num_heads, query.dtype)
        stack = (matrix.view(-1, block.width, width) for matrix in matrices)
        mixed = _attend_matrices(*stack, bias=bias, dropout=dropout, scaling=scaling, shared=shared)
        attended.append(mixed.reshape(-1, width))
    return torch.cat(attended).index_select(0, rows).view_as(query)


class _Spread(torch.autograd.Function):
    """Rows (N, D) into a larger table of zeros; torch's own `index_copy` would keep them for the backward pass."""

    @staticmethod
    def forward(ctx: Any, packed: Tensor, rows: Tensor, num_rows: int) -> Tensor:
        ctx.save_for_backward(rows)
        return packed.new_zeros(num_rows, packed.shape[1]).index_copy_(0, rows, packed)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,), (rows,) = gradients, ctx.saved_tensors
        return gradient.index_select(0, rows), None, None


def _spread_bias(block: Block, num_heads: int, dtype: torch.dtype) -> Tensor | None:
    """Repeat a block's bias for every head: (B * H, 1, width)."""
    return None if block.bias is None else block.bias.to(dtype).repeat_interleave(num_heads, dim=0)


def _attend_matrices(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    bias: Tensor | None,
    dropout: float,
    scaling: float,
    shared: SharedMasks | None,
) -> Tensor:
    """Attention of a stack of matrices (N, width, D); on a CPU torch's own is slow to draw dropout masks."""
    if dropout > 0.0 and query.device.type == "cpu":
        attended: Tensor = _DroppedAttention.apply(query, key, value, bias, dropout, scaling, shared)  # type: ignore[no-untyped-call]
        return attended
    if bias is not None:
        bias = bias.expand(-1, query.shape[1], -1)[:, None]
    return functional.scaled_dot_product_attention(
        query[:, None], key[:, None], value[:, None], attn_mask=bias, dropout_p=dropout, scale=scaling
    )[:, 0]


class _DroppedAttention(torch.autograd.Function):
    """Softmax attention with dropout on its probabilities, for stacks of matrices (N, width, D)."""

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        bias: Tensor | None,
        dropout: float,
        scaling: float,
        shared: SharedMasks | None,
    ) -> Tensor:
        if bias is None:
            scores = torch.bmm(query, key.transpose(1, 2)).mul_(scaling)
        else:
            scores = torch.baddbmm(bias, query, key.transpose(1, 2), alpha=scaling)
        probabilities = torch.softmax(scores, dim=-1, out=scores)
        mask = draw_keep_mask(probabilities.shape, dropout, shared)
        ctx.save_for_backward(query, key, value, probabilities, mask.kept)
        ctx.scaling, ctx.factor = scaling, mask.factor
        return torch.bmm(mask.apply(probabilities), value)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        query, key, value, probabilities, kept = ctx.saved_tensors
        mask = KeepMask(kept, ctx.factor)
        value_gradient = torch.bmm(mask.apply(probabilities).transpose(1, 2), gradient)
        kept_gradient = mask.apply(torch.bmm(gradient, value.transpose(1, 2)))
        scores_gradient = torch._softmax_backward_data(kept_gradient, probabilities, -1, query.dtype)
        query_gradient = torch.bmm(scores_gradient, key).mul_(ctx.scaling)
        key_gradient = torch.bmm(scores_gradient.transpose(1, 2), query).mul_(ctx.scaling)
        return query_gradient, key_gradient, value_gradient, None, None, None, None
