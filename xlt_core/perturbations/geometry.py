"""Norms, balls and masks of a disturbance, per token, per sequence or per batch, on packed tokens, in float32.

Legend: A arrays of trials, M 1 or A, T tokens of all sequences, D hidden size. A group is what one norm is taken over.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from xlt_core.data.batch import PackedBatch
from xlt_core.perturbations.step import TrainingStep

_TINY = 1e-12


@dataclass(frozen=True, kw_only=True)
class Ball:
    """The set of allowed disturbances of one batch; every method works through it.

    `radius` has the shape (A, T, 1): each token carries its group's. In relative units the radius of a group of n
    disturbed tokens is magnitude x (mean embedding norm) x sqrt(n) for L2 and magnitude x (mean norm) / sqrt(D) for
    L-infinity, so that one magnitude means about the same relative disturbance at every granularity.
    """

    norm: Literal["l2", "linf"]
    groups: Tensor
    """int64 (M, T): the group of each token, from 0; padding has the one past the last."""
    num_groups: int
    """With that of padding."""
    mask: Tensor
    """bool (A, T, 1): the tokens that may be disturbed."""
    group_sizes: Tensor
    """float32 (A, T, 1): disturbed tokens in each token's group, at least 1."""
    radius: Tensor

    def measure(self, delta: Tensor) -> Tensor:
        """Norm of each token's group in float32, (A, T, D) to (A, T, 1)."""
        delta = delta.float()
        if self.norm == "l2":
            return self._reduce(delta.square().sum(-1), "sum").sqrt()
        return self._reduce(delta.abs().amax(-1), "amax")

    def normalize(self, delta: Tensor) -> Tensor:
        """Steepest-ascent direction of unit norm: g / |g| in L2, sign(g) in L-infinity; 0 where masked."""
        delta = torch.where(self.mask, delta.float(), 0.0)
        return delta.sign() if self.norm == "linf" else delta / self.measure(delta).clamp_min(_TINY)

    def project(self, delta: Tensor) -> Tensor:
        """Nearest point of the ball, (A, T, D); 0 where masked."""
        delta = torch.where(self.mask, delta.float(), 0.0)
        if self.norm == "linf":
            return delta.clamp(min=-self.radius, max=self.radius)
        return delta * (self.radius / self.measure(delta).clamp_min(_TINY)).clamp_max(1.0)

    def _reduce(self, values: Tensor, how: Literal["sum", "amax"]) -> Tensor:
        """Reduce (A, T) over groups and give every token its group's value, (A, T, 1)."""
        owners = self.groups.expand(values.shape)
        reduced = values.new_zeros(values.shape[0], self.num_groups).scatter_reduce(1, owners, values, how)
        return reduced.gather(1, owners)[..., None]


def build_ball(step: TrainingStep, magnitude: Tensor) -> Ball:
    """The ball that the step's spec means on its batch, for magnitudes (A, 1, 1)."""
    batch, spec = step.batch, step.spec
    mask = (batch.content_mask if spec.mask == "content" else list_tokens(batch))[..., None]
    groups = group_tokens(batch, spec.granularity)
    num_groups = 1 + {"token": batch.num_tokens, "sequence": batch.num_sequences, "batch": 1}[spec.granularity]
    owners = groups.expand(mask.shape[:2])
    sizes = torch.zeros(mask.shape[0], num_groups, device=mask.device)
    sizes = sizes.scatter_add(1, owners, mask[..., 0].float()).gather(1, owners)[..., None].clamp_min(1.0)
    radius = magnitude.expand(mask.shape)
    if spec.unit == "relative":
        radius = radius * step.site_norm
        radius = radius * sizes.sqrt() if spec.norm == "l2" else radius / step.width**0.5
    return Ball(norm=spec.norm, groups=groups, num_groups=num_groups, mask=mask, group_sizes=sizes, radius=radius)


def group_tokens(batch: PackedBatch, granularity: str) -> Tensor:
    """Group of each token, int64 (M, T): itself, its sequence, or the one batch; padding has one of its own."""
    layout = batch.layout
    if granularity == "sequence":
        return layout.owners
    if granularity == "token":
        numbers = torch.arange(layout.num_tokens, device=layout.device).expand_as(layout.owners)
        return torch.where(layout.is_token, numbers, layout.num_tokens)
    return (~layout.is_token).long()


def list_tokens(batch: PackedBatch) -> Tensor:
    """All but padding, bool (A, T)."""
    return batch.layout.is_token.expand_as(batch.content_mask)
