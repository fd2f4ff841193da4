"""How long a step, a test set and a start take, from what has run or from a probe. In: a store, or measurements.

Out: `Rates`, which say how long stages and trials will take; none of what is like nothing that was measured. Light.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Protocol

import pyarrow.compute as pc

from results.store import ResultStore
from sweeps.forecast.power import count_test_examples
from sweeps.planning.plan import PlannedTrial, collect_shared_stages
from sweeps.planning.tree import count_steps
from xlt_core.perturbations import METHODS
from xlt_core.perturbations.spec import PerturbationSpec
from xlt_core.plan import TrialPlan
from xlt_core.recipe import PretrainSpec
from xlt_core.stage_plan import Stage


@dataclass(frozen=True, kw_only=True)
class StepKind:
    """What decides how long a step takes."""

    encoder: str
    task: str
    """Empty for pre-training."""
    perturbation: PerturbationSpec
    """Of magnitude 1 or 0: how large it is costs nothing."""
    batch_size: int
    is_scoring: bool
    """Steps of a score stage, which also answers what it has not seen."""


@dataclass(frozen=True, kw_only=True)
class TestKind:
    """What decides how long one test set takes."""

    encoder: str
    task: str
    split: str
    max_examples: int | None


class Measured(Protocol):
    """What a probe says (`xlt_core.probe`)."""

    @property
    def step_seconds(self) -> float:
        """Of one step of the target stage."""
        ...

    @property
    def evaluate_seconds_per_example(self) -> float:
        """Of predicting one test example."""
        ...

    @property
    def load_seconds(self) -> float:
        """From nothing to a model that can take a step."""
        ...


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Seconds, by what they depend on."""

    source: str
    """`history`, `probe`, or empty: nothing is known."""
    step_seconds: Mapping[StepKind, float] = field(default_factory=dict)
    test_set_seconds: Mapping[TestKind, float] = field(default_factory=dict)
    """Of one language under one condition."""
    load_seconds: Mapping[str, float] = field(default_factory=dict)
    """By encoder: what a unit takes besides steps and test sets."""

    def of_stage(self, stage: Stage) -> float | None:
        """Seconds of a stage's training; none: nothing like it was measured."""
        num_steps = count_steps(stage)
        if num_steps == 0:
            return 0.0
        kind = find_step_kind(stage)
        seconds = self._step_seconds(kind)
        return None if seconds is None else num_steps * seconds + self.load_seconds.get(kind.encoder, 0.0)

    def of_trial(self, plan: TrialPlan) -> float | None:
        """Seconds of a trial whose shared stages are there; none: nothing like it was measured."""
        training, test_set = self.of_stage(plan.target_stage), self.test_set_seconds.get(find_test_kind(plan))
        return None if training is None or test_set is None else training + test_set * count_scored_sets(plan)

    def _step_seconds(self, kind: StepKind) -> float | None:
        """As measured; else of steps on as many examples with the same encoder, by the passes that they take."""
        if kind in self.step_seconds:
            return self.step_seconds[kind]
        alike = {
            known: seconds
            for known, seconds in self.step_seconds.items()
            if (known.encoder, known.batch_size) == (kind.encoder, kind.batch_size) and known.task and kind.task
        }
        same_task = {known: seconds for known, seconds in alike.items() if known.task == kind.task}
        found = [seconds / _count_passes(known) for known, seconds in (same_task or alike).items()]
        return fmean(found) * _count_passes(kind) if found else None


def find_step_kind(stage: Stage) -> StepKind:
    """Say what decides how long a step of a stage takes."""
    encoder = stage.encoder.source if stage.encoder else ""
    plain = PerturbationSpec()
    if stage.settings is None:
        return StepKind(encoder=encoder, task="", perturbation=plain, batch_size=0, is_scoring=False)
    if stage.scorer is not None:
        batch_size = stage.scorer.optim.batch_size
        return StepKind(
            encoder=encoder, task=stage.settings.task, perturbation=plain, batch_size=batch_size, is_scoring=True
        )
    perturbation = stage.settings.perturbation
    magnitude = 1.0 if perturbation.magnitude else 0.0
    optim = stage.settings.optim
    return StepKind(
        encoder=encoder,
        task="+".join(stage.settings.tasks),
        perturbation=perturbation.model_copy(update={"magnitude": magnitude}),
        batch_size=optim.batch_size if optim else 0,
        is_scoring=False,
    )


def find_test_kind(plan: TrialPlan) -> TestKind:
    """Say what decides how long one of a trial's test sets takes."""
    spec = plan.spec
    return TestKind(
        encoder=spec.encoder.source,
        task=spec.target.task,
        split=spec.evaluation.split,
        max_examples=spec.evaluation.max_examples,
    )


def count_test_sets(plan: TrialPlan) -> int:
    """Languages by conditions."""
    return len(plan.languages) * len(plan.spec.evaluation.conditions)


