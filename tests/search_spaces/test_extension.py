"""Changes to a sweep's space: each asks for more, or is refused."""

from typing import Any

import pytest

from search_spaces.expand import expand_space
from search_spaces.extension import SpaceChanges, extend_space
from search_spaces.space import SearchSpace
from tests.search_spaces.factories import BASE, make_space
from xlt_core.errors import SpecError

AXES: dict[str, Any] = {
    "target.perturbation": {"method": ["gaussian"], "magnitude": [0.0, 0.5]},
    "intermediate": ["none", {"task": "world", "dose": [0.0]}],
}


def _space(**changes: Any) -> SearchSpace:
    base = {**BASE, "optim": {"learning_rate": 1.0e-5}, "evaluation": {"languages": ["src"]}}
    return make_space(AXES, **{"base": base, "seeds": 2} | changes)


def _extend(space: SearchSpace, **changes: Any) -> SearchSpace:
    return extend_space(space, SpaceChanges(**changes), "runs/tried/sweep.json")


def test_nothing_changed_is_the_same_space() -> None:
    space = _space()
    assert expand_space(_extend(space)) == expand_space(space)


def test_more_seeds_keep_those_that_are_there() -> None:
    assert _extend(_space(), seeds=5).seed_values == (0, 1, 2, 3, 4)
    with pytest.raises(SpecError, match="would no longer be asked for"):
        _extend(_space(seeds=[3, 7]), seeds=5)


def test_values_are_added_to_an_axis_and_those_it_has_are_not_doubled() -> None:
    axes = _extend(_space(), axes=("target.perturbation.magnitude=0.5,1.0,3.0e-5",)).axes
    assert axes["target.perturbation"] == {"method": ["gaussian"], "magnitude": [0.0, 0.5, 1.0, 3.0e-5]}
    assert _extend(_space(), axes=("axes.intermediate={task: world, dose: [1.0]}",)).axes["intermediate"] == [
        *AXES["intermediate"],
        {"task": "world", "dose": [1.0]},
    ]


def test_what_the_base_says_becomes_the_first_value_of_a_new_axis() -> None:
    space = _extend(_space(), axes=("optim.learning_rate=3.0e-5",))
    assert space.axes["optim.learning_rate"] == [1.0e-5, 3.0e-5]
    assert len(expand_space(space)) == 2 * len(expand_space(_space()))


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ("magnitude", "write KEY=VALUE,VALUE"),
        ("target.perturbation=1", r"give one of its keys: target\.perturbation\.method"),
        ("intermediate.dose=1.0", "is a list of whole settings"),
        ("optim.num_steps=7", r"the base does not say what it is now.*axes\.optim\.num_steps=\[NOW, 7\]"),
        ("target.perturbation.magnitude=[1", "no YAML"),
    ],
)
def test_an_axis_that_cannot_be_added_to_is_refused_with_what_to_write(axis: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        _extend(_space(), axes=(axis,))


def test_new_languages_are_named_alone_behind_a_plus_or_beside_the_old() -> None:
    for text in ("+kin-hi", "src,kin-hi", "kin-hi, src"):
        evaluation = expand_space(_extend(_space(), languages=text))[0].spec.evaluation
        assert set(evaluation.languages) == {"src", "kin-hi"}
    assert expand_space(_extend(_space(), languages="all"))[0].spec.evaluation.languages == "all"
    with pytest.raises(SpecError, match=r"languages src would no longer be scored.*--languages \+NEW"):
        _extend(_space(), languages="kin-hi")


def test_conditions_are_names_or_yaml() -> None:
    base = {"encoder": "mini", "target": {"task": "xnli"}, "evaluation": {"languages": ["en", "de"]}}
    axes = {"target.perturbation": AXES["target.perturbation"]}
    space = make_space(axes, base=base)
    for text, names in {
        "clean,generalized": ["clean", "generalized"],
        "+generalized": ["clean", "generalized"],
        "+{kind: typos, share: 0.1}": ["clean", "typos:0.1"],
        "+[generalized, {kind: typos, share: 0.1}]": ["clean", "generalized", "typos:0.1"],
    }.items():
        evaluation = expand_space(_extend(space, conditions=text))[0].spec.evaluation
        assert [condition.name for condition in evaluation.conditions] == names
    with pytest.raises(SpecError, match="conditions clean would no longer be scored"):
        _extend(space, conditions="generalized")


def test_a_key_of_the_space_may_be_set_and_one_of_the_base_may_not() -> None:
    assert _extend(_space(), overrides=("resources.gpu=0.5",)).resources.gpu == 0.5
    with pytest.raises(SpecError, match="keeps the name, the base"):
        _extend(_space(), overrides=("optim.num_steps=9",))


def test_a_random_search_draws_on() -> None:
    space = make_space({"target.perturbation": {"method": ["gaussian"], "magnitude": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]}},
                       search={"random": {"num_cells": 2}})  # fmt: skip
    more = _extend(space, overrides=("search.random.num_cells=4",))
    assert {trial.spec for trial in expand_space(space)} < {trial.spec for trial in expand_space(more)}
    with pytest.raises(SpecError, match="would no longer be asked for"):
        _extend(more, overrides=("search.random.num_cells=1",))


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"axes": ("target.perturbation.magnitude=high",)}, "--axis target.perturbation.magnitude=high"),
        ({"languages": "+nowhere"}, "--languages +nowhere"),
        ({"conditions": "+{kind: typos, share: 7}"}, "--conditions +{kind: typos, share: 7}"),
    ],
)
def test_a_mistake_names_the_option_as_it_was_written(changes: dict[str, Any], option: str) -> None:
    with pytest.raises(SpecError) as refused:
        _extend(_space(), **changes)
    assert str(refused.value).startswith(f"{option}: ")
