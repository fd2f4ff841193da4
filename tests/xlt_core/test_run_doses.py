"""Whole trials on arms of planted difficulty: scored once, balanced, checked, and resumed to the bit."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.xlt_core.difficulty.planted import (
    NUM_TRAIN,
    WRITERS,
    build_plan,
    build_workspace,
    column,
    difficulty,
    is_planted,
    proxy,
    write_inputs,
)
from xlt_core.artifacts import is_published, read_manifest
from xlt_core.difficulty.scores import read_scores
from xlt_core.difficulty.training import choose_examples
from xlt_core.errors import DataError
from xlt_core.plan import TrialPlan
from xlt_core.progress import Progress
from xlt_core.run import run_trial
from xlt_core.stages import run_stage
from xlt_core.task_stage import stage_seed
from xlt_core.workspace import Workspace

CHECKS = ["counts", "labels", "lengths", "order", "linear", "independent"]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Path:
    return write_inputs(tmp_path_factory.mktemp("inputs"), *WRITERS)


def intermediate(plan: TrialPlan, workspace: Workspace) -> dict[str, Any]:
    """The manifest of a trial's intermediate stage."""
    (stage,) = (stage for stage in plan.stages if stage.kind == "intermediate")
    return read_manifest(workspace.stages / stage.key)


