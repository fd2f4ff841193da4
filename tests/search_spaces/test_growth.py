"""What a sweep keeps, what it may gain, and that the union of two evaluations is one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.expand import expand_space
from search_spaces.growth import check_grows, fixed_base, is_same_sweep, unite_evaluations, widen_spec
from search_spaces.space import SearchSpace
from tests.search_spaces.factories import BASE, make_space
from xlt_core.errors import SpecError
from xlt_core.tasks import load_task

AXES: dict[str, Any] = {"target.perturbation": {"method": ["gaussian"], "magnitude": [0.0, 0.5]}}
LANGUAGES = load_task("world").languages
TYPOS = {"kind": "typos", "share": 0.1}


def _scored_on(**evaluation: Any) -> SearchSpace:
    return make_space(AXES, base={**BASE, "evaluation": evaluation})


def _languages(space: SearchSpace) -> Any:
    (evaluation,) = {trial.spec.evaluation for trial in expand_space(space)}
    return evaluation.languages


def _conditions(space: SearchSpace) -> list[str]:
    (evaluation,) = {trial.spec.evaluation for trial in expand_space(space)}
    return [condition.name for condition in evaluation.conditions]


def test_languages_and_conditions_are_no_part_of_what_a_sweep_keeps_however_they_are_written() -> None:
    plain = make_space(AXES)
    nested = _scored_on(languages=["src"], conditions=["clean", TYPOS])
    dotted = make_space(AXES, base={**BASE, "evaluation.languages": ["src"]})
    assert fixed_base(plain) == fixed_base(nested) == fixed_base(dotted)
    assert is_same_sweep(nested, dotted)


@pytest.mark.parametrize("evaluation", [{"max_examples": 5}, {"split": "dev"}])
def test_what_else_decides_a_score_is_kept(evaluation: dict[str, Any]) -> None:
    assert not is_same_sweep(make_space(AXES), _scored_on(**evaluation))


def test_another_name_base_or_design_is_another_sweep() -> None:
    space = make_space(AXES)
    assert not is_same_sweep(space, make_space(AXES, name="other"))
    assert not is_same_sweep(space, make_space(AXES, base={**BASE, "model": {"pooling": "mean"}}))
    assert not is_same_sweep(space, make_space(AXES, seeds_from="target"))
    assert is_same_sweep(space, make_space({"target.perturbation.magnitude": [0.0, 1.0]}, seeds=7))


@given(held=st.sets(st.sampled_from(LANGUAGES), min_size=1), asked=st.sets(st.sampled_from(LANGUAGES), min_size=1))
def test_what_is_scored_never_shrinks_and_holds_all_that_is_asked_for(held: set[str], asked: set[str]) -> None:
    united = unite_evaluations(_scored_on(languages=sorted(asked)), _scored_on(languages=sorted(held)))
    assert set(_languages(united)) == held | asked
    again = unite_evaluations(_scored_on(languages=sorted(asked)), united)
    assert _languages(again) == _languages(united)


def test_all_languages_stay_all() -> None:
    assert _languages(unite_evaluations(_scored_on(languages=["src"]), _scored_on())) == "all"
    assert _languages(unite_evaluations(_scored_on(), _scored_on(languages=["src"]))) == "all"


def test_a_benchmarks_languages_and_a_list_are_a_list() -> None:
    base = {"encoder": "mini", "target": {"task": "xnli"}}
    named = make_space(AXES, base={**base, "evaluation": {"languages": "xtreme"}})
    listed = make_space(AXES, base={**base, "evaluation": {"languages": ["en", "sw"]}})
    assert set(_languages(unite_evaluations(listed, named))) == set(load_task("xnli").languages)


def test_conditions_are_united_and_clean_stays_first() -> None:
    drop = {"kind": "word_drop", "share": 0.2}
    base = {"encoder": "mini", "target": {"task": "xnli"}}
    one = make_space(AXES, base={**base, "evaluation": {"conditions": ["clean", TYPOS]}})
    other = make_space(AXES, base={**base, "evaluation": {"conditions": [drop]}})
    assert _conditions(unite_evaluations(other, one)) == ["clean", "typos:0.1", "word_drop:0.2"]


def test_two_conditions_of_one_name_are_refused() -> None:
    base = {"encoder": "mini", "target": {"task": "xnli"}}
    one = make_space(AXES, base={**base, "evaluation": {"conditions": [{**TYPOS, "languages": ["en"]}]}})
    other = make_space(AXES, base={**base, "evaluation": {"conditions": [{**TYPOS, "languages": ["de"]}]}})
    with pytest.raises(SpecError, match=r"two conditions have the name 'typos:0\.1'"):
        unite_evaluations(other, one)


def test_a_planned_spec_is_widened_to_what_the_space_would_make_of_it() -> None:
    narrow, wide = _scored_on(languages=["src"]), _scored_on(languages=["kin-hi", "src"])
    widened = [widen_spec(trial.spec, wide) for trial in expand_space(narrow)]
    assert widened == [trial.spec for trial in expand_space(wide)]


def test_what_an_axis_says_is_not_widened() -> None:
    axes = {**AXES, "evaluation.languages": [["src"], ["src", "kin-hi"]]}
    space = make_space(axes)
    for trial in expand_space(space):
        assert widen_spec(trial.spec, space) == trial.spec


def test_more_of_everything_is_growth() -> None:
    held = _scored_on(languages=["src"])
    more = {"target.perturbation": {"method": ["gaussian", "uniform"], "magnitude": [0.0, 0.5, 1.0]}}
    asked = make_space(more, base={**BASE, "evaluation": {"languages": ["src", "kin-hi"]}}, seeds=3)
    check_grows(held, held)
    check_grows(held, asked)
    with pytest.raises(SpecError, match=r"would no longer be asked for, such as '.*magnitude .*an extension adds"):
        check_grows(asked, held)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": 1}, "2 of 4 trials would no longer be asked for.*; given seeds=1, and the sweep has seeds=2$"),
        ({"seeds": [1, 2, 3]}, "seed 0"),
        ({"axes": {"target.perturbation": {"method": ["gaussian"], "magnitude": [0.0]}}}, "magnitude 0.5"),
        ({"base": {**BASE, "evaluation": {"languages": ["kin-hi"]}}}, "languages src would no longer be scored"),
        ({"base": {**BASE, "optim": {"num_steps": 9}}}, "keeps the name, the base"),
    ],
)
def test_less_of_anything_is_refused_with_what_would_be_lost(changes: dict[str, Any], message: str) -> None:
    held = make_space(AXES, base={**BASE, "evaluation": {"languages": ["src"]}}, seeds=2)
    values: dict[str, Any] = {"base": held.base, "seeds": 2, "axes": AXES, **changes}
    asked = make_space(values.pop("axes"), **values)
    with pytest.raises(SpecError, match=message):
        check_grows(held, asked)
