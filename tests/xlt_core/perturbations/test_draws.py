"""Draws are keyed by seed, step and example, and by nothing else."""

import numpy as np
import pytest
import torch

from tests.factories import build_batch, build_model
from xlt_core.data.batch import stack_members
from xlt_core.perturbations.draws import draw_fractions, draw_normal, draw_uniform
from xlt_core.perturbations.spec import PerturbationSpec
from xlt_core.perturbations.step import TrainingStep

MODEL = build_model()


def build_step(lengths=(4, 6), first_key=0, seed=0, step=0) -> TrainingStep:
    batch = build_batch(lengths, first_key=first_key)
    return TrainingStep(MODEL, batch, seeds=(seed,), step=step, spec=PerturbationSpec(), site_norm=1.0)


@pytest.mark.parametrize("draw", [draw_normal, draw_uniform])
def test_the_second_example_draws_the_same_alone(draw):
    together, alone = draw(build_step()), draw(build_step((6,), first_key=1))
    assert torch.equal(together[:, 4:], alone)
    assert together.shape == (1, 10, 16)


@pytest.mark.parametrize("change", [{"seed": 1}, {"step": 1}, {"first_key": 5}])
def test_another_seed_step_or_example_draws_otherwise(change):
    assert not torch.equal(draw_normal(build_step()), draw_normal(build_step(**change)))


def test_uniform_numbers_fill_the_interval():
    drawn = draw_uniform(build_step((50,) * 20)).numpy()
    assert -1.0 <= drawn.min() < -0.99
    assert 0.99 < drawn.max() < 1.0


@pytest.mark.parametrize(("granularity", "num_distinct"), [("token", 10), ("sequence", 2), ("batch", 1)])
def test_fractions_are_shared_within_a_group(granularity, num_distinct):
    drawn = draw_fractions(build_step(), granularity)
    assert drawn.shape == (1, 10, 1)
    assert len(np.unique(drawn)) == num_distinct


def test_trials_of_one_seed_that_read_the_same_examples_share_a_draw():
    members = [build_batch((4, 6)), build_batch((4, 6)), build_batch((4, 6)), build_batch((6, 5), first_key=1)]
    batch = stack_members(members)
    step = TrainingStep(MODEL, batch, seeds=(0, 0, 1, 0), step=0, spec=PerturbationSpec(), site_norm=1.0)
    drawn = draw_normal(step)
    assert len(step.draws) == 3
    for array, (member, seed) in enumerate(zip(members, step.seeds, strict=True)):
        alone = TrainingStep(MODEL, member, seeds=(seed,), step=0, spec=PerturbationSpec(), site_norm=1.0)
        assert torch.equal(drawn[array : array + 1, : member.num_tokens], draw_normal(alone))
        draw_normal(step.of_member(array, step.spec))
    assert len(step.draws) == 3


@pytest.mark.parametrize("draw", [draw_normal, draw_uniform])
def test_many_numbers_are_the_same_drawn_by_one_thread_or_by_three(draw, monkeypatch):
    drawn = []
    for num_threads in (1, 3):
        monkeypatch.setattr(torch, "get_num_threads", lambda num_threads=num_threads: num_threads)
        drawn.append(draw(build_step((500, 300) * 25)))
    assert torch.equal(*drawn)