def test_scorers_run_once_and_every_arm_of_a_sweep_is_drawn_by_them(inputs, tmp_path):
    workspace = build_workspace(tmp_path)
    settings = difficulty(inputs, "pair", scorer=proxy(inputs))
    plans = {dose: build_plan(inputs, dose=dose, difficulty=settings) for dose in (0.0, 0.5, 1.0, "random")}
    scored: list[str] = []

    def note(progress: Progress) -> None:
        if progress.kind == "score" and progress.stage_key not in scored:
            scored.append(progress.stage_key)

    results = {dose: run_trial(plans[dose], workspace, note) for dose in (0.0, 1.0)}
    for plan in plans.values():
        run_stage(plan.stages[-2], plan.spec, workspace)
    assert scored == [plans[0.0].stages[0].key]
    arms = {dose: intermediate(plan, workspace)["arm"] for dose, plan in plans.items()}
    assert {arm["num_examples"] for arm in arms.values()} == {NUM_TRAIN // 3}
    bits = [arms[dose]["mean_difficulty"] for dose in (0.0, 0.5, 1.0)]
    assert bits[0] < arms["random"]["mean_difficulty"] < bits[2]
    assert bits[1] == pytest.approx((bits[0] + bits[2]) / 2, abs=0.1 * (bits[2] - bits[0]))
    scores = read_scores(workspace.stages / scored[0])
    planted = np.array([is_planted(number) for number in range(NUM_TRAIN)])
    assert scores.mean[planted].mean() > 2 * scores.mean[~planted].mean(), "the scorer found what was planted"
    for result in results.values():
        assert [cost.kind for cost in result.stages] == ["score", "score", "intermediate", "target"]
        assert result.stages[0].num_steps == 2 * 120


@pytest.mark.parametrize("shape", WRITERS)
def test_every_shape_is_trained_on_an_arm_whose_checks_are_in_the_manifest(inputs, tmp_path, shape):
    workspace = build_workspace(tmp_path)
    plan = build_plan(inputs, shape, dose=0.25)
    assert len(run_trial(plan, workspace).stages) == 4
    manifest = intermediate(plan, workspace)
    arm = manifest["arm"]
    assert [check["name"] for check in arm["checks"]] == CHECKS
    assert all(check["passed"] and not check["waived"] for check in arm["checks"])
    assert (arm["dose"], arm["half"], arm["noise_trim"], arm["num_examples"]) == (0.25, None, 0.0, NUM_TRAIN // 3)
    assert arm["scores"] == plan.stages[0].key
    assert manifest["stage"]["independent_scores"] == plan.stages[1].key


def test_a_check_that_fails_stops_the_trial_before_training_and_says_the_numbers(inputs, tmp_path):
    workspace = build_workspace(tmp_path)
    names = [line.partition(",")[0] for line in (inputs / "pair.csv").read_text().splitlines()[1:]]
    backwards = tmp_path / "backwards.csv"
    rows = (f"{name},{1 - is_planted(number)}\n" for number, name in enumerate(names))
    backwards.write_text("id,score\n" + "".join(rows))
    settings = difficulty(inputs, "pair", independent={"measure": "column", "path": str(backwards)})
    plan = build_plan(inputs, dose=1.0, difficulty=settings)
    trained: list[Progress] = []
    message = r"independent: by the independent scorer mean difficulty is 1 at dose 0, 0\.5 at dose 0\.5, 0 at dose 1"
    with pytest.raises(DataError, match=message + r".*waive: \[independent\]"):
        run_trial(plan, workspace, trained.append)
    assert trained == []
    assert is_published(workspace.stages / plan.stages[0].key)
    assert not is_published(workspace.stages / plan.stages[-2].key)
    waived = build_plan(inputs, dose=1.0, difficulty=settings | {"waive": ["independent"]})
    assert waived.trial_id == plan.trial_id
    run_trial(waived, workspace)
    checks = {check["name"]: check for check in intermediate(waived, workspace)["arm"]["checks"]}
    assert (checks["independent"]["passed"], checks["independent"]["waived"]) == (False, True)
    assert checks["independent"]["value"] == pytest.approx(-1.0)
    assert not any(check["waived"] for name, check in checks.items() if name != "independent")
    with pytest.raises(DataError, match=message):  # the artifact is there, and its waiver is not asked for
        run_trial(plan, workspace)
    other = build_plan(inputs, dose=1.0, difficulty=difficulty(inputs, "pair"))
    assert run_trial(other, workspace).trial_id == plan.trial_id, "another scorer confirms the same arm"


def test_without_an_independent_scorer_the_waiver_is_written_down(inputs, tmp_path):
    workspace = build_workspace(tmp_path)
    settings = difficulty(inputs, "pair", independent=None, waive=["independent"])
    plan = build_plan(inputs, dose=0.0, difficulty=settings)
    assert [stage.kind for stage in plan.stages] == ["score", "intermediate", "target"]
    run_trial(plan, workspace)
    check = intermediate(plan, workspace)["arm"]["checks"][-1]
    assert (check["name"], check["value"], check["passed"], check["waived"]) == ("independent", None, False, True)


def test_a_pool_too_small_for_its_strata_is_refused_at_planning_with_its_numbers(inputs):
    with pytest.raises(DataError, match=r"^intermediate\.difficulty: label 0 has 180 of 360 .* a stratum needs 200"):
        build_plan(inputs, dose=0.5, difficulty=difficulty(inputs, "pair", min_stratum=200))
    with pytest.raises(DataError, match=r"^intermediate\.difficulty: num_examples 121: .* a third of them, 120"):
        build_plan(inputs, dose=0.5, difficulty=difficulty(inputs, "pair", num_examples=121))


def test_an_arm_larger_than_the_trimmed_thirds_is_refused_before_training(inputs, tmp_path):
    plan = build_plan(inputs, dose=0.5, difficulty=difficulty(inputs, "pair", num_examples=120, noise_trim=0.3))
    with pytest.raises(DataError, match="num_examples 120: the thirds of 2 strata have"):
        run_trial(plan, build_workspace(tmp_path))


def test_a_scorer_that_learned_nothing_stops_the_trial(inputs, tmp_path):
    settings = difficulty(inputs, "pair", scorer=proxy(inputs, optim={"num_steps": 1, "batch_size": 4}))
    plan = build_plan(inputs, dose=0.5, difficulty=settings)
    with pytest.raises(DataError, match="'proxy_loss' learned too little"):
        run_trial(plan, build_workspace(tmp_path))


def train_weights(plan: TrialPlan, workspace: Workspace) -> dict[str, torch.Tensor]:
    """The encoder of a trial's intermediate stage."""
    for shared in plan.shared_stages:
        run_stage(shared, plan.spec, workspace)
    return load_file(workspace.stages / plan.target_stage.parent / "model.safetensors")


def is_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize("settings", [{"dose": 0.5}, {"dose": "mid"}, {"half": 1}], ids=str)
def test_an_arm_is_trained_as_a_file_that_holds_nothing_else(inputs, tmp_path, settings):
    workspace = build_workspace(tmp_path / "run")
    plan = build_plan(inputs, **settings)
    weights = train_weights(plan, workspace)
    stage = plan.stages[-2]
    rows = choose_examples(stage, workspace, stage_seed(stage, plan.spec)).rows.tolist()
    shutil.copytree(inputs / "pair", tmp_path / "part")
    path = tmp_path / "part/train-en.tsv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[row] for row in rows))
    plain = build_plan(inputs, data=str(tmp_path / "part"))
    assert is_same(train_weights(plain, workspace), weights)
    assert not is_same(train_weights(build_plan(inputs), workspace), weights)


@pytest.mark.slow
def test_arms_controls_and_curricula_are_all_trained_as_they_say(inputs, tmp_path):
    workspace = build_workspace(tmp_path)
    stages = [
        *({"dose": dose} for dose in (0.0, 1.0, "random", "shuffled-label", "trivial")),
        *({"curriculum": {"order": order}} for order in ("easy-first", "hard-first")),
        {},
    ]
    weights = [train_weights(build_plan(inputs, **settings), workspace) for settings in stages]
    for place, one in enumerate(weights):
        for other in weights[:place]:
            assert not is_same(one, other), stages[place]


class KilledError(Exception):
    """Stands for a kill."""


@pytest.mark.parametrize(
    "settings",
    [
        {"dose": 0.75},
        pytest.param({"dose": "trivial"}, marks=pytest.mark.slow),
        pytest.param({"dose": "shuffled-label"}, marks=pytest.mark.slow),
        pytest.param({"curriculum": {"order": "easy-first"}}, marks=pytest.mark.slow),
        pytest.param({"dose": 0.5, "half": 1, "difficulty": {"min_stratum": 6}}, marks=pytest.mark.slow),
    ],
    ids=json.dumps,
)
def test_a_stage_that_is_killed_ends_with_the_same_bits(inputs, tmp_path, settings):
    changes = dict(settings)
    if "difficulty" in settings:
        changes["difficulty"] = difficulty(inputs, "pair", **settings["difficulty"])
    plan = build_plan(inputs, **changes)
    stage = plan.stages[-2]

    def kill(progress: Progress) -> None:
        if (progress.kind, progress.num_steps_taken) == ("intermediate", 7):
            raise KilledError

    weights = []
    for name, steps in (("whole", [None]), ("parts", [kill, None])):
        workspace = build_workspace(tmp_path / name)
        for shared in plan.stages[:-2]:
            run_stage(shared, plan.spec, workspace)
        seen: list[Progress] = []
        for on_progress in steps:
            if on_progress is None:
                run_stage(stage, plan.spec, workspace, seen.append)
            else:
                with pytest.raises(KilledError):
                    run_stage(stage, plan.spec, workspace, on_progress)
        assert seen[0].num_steps_taken == (6 if name == "parts" else 1)
        weights.append(load_file(workspace.stages / stage.key / "model.safetensors"))
    assert weights[0].keys() == weights[1].keys()
    assert is_same(*weights)


@pytest.mark.parametrize(
    "method", ["pgd", *(pytest.param(method, marks=pytest.mark.slow) for method in ("gaussian", "mixup"))]
)
def test_a_perturbation_beside_a_dose_disturbs_the_same_arm(inputs, tmp_path, method):
    workspace = build_workspace(tmp_path)
    plans = [
        build_plan(inputs, dose=1.0, perturbation={"method": method, "magnitude": magnitude})
        for magnitude in (0.0, 0.3)
    ]
    arms, weights = [], []
    for plan in plans:
        run_trial(plan, workspace)
        arms.append(intermediate(plan, workspace)["arm"])
        weights.append(load_file(workspace.stages / plan.stages[-2].key / "model.safetensors"))
    assert arms[0] == arms[1]
    assert not is_same(*weights)


def test_a_dose_of_the_target_stage_is_drawn_and_checked_too(inputs, tmp_path):
    workspace = build_workspace(tmp_path)
    target = {"task": "pawsx", "data": str(inputs / "pair"), "dose": 1.0, "difficulty": difficulty(inputs, "pair")}
    plan = build_plan(inputs, trial={"target": target})
    assert [stage.kind for stage in plan.stages] == ["intermediate", "score", "score", "target"]
    assert run_trial(plan, workspace).stages[-1].kind == "target"
    strict = difficulty(inputs, "pair", independent=column(inputs, "single"))
    with pytest.raises(DataError, match=r"^target\.difficulty: .*no score for 1 of 360 examples"):
        build_plan(inputs, trial={"target": target | {"difficulty": strict}})
