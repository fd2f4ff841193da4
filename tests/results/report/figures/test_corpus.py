from dataclasses import replace

import pytest

from results.report.figures.corpus import draw
from tests.results.report.evidence_factory import Shape, shared_evidence


@pytest.fixture(scope="module")
def evidence():
    return shared_evidence(Shape(num_languages=12))


def rows_of(figure):
    return max(figure.chart.to_dict()["datasets"].values(), key=len)


def test_languages_without_a_corpus_stand_apart_to_the_left(evidence):
    points = [row for row in rows_of(draw(evidence)) if not row["is_trend"]]
    known = [row["place"] for row in points if row["corpus_size"] is not None]
    absent = [row["place"] for row in points if row["corpus_size"] is None]
    assert known
    assert absent
    assert max(absent) < 0.6 * min(known)
    assert all(row["place"] == row["corpus_size"] for row in points if row["corpus_size"] is not None)


def test_the_source_language_is_not_among_them(evidence):
    assert "en" not in {row.get("language") for row in rows_of(draw(evidence))}


def test_only_contrasts_of_one_cell_against_its_baseline_have_a_line(evidence):
    assert {row["panel"] for row in rows_of(draw(evidence)) if row["is_trend"]} == {"magnitude"}


def test_without_a_declaration_the_first_cells_are_drawn_and_that_is_said():
    figure = draw(shared_evidence(Shape(num_languages=12, is_declared=False)))
    assert len({row["panel"] for row in rows_of(figure)}) == 6
    assert "The first 6 of 20 cells" in figure.caption


def test_unknown_corpora_are_no_figure(evidence):
    rows = evidence.contrasts.assign(corpus_size=float("nan"))
    assert draw(replace(evidence, contrasts=rows)) is None


def test_the_words_give_means_by_size_and_say_that_they_are_no_tests(evidence):
    figure = draw(evidence)
    rows = evidence.contrasts.query("contrast == 'magnitude' and unit == 'language' and language != 'en'")
    absent = rows[rows["corpus_size"].isna()]
    said = f"{absent['delta'].mean():+.1f} over {len(absent)} languages without any"
    assert said.replace("-", "\u2212") in figure.alt_text
    assert "not tests" in figure.alt_text
