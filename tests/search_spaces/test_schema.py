import json

import pytest
from jsonschema import Draft202012Validator

from search_spaces.document import read_document
from search_spaces.loading import list_spaces
from search_spaces.schema import setting_paths, space_schema
from tests.search_spaces.factories import SPACE_YAML
from xlt_core.spec import TrialSpec


def _errors(text):
    return [
        error.message for error in Draft202012Validator(space_schema()).iter_errors(read_document(text, "x").values)
    ]


def test_the_schema_is_a_schema_and_json():
    Draft202012Validator.check_schema(space_schema())
    assert json.loads(json.dumps(space_schema())) == space_schema()


def test_a_good_space_satisfies_it():
    assert _errors(SPACE_YAML) == []
    assert _errors(SPACE_YAML.replace("encoder: mini", "encoder: {source: mini}\n  intermediate: none")) == []


@pytest.mark.parametrize("name", sorted(list_spaces()))
def test_every_ready_made_space_satisfies_it(name):
    from importlib.resources import files

    assert _errors(files("search_spaces").joinpath(f"{name}.yaml").read_text(encoding="utf-8")) == []


def test_what_is_to_be_tested_is_known_to_it():
    analysis = (
        "analysis: {contrasts: [{name: noise, against: {intermediate: none}}], families: [{name: a, role: %s}]}\n"
    )
    assert _errors(SPACE_YAML + analysis % "primary") == []
    assert _errors(SPACE_YAML + analysis % "main")
    assert _errors(SPACE_YAML + "analysis: {contrasts: [{name: noise}]}\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("num_steps: 20", "num_stps: 20"),
        ("num_steps: 20", "num_steps: 0"),
        ("{task: world}", "{task: wrld}"),
        ("intermediate:\n", "intermediat:\n"),
        ("seeds: 2", "seeds: two"),
        ("seeds: 2", "sedes: 2"),
        ("seeds: 2", "search: random"),
        ("name: tried\n", ""),
    ],
)
def test_a_slip_is_seen_in_the_editor(old, new):
    assert old in SPACE_YAML
    assert _errors(SPACE_YAML.replace(old, new))


def test_setting_paths_are_every_key_of_a_cell():
    paths = setting_paths(TrialSpec)
    assert {"encoder", "target.perturbation.magnitude", "intermediate.dose", "optim.betas", "model.pooling"} <= set(
        paths
    )
    assert "seed" not in paths
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(
    ("conditions", "is_fine"),
    [
        ("[clean, generalized, {kind: typos, share: 0.1}]", True),
        ("[{kind: noise, perturbation: {method: gaussian, magnitude: 0.1}}]", True),
        ("[typos]", False),
        ("[{kind: typo, share: 0.1}]", False),
        ("[{kind: typos, shar: 0.1}]", False),
    ],
)
def test_conditions_are_checked_each_by_its_kind(conditions, is_fine):
    assert "encoder: mini" in SPACE_YAML
    text = SPACE_YAML.replace("encoder: mini", f"encoder: mini\n  evaluation: {{conditions: {conditions}}}")
    assert (not _errors(text)) == is_fine


def test_no_default_is_shown_for_what_every_method_has_its_own():
    settings = space_schema()["$defs"]["PerturbationSpec"]["properties"]
    assert {name for name, one in settings.items() if "default" in one} == {"method", "magnitude"}
    assert "default" in TrialSpec.model_json_schema()["$defs"]["PerturbationSpec"]["properties"]["granularity"]


@pytest.mark.parametrize(
    ("target", "is_fine"),
    [
        ("{task: ./my/task.yaml}", True),
        ("{task: task.yml, data: {train: a, test: b}}", True),
        ("{task: world, data: hub}", True),
        ("{task: task.json}", False),
        ("{task: world, data: {train: a, tset: b}}", False),
    ],
)
def test_a_task_may_be_a_file_and_data_may_lie_apart(target, is_fine):
    assert "{task: world}" in SPACE_YAML
    assert (not _errors(SPACE_YAML.replace("{task: world}", target))) == is_fine
