import pytest
from pydantic import ValidationError

from search_spaces.space import SearchSpace
from tests.search_spaces.factories import BASE, make_space

AXES = {"target.perturbation.magnitude": [0.0, 0.5]}


def test_a_space_survives_json():
    space = make_space(AXES, seeds=[3, 1], resources={"gpu": 0.25})
    assert SearchSpace.model_validate_json(space.model_dump_json()) == space


def test_a_number_of_seeds_counts_from_zero_and_a_list_is_kept():
    assert make_space(AXES, seeds=3).seed_values == (0, 1, 2)
    assert make_space(AXES, seeds=[7, 2]).seed_values == (7, 2)


@pytest.mark.parametrize("seeds", [0, -1, True, 1.0, "3", [], [1, 1], [-1], [0.5], {"a": 1}])
def test_other_seeds_are_refused(seeds):
    with pytest.raises(ValidationError, match="allowed: how many seeds"):
        make_space(AXES, seeds=seeds)


def test_a_space_with_a_search_and_a_scheduler_survives_json():
    search = {"optuna": {"num_cells": 3, "objectives": ["mean_delta", "worst_delta"], "metric": "none"}}
    space = make_space(AXES, search=search, scheduler={"asha": {"grace_steps": 10}})
    assert SearchSpace.model_validate_json(space.model_dump_json()) == space
    assert (space.search.optuna.metric, space.search.num_cells) == (None, 3)


def test_every_cell_runs_to_its_end_unless_asked_otherwise():
    written = make_space(AXES).model_dump(mode="json")
    assert (written["search"], written["scheduler"]) == ("factorial", "none")


@pytest.mark.parametrize("values", [0.5, "none", None, [], {}])
def test_an_axis_is_a_list_or_a_mapping_with_something_in_it(values):
    with pytest.raises(ValidationError, match="an axis"):
        make_space({"optim.num_steps": values})


@pytest.mark.parametrize("key", ["seed", "a..b", "", "optim.", "optim num_steps"])
def test_an_axis_is_named_by_a_dotted_key_of_a_cell(key):
    with pytest.raises(ValidationError, match=r"seeds are no setting|no dotted key"):
        make_space({key: [1]})


def test_axes_need_a_baseline_and_no_axes_need_none():
    with pytest.raises(ValidationError, match="'baseline' is missing"):
        make_space(AXES, baseline={})
    assert SearchSpace.model_validate({"name": "one", "base": BASE}).baseline == {}


@pytest.mark.parametrize("gpu", [0, 0.25, 1, 2, 2.0])
def test_a_trial_takes_a_share_of_a_gpu_or_whole_ones(gpu):
    assert make_space(AXES, resources={"gpu": gpu}).resources.gpu == gpu


def test_one_and_a_half_gpus_are_refused_before_ray_does():
    with pytest.raises(ValidationError, match=r"given 1\.5 for 'gpu'; allowed: a share of one GPU"):
        make_space(AXES, resources={"gpu": 1.5})