def count_scored_sets(plan: TrialPlan) -> int:
    """Test sets, by as many weights as may be scored, and dev sets to choose by, each taken for as large as a test set.

    At most: weights that two rules choose are scored once.
    """
    evaluation, num_languages = plan.spec.evaluation, len(plan.languages)
    num_dev_sets = {"english_dev": 1, "target_oracle": num_languages, "averaged": 0}
    num_extra = sum(
        num_languages + num_dev_sets[name] * evaluation.num_candidates for name in evaluation.other_selections
    )
    return count_test_sets(plan) + num_extra


def read_rates(trials: Sequence[PlannedTrial], store: ResultStore) -> Rates:
    """Learn from what has run of these trials, each stage from the one trial that ran it.

    Attempts after the first say nothing: they went on from a checkpoint. Nor do trials that took over scores.
    """
    rows = store.trials()
    rows = rows.filter(pc.equal(rows["attempt"], 1)).select(["trial_id", "stages", "wall_seconds", "evaluate_seconds"])
    planned = {trial.trial_id: trial for trial in trials}
    stages = {shared.stage.key: shared.stage for shared in collect_shared_stages(trials)}
    stages |= {trial.plan.target_stage.key: trial.plan.target_stage for trial in trials}
    costs: dict[str, Mapping[str, Any]] = {}
    tests: defaultdict[TestKind, list[float]] = defaultdict(list)
    loads: defaultdict[str, list[float]] = defaultdict(list)
    for row in rows.to_pylist():
        trial = planned.get(row["trial_id"])
        if trial is None or trial.supersedes or row["stages"] is None or row["evaluate_seconds"] is None:
            continue
        own = 0.0
        for cost in json.loads(row["stages"]):
            costs.setdefault(cost["stage_key"], cost)
            own += 0.0 if cost["is_shared"] else cost["wall_seconds"]
        tests[find_test_kind(trial.plan)].append(row["evaluate_seconds"] / max(1, count_scored_sets(trial.plan)))
        loads[trial.plan.spec.encoder.source].append(max(0.0, row["wall_seconds"] - own - row["evaluate_seconds"]))
    return Rates(
        source="history" if tests else "",
        step_seconds=_average_steps(stages, costs),
        test_set_seconds={kind: fmean(found) for kind, found in tests.items()},
        load_seconds={encoder: fmean(found) for encoder, found in loads.items()},
    )


def _average_steps(stages: Mapping[str, Stage], costs: Mapping[str, Mapping[str, Any]]) -> dict[StepKind, float]:
    """Seconds a step over all stages of a kind, with what they took to begin."""
    seconds: defaultdict[StepKind, float] = defaultdict(float)
    steps: defaultdict[StepKind, int] = defaultdict(int)
    for key, cost in costs.items():
        if key in stages and (num_steps := count_steps(stages[key])):
            kind = find_step_kind(stages[key])
            seconds[kind] += cost["wall_seconds"]
            steps[kind] += num_steps
    return {kind: total / steps[kind] for kind, total in seconds.items()}


def measure_rates(
    trials: Iterable[PlannedTrial],
    probe: Callable[[TrialPlan], Measured],
    time_pretraining: Callable[[PretrainSpec], float],
) -> Rates:
    """Measure one trial of every kind: its target stage and its test set. Shared stages are reckoned from these.

    Args:
        trials: to be run.
        probe: takes a few steps of a trial.
        time_pretraining: gives the seconds of a step of an encoder that is made first.
    """
    trials = tuple(trials)
    chosen: dict[tuple[StepKind, TestKind], TrialPlan] = {}
    for trial in trials:
        chosen.setdefault((find_step_kind(trial.plan.target_stage), find_test_kind(trial.plan)), trial.plan)
    steps: dict[StepKind, float] = {}
    tests: dict[TestKind, float] = {}
    loads: dict[str, float] = {}
    for shared in collect_shared_stages(trials):
        kind, encoder = find_step_kind(shared.stage), shared.stage.encoder
        if shared.stage.settings is None and kind not in steps and encoder and encoder.pretrain:
            steps[kind] = time_pretraining(encoder.pretrain)
    for (step_kind, test_kind), plan in chosen.items():
        found = probe(plan)
        if count_steps(plan.target_stage):
            steps[step_kind] = found.step_seconds
        sizes = count_test_examples(plan, is_fetched=True)
        tests[test_kind] = found.evaluate_seconds_per_example * fmean(sizes.values()) if sizes else 0.0
        loads[step_kind.encoder] = found.load_seconds
    return Rates(source="probe", step_seconds=steps, test_set_seconds=tests, load_seconds=loads)


def _count_passes(kind: StepKind) -> float:
    """Forward, backward, and gradients of the weights taken as equally long (`benchmarks/perturbation_cost.py`)."""
    entry = METHODS[kind.perturbation.method]
    return float(sum(entry.passes))
