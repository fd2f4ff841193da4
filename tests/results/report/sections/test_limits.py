from dataclasses import replace

import pytest

from results.analysis import Analysis
from results.report.sections.limits import find_limits
from results.statistics.estimates import CI_METHOD, CI_METHOD_SEEDS
from tests.results.report.evidence_factory import Shape, empty_evidence, make_evidence


def _limits(evidence=None, **columns):
    evidence = evidence or make_evidence()
    return " ".join(find_limits(replace(evidence, contrasts=evidence.contrasts.assign(**columns))))


@pytest.mark.parametrize(
    ("columns", "part"),
    [
        ({"k": 3}, "rest on 3 paired seeds"),
        ({"k": 1}, "One seed says nothing"),
        ({"k": 0}, "no differences to speak of"),
        ({"p_sign_flip_min": 0.0625}, "cannot fall below p = 0.062"),
        ({"num_intermediate_runs": 1}, "share one run of the intermediate stage"),
        ({"same_task": True}, "the target's own training set"),
        ({"k_failed": 2}, "Failed runs are left out"),
        (
            {"ci_method": f"{CI_METHOD_SEEDS}: no predictions of some runs"},
            "verdicts that end in “(on these examples)”",
        ),
        ({"ci_method": CI_METHOD}, "as questions on a paragraph are"),
    ],
)
def test_a_limit_that_the_numbers_have_is_said(columns, part):
    assert part in _limits(**columns)


@pytest.mark.parametrize(
    ("columns", "part"),
    [
        ({"k": 8}, "paired seeds"),
        ({"p_sign_flip_min": 0.031}, "sign-flip"),
        ({"num_intermediate_runs": 5}, "share one run"),
        ({"same_task": False}, "own training set"),
        ({"k_failed": 0}, "Failed runs"),
        ({"ci_method": CI_METHOD}, "could not be resampled"),
        ({"ci_method": CI_METHOD_SEEDS}, "paragraph"),
        ({"ci_low": None}, "examples"),
    ],
)
def test_a_limit_that_they_do_not_have_is_not_said(columns, part):
    assert part not in _limits(**columns)


def test_the_smallest_detectable_effect_is_said_in_points():
    assert "less than about 1.7 points" in _limits(mde=1.7)


def test_languages_that_are_not_in_the_corpus_are_named():
    evidence = make_evidence()
    absent = evidence.languages.loc[evidence.languages["resource_band"].eq("absent"), "name"]
    text = _limits(evidence)
    assert len(absent) > 2
    assert all(name in text for name in absent)


def test_sizes_are_not_taken_for_those_of_another_encoders_pre_training():
    evidence = make_evidence()
    of_bert = replace(evidence, trials=evidence.trials.assign(encoder="bert-base-multilingual-cased"))
    assert "CC-100, which XLM-R was pre-trained on; that bert-base-multilingual-cased was" in _limits(of_bert)
    of_xlm_r = replace(evidence, trials=evidence.trials.assign(encoder="FacebookAI/xlm-roberta-base"))
    assert "which XLM-R was pre-trained on" not in _limits(of_xlm_r)


def test_a_store_that_knows_nothing_of_its_languages_says_so():
    evidence = make_evidence()
    assert "is not known here" in _limits(replace(evidence, languages=evidence.languages.iloc[:0]))


def test_what_was_not_declared_or_declared_late_is_said():
    evidence = make_evidence(Shape(is_declared=False))
    assert "No comparison was declared beforehand" in _limits(evidence)
    late = replace(make_evidence(), analysis=Analysis(num_finished_when_declared=4))
    assert "after 4 trials had finished" in _limits(late)


def test_problems_of_the_slopes_are_passed_on():
    evidence = make_evidence()
    effects = evidence.effects.assign(problem="did not converge")
    assert "Slopes over languages: did not converge." in _limits(replace(evidence, effects=effects))


def test_a_few_languages_are_no_sample_of_all():
    assert "A mean over 4 languages" in _limits(make_evidence(Shape(num_languages=5)))
    assert "A mean over" not in _limits(make_evidence(Shape(num_languages=12)))


def test_an_empty_sweep_has_a_limit_and_no_error():
    assert find_limits(empty_evidence())[0].startswith("No cell has a seed in common")
