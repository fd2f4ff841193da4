from dataclasses import replace

import pytest

from results.report.figures.slopes import draw, slope_rows
from tests.results.report.evidence_factory import Shape, shared_evidence


@pytest.fixture(scope="module")
def evidence():
    return shared_evidence(Shape(num_languages=8))


def test_only_slopes_on_corpus_size_of_whole_series_are_drawn(evidence):
    assert set(slope_rows(evidence)["term"]) == {"magnitude:log_corpus", "dose:log_corpus"}
    assert slope_rows(evidence)["cell_id"].isna().all()


def test_checks_other_outcomes_and_variances_are_left_out(evidence):
    for column, value in (("kind", "check"), ("kind", "variance"), ("outcome", "logit")):
        other = evidence.effects.assign(**{column: value})
        assert draw(replace(evidence, effects=other)) is None


def test_every_language_is_left_out_once(evidence):
    figure = draw(evidence)
    of_one = figure.table[figure.table["Slope of"].eq("magnitude")]
    assert len(of_one) == 8  # all, and without each of seven
    assert of_one["Languages"].is_unique


def test_a_problem_of_the_model_is_said(evidence):
    rows = evidence.effects.assign(problem="did not converge")
    assert "did not converge" in draw(replace(evidence, effects=rows)).caption
