"""Balls on packed tokens against plain loops over groups."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import build_batch, build_model
from xlt_core.perturbations.geometry import Ball, build_ball, group_tokens
from xlt_core.perturbations.spec import PerturbationSpec
from xlt_core.perturbations.step import TrainingStep

WIDTH = 16
MODEL = build_model()

balls = st.fixed_dictionaries(
    {
        "norm": st.sampled_from(["l2", "linf"]),
        "granularity": st.sampled_from(["token", "sequence", "batch"]),
        "unit": st.sampled_from(["absolute", "relative"]),
        "mask": st.sampled_from(["content", "non_pad"]),
    }
)
lengths = st.lists(st.integers(3, 8), min_size=1, max_size=5).map(tuple)


def build(settings: dict[str, str], sizes: tuple[int, ...], magnitude: float = 0.4) -> tuple[Ball, PerturbationSpec]:
    spec = PerturbationSpec(method="pgd", magnitude=magnitude, **settings)
    step = TrainingStep(MODEL, build_batch(sizes), seeds=(0,), step=0, spec=spec, site_norm=2.5)
    return build_ball(step, torch.full((1, 1, 1), magnitude)), spec


def list_groups(sizes: tuple[int, ...], granularity: str) -> list[list[int]]:
    """Token indices of each group, by hand."""
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    sequences = [list(range(start, start + size)) for start, size in zip(starts, sizes, strict=True)]
    return {
        "token": [[token] for sequence in sequences for token in sequence],
        "sequence": sequences,
        "batch": [[token for sequence in sequences for token in sequence]],
    }[granularity]


def draw(sizes: tuple[int, ...], scale: float = 3.0) -> torch.Tensor:
    return scale * torch.randn(1, sum(sizes), WIDTH, generator=torch.Generator().manual_seed(0))


@given(settings=balls, sizes=lengths)
def test_norms_radii_and_projection_are_those_of_plain_loops(settings, sizes):
    ball, spec = build(settings, sizes)
    delta = draw(sizes)
    projected = ball.project(delta)
    for tokens in list_groups(sizes, spec.granularity):
        disturbed = [token for token in tokens if ball.mask[0, token, 0]]
        num_disturbed = max(1, len(disturbed))
        radius = 0.4
        if spec.unit == "relative":
            radius *= 2.5 * (num_disturbed**0.5 if spec.norm == "l2" else WIDTH**-0.5)
        masked = torch.zeros(len(tokens), WIDTH)
        for row, token in enumerate(tokens):
            if token in disturbed:
                masked[row] = delta[0, token]
        assert ball.radius[0, tokens[0], 0] == pytest.approx(radius, rel=1e-5)
        if spec.norm == "l2":
            expected = masked * min(1.0, radius / max(float(masked.norm()), 1e-12))
        else:
            expected = masked.clamp(-radius, radius)
        assert torch.allclose(projected[0, tokens], expected, atol=1e-5)


@given(settings=balls, sizes=lengths)
def test_projecting_twice_is_projecting_once_and_stays_inside(settings, sizes):
    ball, _ = build(settings, sizes)
    once = ball.project(draw(sizes))
    assert torch.allclose(ball.project(once), once, atol=1e-6)
    assert torch.all(ball.measure(once) <= ball.radius * (1 + 1e-5))


@given(settings=balls, sizes=lengths)
def test_a_small_disturbance_is_left_as_it_is(settings, sizes):
    ball, _ = build(settings, sizes)
    small = torch.where(ball.mask, draw(sizes, scale=1e-3), 0.0)
    assert torch.allclose(ball.project(small), small)


@given(settings=balls, sizes=lengths)
def test_directions_have_unit_norm_wherever_something_may_be_disturbed(settings, sizes):
    ball, _ = build(settings, sizes)
    norms = ball.measure(ball.normalize(draw(sizes)))
    allowed = ball.measure(torch.where(ball.mask, torch.ones(1, sum(sizes), WIDTH), 0.0)) > 0
    assert torch.allclose(norms[allowed], torch.ones_like(norms[allowed]), atol=1e-5)
    assert torch.all(norms[~allowed] == 0)


def test_a_gradient_of_zero_gives_no_direction_and_no_nan():
    ball, _ = build({"norm": "l2", "granularity": "sequence", "unit": "absolute", "mask": "content"}, (4, 5))
    assert torch.all(ball.normalize(torch.zeros(1, 9, WIDTH)) == 0)


@given(sizes=lengths)
def test_tokens_are_grouped_by_themselves_by_sequence_or_all_together(sizes):
    batch = build_batch(sizes)
    for granularity in ("token", "sequence", "batch"):
        groups = group_tokens(batch, granularity)[0].tolist()
        listed = list_groups(sizes, granularity)
        assert groups == [index for index, tokens in enumerate(listed) for _ in tokens]


@given(settings=balls, sizes=lengths)
def test_a_leading_axis_of_trials_changes_nothing(settings, sizes):
    """Two arrays at once, each with its own radius, against one at a time."""
    ball, _ = build(settings, sizes)
    two = Ball(
        norm=ball.norm,
        groups=ball.groups,
        num_groups=ball.num_groups,
        mask=ball.mask.repeat(2, 1, 1),
        group_sizes=ball.group_sizes.repeat(2, 1, 1),
        radius=torch.cat([ball.radius, 2 * ball.radius]),
    )
    delta = draw(sizes)
    both = two.project(torch.cat([delta, delta]))
    assert torch.equal(both[:1], ball.project(delta))
    double, _ = build(settings, sizes, magnitude=0.8)
    assert torch.allclose(both[1:], double.project(delta), atol=1e-6)
