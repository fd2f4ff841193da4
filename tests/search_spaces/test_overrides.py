import pytest

from search_spaces.document import read_document
from search_spaces.overrides import apply_override
from search_spaces.problems import SpaceError
from tests.search_spaces.factories import SPACE_YAML


def _override(*overrides):
    document = read_document(SPACE_YAML, "x.yaml")
    for override in overrides:
        document = apply_override(document, override)
    return document


def test_a_setting_goes_into_the_base():
    base = _override("optim.num_steps=7", "target.data=some/folder", "base.model.pooling=mean").values["base"]
    assert base["optim"] == {"learning_rate": 2.0e-5, "num_steps": 7}
    assert base["target"] == {"task": "world", "data": "some/folder"}
    assert base["model"] == {"pooling": "mean"}


def test_an_encoder_given_as_a_string_takes_deeper_keys():
    base = _override("encoder.pretrain.num_steps=5").values["base"]
    assert base["encoder"] == {"source": "mini", "pretrain": {"num_steps": 5}}


def test_keys_of_the_space_are_set_at_its_top():
    values = _override("seeds=[3, 4]", "resources.gpu=0.5", "name=other", "baseline.optim.num_steps=3").values
    assert (values["seeds"], values["resources"], values["name"]) == ([3, 4], {"gpu": 0.5}, "other")
    assert values["baseline"]["optim.num_steps"] == 3


def test_an_axis_can_be_added_replaced_and_changed_inside():
    axes = _override(
        "axes.optim.num_steps=[1, 2]", "axes.intermediate=[none]", "axes.target.perturbation.magnitude=[0]"
    )
    assert axes.values["axes"] == {
        "target.perturbation": {"method": ["uniform", "pgd"], "magnitude": [0]},
        "intermediate": ["none"],
        "optim.num_steps": [1, 2],
    }


def test_a_later_override_wins_and_is_what_an_error_names():
    document = _override("optim.num_steps=7", "optim.num_steps=8")
    assert document.values["base"]["optim"]["num_steps"] == 8
    assert document.origin_of(("base", "optim", "num_steps")) == "--set optim.num_steps=8"
    assert document.origin_of(("base", "optim", "learning_rate")) == "x.yaml:6"


def test_settings_under_a_replaced_key_no_longer_come_from_the_file():
    document = _override("axes.intermediate=[none, {task: nowhere}]")
    assert document.origin_of(("axes", "intermediate", 1, "task")).startswith("--set axes.intermediate=")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optim.num_steps", "write key=value"),
        ("=3", "write key=value"),
        ("optim.num_steps=", "write key=value"),
        ("encoder=[1", "is no YAML value; quote it"),
        ("optm.num_steps=3", "unknown key 'optm.num_steps'; did you mean 'optim'"),
        ("seeds.first=3", "unknown key 'seeds.first'"),
        ("target.perturbation.magnitude=0.5", "varied by the axis 'target.perturbation'; use  --set axes.target"),
        ("intermediate=none", "varied by the axis 'intermediate'"),
    ],
)
def test_an_override_that_cannot_be_meant_is_refused(override, message):
    with pytest.raises(SpaceError, match=message):
        _override(override)


def test_an_override_below_none_is_refused_because_it_has_no_effect():
    document = read_document("name: x\nbase: {intermediate: none}\n", "x.yaml")
    with pytest.raises(SpaceError, match=r"has no effect: in the base, 'intermediate.dose' is under 'none'"):
        apply_override(document, "intermediate.dose=0.5")


def test_settings_of_a_search_and_a_scheduler_are_set_one_by_one():
    values = _override("search.random.num_cells=4", "search.random.seed=2", "scheduler.asha.grace_steps=9").values
    assert values["search"] == {"random": {"num_cells": 4, "seed": 2}}
    assert values["scheduler"] == {"asha": {"grace_steps": 9}}
    named = _override(
        "search=factorial", "search.optuna.num_cells=3", "scheduler=none", "scheduler.median.grace_steps=1"
    )
    assert (named.values["search"], named.values["scheduler"]) == (
        {"optuna": {"num_cells": 3}},
        {"median": {"grace_steps": 1}},
    )
