import pytest
from pydantic import ValidationError

from search_spaces.analysis import AnalysisSpec

NOISE = {"name": "noise", "against": {"target.perturbation.magnitude": 0.0}}


def make_analysis(**settings):
    return AnalysisSpec.model_validate({"contrasts": [NOISE], **settings})


def test_an_analysis_survives_json():
    analysis = make_analysis(
        question="why",
        margin=1.0,
        contrasts=[NOISE, {**NOISE, "name": "other", "minus": {"cell": {"intermediate": "none"}, **_against()}}],
        families=[{"name": "first", "role": "primary", "units": ["macro", "group"], "only": ["noise"]}],
    )
    assert AnalysisSpec.model_validate_json(analysis.model_dump_json()) == analysis


def _against():
    return {"against": {"target.perturbation.magnitude": 0.0}}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"contrasts": [NOISE, NOISE]}, "the name 'noise' is given 2 times"),
        ({"contrasts": [{"name": "noise"}]}, "against"),
        ({"contrasts": [{"name": "noise", "against": {}}]}, "at least 1"),
        ({"contrasts": [{**NOISE, "cell": {"seed": 1}}]}, "seeds are no setting of a cell"),
        ({"alpha": 0.0}, "greater than 0"),
        ({"margin": 0.0}, "greater than 0"),
        ({"families": [{"name": "a", "role": "main"}]}, "primary"),
        ({"families": [{"name": "a", "role": "primary", "units": []}]}, "at least 1"),
        ({"families": [{"name": "a", "role": "primary", "only": ["nose"]}]}, "no contrast 'nose'; declared are noise"),
        (
            {"families": [{"name": "a", "role": "primary", "contrasts": "deltas", "only": ["noise"]}]},
            "names declared contrasts",
        ),
        (
            {"families": [{"name": "a", "role": "primary"}, {"name": "b", "role": "secondary"}]},
            "'b' would be empty by macro: 'a' before it takes in all",
        ),
        (
            {
                "families": [
                    {"name": "a", "role": "primary", "only": ["noise"]},
                    {"name": "b", "role": "secondary", "only": ["noise"]},
                ]
            },
            "'b' would be empty by macro: 'a' before it takes in noise by it",
        ),
    ],
)
def test_what_cannot_be_tested_is_refused(settings, told):
    with pytest.raises(ValidationError, match=told):
        make_analysis(**settings)


def test_a_family_of_named_contrasts_may_come_before_one_of_all_others():
    families = [{"name": "a", "role": "primary", "only": ["noise"]}, {"name": "b", "role": "secondary"}]
    assert [family.name for family in make_analysis(families=families).families] == ["a", "b"]
