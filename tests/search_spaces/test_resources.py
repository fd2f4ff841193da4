"""Resources: what is allowed, and which rule a trial takes."""

from typing import Any

import pytest
from pydantic import ValidationError

from search_spaces.loading import load_space
from search_spaces.problems import SpaceError
from search_spaces.resources import Resources
from xlt_core.spec import TrialSpec, parse_trial_spec


def _read(**values: Any) -> Resources:
    return Resources.model_validate(values)


def _trial(**changes: Any) -> TrialSpec:
    return parse_trial_spec(
        {"encoder": "FacebookAI/xlm-roberta-large", "target": {"task": "xnli"}, "optim": {"batch_size": 8}, **changes}
    )


def _is_matched(match: Any, spec: TrialSpec) -> bool:
    return _read(rules=[{"match": match, "gpu": 1}]).of_trial(spec).gpu == 1


def test_without_rules_every_trial_takes_the_same() -> None:
    resources = _read(cpu=2.0, gpu=0.5, labels={"ray.io/accelerator-type": "H100"}, custom={"license": 1})
    assert resources.of_trial(_trial()) == resources


def test_the_first_rule_that_matches_counts_and_leaves_the_rest_as_it_is() -> None:
    resources = _read(
        cpu=2.0,
        gpu=0.25,
        max_concurrent=3,
        rules=[
            {"match": {"encoder": "FacebookAI/xlm-roberta-base"}, "gpu": 0.5},
            {"match": {"encoder": "FacebookAI/xlm-roberta-large"}, "gpu": 1, "labels": {"accelerator": "H100"}},
            {"match": {"target.task": "xnli"}, "cpu": 8.0},
        ],
    )
    taken = resources.of_trial(_trial())
    assert taken == _read(cpu=2.0, gpu=1, labels={"accelerator": "H100"}, max_concurrent=3)
    assert resources.of_trial(_trial(encoder="other/encoder")) == _read(cpu=8.0, gpu=0.25, max_concurrent=3)
    assert resources.of_trial(_trial(encoder="o/e", target={"task": "pawsx"})).gpu == 0.25


def test_a_rule_may_take_a_gpu_away() -> None:
    resources = _read(gpu=1, labels={"a": "b"}, rules=[{"match": {"target.task": "xnli"}, "gpu": 0, "labels": {}}])
    assert resources.of_trial(_trial()) == _read(gpu=0.0)


@pytest.mark.parametrize(
    ("match", "is_matched"),
    [
        ({"target.task": "xnli"}, True),
        ({"target.task": "xnli", "optim.batch_size": 8}, True),
        ({"target.task": "xnli", "optim.batch_size": 16}, False),
        ({"target": {"task": "xnli"}}, True),
        ({"target": {"task": "xnli", "perturbation": {"method": "pgd"}}}, False),
        ({"encoder": {"source": "FacebookAI/xlm-roberta-large"}}, True),
        ({"intermediate": "none"}, True),
        ({"intermediate": None}, True),
        ({"intermediate.task": "mnli"}, False),
        ({"optim.betas": [0.9, 0.999]}, True),
        ({"optim.betas": [0.9]}, False),
    ],
)
def test_a_rule_is_for_trials_that_have_all_its_settings(match: Any, is_matched: bool) -> None:
    assert _is_matched(match, _trial()) == is_matched


def test_no_intermediate_stage_is_not_any_intermediate_stage() -> None:
    spec = _trial(intermediate={"task": "mnli"})
    assert not _is_matched({"intermediate": "none"}, spec)
    assert _is_matched({"intermediate.task": "mnli"}, spec)


def test_a_folder_is_known_by_any_of_its_paths(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert _is_matched({"encoder": "./large"}, _trial(encoder=str(tmp_path / "large")))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rules": [{"match": {"target.tsk": "xnli"}, "gpu": 1}]}, r"did you mean 'target\.task'"),
        ({"rules": [{"match": {"encoder": {"sorce": "x"}}}]}, r"did you mean 'encoder\.source'"),
        ({"rules": [{"match": {}}]}, "at least 1 item"),
        ({"rules": [{"match": {"target.task": "xnli"}, "gpu": 1.5}]}, "a share of one GPU"),
        ({"labels": {"accelerator": "a b"}}, "match pattern"),
        ({"labels": {"-bad": "x"}}, "match pattern"),
        ({"custom": {"GPU": 1}}, "no resource of your own"),
        ({"custom": {"license": 0}}, "greater than 0"),
    ],
)
def test_what_no_cluster_could_read_is_refused(values: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Resources.model_validate(values)


def test_a_slip_in_a_rule_is_named_with_its_line(tmp_path: Any) -> None:
    path = tmp_path / "space.yaml"
    path.write_text(
        "name: s\nbase: {encoder: mini, target: {task: world}}\nresources:\n  rules:\n"
        "    - {match: {target.task: world}, gpus: 1}\n"
    )
    with pytest.raises(SpaceError, match=r"space\.yaml:[345]: .*unknown key 'gpus'; did you mean 'gpu'"):
        load_space(str(path))


def test_resources_survive_json() -> None:
    resources = _read(custom={"license": 2}, keep_weights=True, rules=[{"match": {"intermediate": None}, "gpu": 1}])
    assert Resources.model_validate_json(resources.model_dump_json()) == resources
