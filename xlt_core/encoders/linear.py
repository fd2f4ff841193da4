"""Linear layers whose products run through oneDNN on a CPU; on AMD's processors twice as quick as torch's own (MKL).

In: a model. Out: the same model with the same parameters, whose linear layers are the quick ones.

Legend: T rows, D features in, E features out.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

_IS_AVAILABLE: bool = (
    torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    and hasattr(torch.ops.mkldnn, "_linear_pointwise")
)
_FEWEST_PRODUCTS = 1 << 22
"""T * D * E; fewer gain less than they cost to hand over."""
_ROW_MULTIPLE = 32
"""Few rows are filled up to it: oneDNN compiles for each number of them, which takes longer than a small product."""
_LARGEST_FILLED = 1 << 19
"""Numbers in the rows; to copy more takes longer than to compile."""


class QuickLinear(nn.Linear):
    """`torch.nn.Linear` with quick products, forwards and backwards."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (..., in_features) to (..., out_features)."""
        if not runs_quickly(hidden, self.weight):
            return super().forward(hidden)
        mapped: Tensor = _Mapped.apply(hidden.flatten(0, -2), self.weight, self.bias)  # type: ignore[no-untyped-call]
        return mapped.view(*hidden.shape[:-1], self.out_features)


def runs_quickly(hidden: Tensor, weight: Tensor) -> bool:
    """Whether oneDNN takes these numbers (..., D) and this weight (E, D), and they are enough."""
    return (
        hidden.device.type == "cpu"
        and hidden.dtype == weight.dtype == torch.float32
        and hidden.numel() * len(weight) >= _FEWEST_PRODUCTS
        and _IS_AVAILABLE
        and not torch.is_autocast_enabled("cpu")
    )


class Gradients(NamedTuple):
    """Of the product of some rows; none where nobody asks."""

    rows: Tensor | None
    weight: Tensor | None
    bias: Tensor | None


def map_rows(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Map rows (T, D) by a weight (E, D) and a bias (E,) to (T, E); a row's result is the same in whatever company."""
    if not runs_quickly(rows, weight):
        return functional.linear(rows, weight, bias)
    return _multiply(_fill_up(rows), weight, bias)[: len(rows)]


def differentiate_rows(rows: Tensor, weight: Tensor, gradient: Tensor, wanted: tuple[bool, bool, bool]) -> Gradients:
    """Gradients of `map_rows`.

    Args:
        rows: (T, D) that were mapped.
        weight: (E, D) that they were mapped by.
        gradient: (T, E), of the result.
        wanted: those of rows, weight and bias.
    """
    of_rows, of_weight, of_bias = wanted
    is_quick = runs_quickly(rows, weight)
    if is_quick:
        filled = _fill_up(gradient)
        row_gradient = _multiply(filled, weight.t(), None)[: len(rows)] if of_rows else None
        weight_gradient = _multiply_across(filled, _fill_up(rows)) if of_weight else None
    else:
        row_gradient = gradient.mm(weight) if of_rows else None
        weight_gradient = gradient.t().mm(rows) if of_weight else None
    return Gradients(row_gradient, weight_gradient, gradient.sum(0) if of_bias else None)


def _multiply(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    product: Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")
    return product


def _multiply_across(left: Tensor, right: Tensor) -> Tensor:
    """(T, E) and (T, D) to (E, D), summed over rows; quicker where the smaller of both is the one that is mapped."""
    if len(left) != len(right):  # only one of them was small enough to be filled up
        left, right = (part[: min(len(left), len(right))] for part in (left, right))
    if left.shape[1] <= right.shape[1]:
        return _multiply(left.t(), right.t(), None)
    return _multiply(right.t(), left.t(), None).t().contiguous()


def _fill_up(rows: Tensor) -> Tensor:
    """Rows of 0 at the end, up to the next multiple; they add nothing to any sum."""
    num_rows, num_features = rows.shape
    missing = -num_rows % _ROW_MULTIPLE
    if not missing or rows.numel() > _LARGEST_FILLED:
        return rows
    filled = rows.new_empty(num_rows + missing, num_features)
    filled[:num_rows] = rows
    filled[num_rows:] = 0.0
    return filled


class _Mapped(torch.autograd.Function):
    """`map_rows` of one layer."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(rows, weight)
        return map_rows(rows, weight, bias)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Gradients:
        rows, weight = ctx.saved_tensors
        return differentiate_rows(rows, weight, gradients[0], ctx.needs_input_grad)
