"""Dropout whose masks are quick to draw on a CPU, where torch draws them one number at a time on one thread.

In: torch's default generator, which gives each mask its key. Out: masks that `torch.manual_seed` fixes.
"""

import numpy as np
import torch
from torch import Tensor, nn

_NUM_LEVELS = 1 << 16
_LOWEST_LEVEL = -(1 << 15)


def draw_keep_mask(like: Tensor, dropout: float) -> Tensor:
    """Draw 0 with the probability `dropout`, else the factor that keeps the mean; shape and type of `like` (CPU).

    16 random bits an element: the probability is rounded to a multiple of 1/65536 and the factor goes with it.
    """
    key = int(torch.randint(torch.iinfo(torch.int64).max, ()))
    num_dropped_levels = round(dropout * _NUM_LEVELS)
    words = np.random.SFC64(key).random_raw(-(-like.numel() // 4))
    levels = torch.from_numpy(words.view(np.int16))[: like.numel()].view(like.shape)
    keep = torch.empty_like(like, memory_format=torch.contiguous_format)
    torch.ge(levels, _LOWEST_LEVEL + num_dropped_levels, out=keep)
    return keep.mul_(_NUM_LEVELS / (_NUM_LEVELS - num_dropped_levels))


class QuickDropout(nn.Dropout):
    """`torch.nn.Dropout` with quickly drawn masks on a CPU; the same elsewhere."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Drop elements of any shape; nothing when evaluating."""
        if not self.training or self.p == 0.0:
            return hidden
        if self.p == 1.0 or hidden.device.type != "cpu":
            return super().forward(hidden)
        return hidden * draw_keep_mask(hidden, self.p)
