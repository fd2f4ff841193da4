"""Rates: from what has run or from probes, for what is like it and for nothing else."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sweeps.forecast.rates import Rates, find_step_kind, measure_rates, read_rates
from sweeps.planning.plan import PlannedTrial, plan_sweep
from tests.sweeps.factories import BASE, make_space
from tests.sweeps.finished import finish_trials
from xlt_core.perturbations import METHODS
from xlt_core.plan import TrialPlan

SECONDS = {"pretrain": 6.0, "intermediate": 2.0, "target": 2.0}
EVALUATE = 3.0


def score_trial(_trial: PlannedTrial) -> Mapping[str, float]:
    return {"src": 50.0, "kin-hi": 40.0}


def describe_trial(trial: PlannedTrial) -> Mapping[str, Any]:
    """A trial that trained its target stage and found the others; they took so long when they ran."""
    stages = [
        {
            "stage_key": stage.key,
            "kind": stage.kind,
            "wall_seconds": SECONDS[stage.kind],
            "num_steps": 3 if stage.kind == "pretrain" else 4,
            "num_examples": 8,
            "is_shared": stage.kind != "target",
        }
        for stage in trial.plan.stages
    ]
    wall = SECONDS["target"] + EVALUATE + 0.5
    return {"stages": json.dumps(stages), "wall_seconds": wall, "evaluate_seconds": EVALUATE, "attempt": 1}


def test_history_gives_seconds_a_step_by_kind_and_a_test_set(tmp_path: Path) -> None:
    plan = plan_sweep(make_space())
    rates = read_rates(plan.trials, finish_trials(tmp_path / "s", plan, score_trial, describe_trial))
    trial = plan.trials[-1].plan
    assert rates.source == "history"
    assert {stage.kind: rates.of_stage(stage) for stage in trial.shared_stages} == pytest.approx(
        {"pretrain": SECONDS["pretrain"] + 0.5, "intermediate": SECONDS["intermediate"] + 0.5}
    )
    assert rates.of_trial(trial) == pytest.approx(SECONDS["target"] + EVALUATE + 0.5)


def test_later_attempts_say_nothing_of_how_long_a_whole_one_takes(tmp_path: Path) -> None:
    plan = plan_sweep(make_space())
    store = finish_trials(tmp_path / "s", plan, score_trial, lambda trial: {**describe_trial(trial), "attempt": 2})
    assert read_rates(plan.trials, store) == Rates(source="")


def test_more_steps_and_languages_take_longer_in_proportion(tmp_path: Path) -> None:
    plan = plan_sweep(make_space())
    rates = read_rates(plan.trials, finish_trials(tmp_path / "s", plan, score_trial, describe_trial))
    base = {**BASE, "optim": {**BASE["optim"], "num_steps": 40}}
    base["evaluation"] = {**BASE["evaluation"], "languages": ["src", "kin-hi", "far-lo"]}
    longer = plan_sweep(make_space(base=base, axes={}, baseline={})).trials[0].plan
    assert rates.of_trial(longer) == pytest.approx(10 * SECONDS["target"] + 1.5 * EVALUATE + 0.5)


def test_weights_that_rules_choose_take_a_test_set_a_rule_and_the_dev_sets_that_are_looked_at(tmp_path: Path) -> None:
    plan = plan_sweep(make_space())
    rates = read_rates(plan.trials, finish_trials(tmp_path / "s", plan, score_trial, describe_trial))
    asked = {"selections": ["english_dev", "target_oracle", "averaged"], "num_candidates": 3}
    base = {**BASE, "evaluation": {**BASE["evaluation"], **asked}}
    choosing = plan_sweep(make_space(base=base, axes={}, baseline={})).trials[0].plan
    num_test_sets, num_dev_sets = 2 * 4, 3 * (1 + 2)
    evaluating = (num_test_sets + num_dev_sets) * EVALUATE / 2
    assert rates.of_trial(choosing) == pytest.approx(SECONDS["target"] + evaluating + 0.5)


def test_a_method_that_never_ran_takes_as_long_as_its_passes_say_and_another_encoder_is_unknown(tmp_path: Path) -> None:
    axes = {"target.perturbation.magnitude": [0.0, 0.5]}
    plan = plan_sweep(make_space(axes=axes, baseline={"target.perturbation.magnitude": 0.0}))
    rates = read_rates(plan.trials, finish_trials(tmp_path / "s", plan, score_trial, describe_trial))
    target = {"task": "world", "max_train_examples": 64, "perturbation": {"method": "pgd", "magnitude": 0.1}}
    adversarial = plan_sweep(make_space(base={**BASE, "target": target}, axes={}, baseline={})).trials[0].plan
    ratio = sum(METHODS["pgd"].passes) / sum(METHODS["gaussian"].passes)
    seconds = rates.of_stage(adversarial.target_stage)
    assert ratio > 1
    assert seconds == pytest.approx(ratio * SECONDS["target"] + 0.5)
    small = {**BASE, "optim": {**BASE["optim"], "batch_size": 4}}
    assert rates.of_stage(plan_sweep(make_space(base=small, axes={}, baseline={})).trials[0].plan.target_stage) is None


@dataclass(frozen=True)
class _Probe:
    step_seconds: float = 0.25
    evaluate_seconds_per_example: float = 0.1
    load_seconds: float = 1.0


def test_each_kind_of_trial_is_probed_once_whatever_its_magnitude_and_seed() -> None:
    axes = {
        "target.perturbation": [
            {"method": "gaussian", "magnitude": [0.0, 0.5, 1.0]},
            {"method": "pgd", "magnitude": 0.1},
        ]
    }
    plan = plan_sweep(make_space(axes=axes, baseline={"target.perturbation.magnitude": 0.0}, seeds=2))
    probed: list[TrialPlan] = []

    def probe(trial: TrialPlan) -> _Probe:
        probed.append(trial)
        return _Probe()

    rates = measure_rates(plan.trials, probe, lambda spec: spec.num_steps / 100)
    kinds = [find_step_kind(trial.target_stage).perturbation.method for trial in probed]
    assert sorted(kinds) == ["gaussian", "none", "pgd"]
    trial = plan.trials[0].plan
    assert rates.of_trial(trial) == pytest.approx(4 * 0.25 + 1.0 + 2 * 10 * 0.1)
    assert rates.of_stage(trial.shared_stages[0]) == pytest.approx(3 * 0.03 + 1.0)
