"""The stages of a sweep as a tree, each once: score, intermediate, target, each after what it starts from.

In: planned trials. Out: a `StageTree`: groups of stages for people, and what sharing saves in steps (Hippo's stage
tree, Shin et al. 2020). Light.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from sweeps.planning.plan import PlannedTrial, describe_stage
from xlt_core.difficulty import load_measure
from xlt_core.difficulty.base import Pool
from xlt_core.difficulty.spec import ScorerSpec
from xlt_core.stage_plan import Stage, StageKind
from xlt_core.tasks import load_task
from xlt_core.tasks.base import FROZEN_SHAPES
from xlt_core.tasks.examples import SingleExamples

MAX_NUM_GROUPS = 30
"""More lines than that are told by kind and task alone."""


@dataclass(frozen=True, kw_only=True)
class StageGroup:
    """Stages that differ in their seeds, or in what only their trials tell."""

    title: str
    kind: StageKind
    depth: int
    """Of the stages before it in the tree."""
    keys: tuple[str, ...]
    """Of its stages."""
    num_trials: tuple[int, ...]
    """That need each of them."""
    num_steps: int
    """Of all its stages, each run once."""


@dataclass(frozen=True, kw_only=True)
class StageTree:
    """Every stage of a sweep, and how much work it is with and without sharing."""

    groups: tuple[StageGroup, ...]
    """Each after the one that it hangs under."""
    num_stages: int
    """That run: shared ones once, target stages once a trial."""
    num_stages_alone: int
    """That would run if every trial ran all of its own."""
    num_steps: int
    num_steps_alone: int


def build_tree(trials: Iterable[PlannedTrial]) -> StageTree:
    """Lay out the stages of all trials."""
    trials = tuple(trials)
    nodes = _collect_nodes(trials)
    groups = tuple(_group_nodes(nodes, is_brief=False))
    if len(groups) > MAX_NUM_GROUPS:
        groups = tuple(_group_nodes(nodes, is_brief=True))
    return StageTree(
        groups=groups,
        num_stages=len(nodes),
        num_stages_alone=sum(node.num_trials for node in nodes.values()),
        num_steps=sum(node.num_steps for node in nodes.values()),
        num_steps_alone=sum(node.num_trials * node.num_steps for node in nodes.values()),
    )


def count_steps(stage: Stage) -> int:
    """Optimiser steps of a stage; of a score stage those of all models that it trains."""
    if stage.settings is None:
        assert stage.encoder is not None, "pre-training makes an encoder"
        assert stage.encoder.pretrain is not None, "and says how"
        return stage.encoder.pretrain.num_steps
    if stage.scorer is not None:
        return count_trainings(stage.scorer) * stage.scorer.optim.num_steps
    if load_task(stage.settings.task).shape in FROZEN_SHAPES:
        return 0
    assert stage.settings.optim is not None, "a canonical stage carries its recipe"
    return stage.settings.optim.num_steps


def count_trainings(scorer: ScorerSpec) -> int:
    """Models that a measure trains, whatever the pool: asked for the smallest that can be cut into folds."""
    names = tuple(map(str, range(scorer.num_folds)))
    examples = SingleExamples(ids=names, texts=names, labels=(0,) * len(names))
    pool = Pool(examples=examples, groups=np.arange(len(names)))
    return len(load_measure(scorer.measure)(scorer).list_runs(pool))


@dataclass
class _Node:
    stage: Stage
    num_steps: int
    num_trials: int = 0


@dataclass
class _Group:
    title: str
    depth: int
    nodes: dict[str, _Node] = field(default_factory=dict)
    children: dict[str, "_Group"] = field(default_factory=dict)


def _collect_nodes(trials: Iterable[PlannedTrial]) -> dict[str, _Node]:
    """Every stage that runs, by key, after those that it needs; a target stage by its trial, which trains it itself."""
    nodes: dict[str, _Node] = {}
    for trial in trials:
        named = {stage.key: stage for stage in trial.plan.shared_stages} | {trial.trial_id: trial.plan.target_stage}
        for name, stage in named.items():
            if name not in nodes:
                nodes[name] = _Node(stage, count_steps(stage))
            nodes[name].num_trials += 1
    return nodes


def _group_nodes(nodes: dict[str, _Node], *, is_brief: bool) -> Iterator[StageGroup]:
    """Put stages of one title under one parent group together; an arm's stage hangs under its scores."""
    root = _Group(title="", depth=-1)
    group_of: dict[str, _Group] = {}
    for name, node in nodes.items():
        stage = node.stage
        above = group_of.get(stage.scores or stage.parent or "", root)
        title = _describe_briefly(stage) if is_brief else describe_stage(stage)
        group = above.children.setdefault(title, _Group(title=title, depth=above.depth + 1))
        group.nodes[name] = node
        group_of[name] = group
    return _walk(root)


def _describe_briefly(stage: Stage) -> str:
    if stage.settings is None:
        return stage.kind
    return f"{stage.kind} {'+'.join(load_task(name).name for name in stage.settings.tasks)}"


def _walk(group: _Group) -> Iterator[StageGroup]:
    if group.nodes:
        nodes = group.nodes.values()
        yield StageGroup(
            title=group.title,
            kind=next(iter(nodes)).stage.kind,
            depth=group.depth,
            keys=tuple(group.nodes),
            num_trials=tuple(node.num_trials for node in nodes),
            num_steps=sum(node.num_steps for node in nodes),
        )
    for child in group.children.values():
        yield from _walk(child)
