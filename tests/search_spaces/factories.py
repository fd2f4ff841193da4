"""Spaces for tests, small and valid; what a test is about is given by the test."""

from typing import Any

from search_spaces.space import SearchSpace

BASE: dict[str, Any] = {"encoder": "mini", "target": {"task": "world"}}
PLAIN: dict[str, Any] = {"target.perturbation.magnitude": 0.0}


def make_space(axes: dict[str, Any], **changes: Any) -> SearchSpace:
    values = {"name": "tried", "base": BASE, "axes": axes, "baseline": PLAIN} | changes
    return SearchSpace.model_validate(values)


SPACE_YAML = """\
name: tried
description: Magnitude by difficulty
base:
  encoder: mini
  target: {task: world}
  optim: {learning_rate: 2.0e-5, num_steps: 20}
axes:
  target.perturbation: {method: [uniform, pgd], magnitude: [0.0, 0.1,
      1.0]}
  intermediate:
    - none
    - task: world
      dose: [0.0, 1.0]
seeds: 2
baseline: {target.perturbation.magnitude: 0.0, intermediate: none}
"""
