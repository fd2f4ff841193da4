from dataclasses import replace

import pytest
from scipy.stats import binomtest

from results.report.figures.failures import draw, pool_failures
from tests.results.report.evidence_factory import Shape, shared_evidence


@pytest.fixture(scope="module")
def evidence():
    return shared_evidence(Shape(num_languages=4, num_failed=2))


def test_cells_of_one_method_and_magnitude_are_counted_together(evidence):
    rows = pool_failures(evidence.failures).set_index(["method", "magnitude"])
    worst = rows.loc["pgd", 0.3]
    assert (worst["num_degenerate"], worst["num_ok"]) == (6, 9)  # two of five seeds, in three arms
    interval = binomtest(6, 15).proportion_ci(method="exact")
    assert (worst["share_low"], worst["share_high"]) == (pytest.approx(interval.low), pytest.approx(interval.high))


def test_training_without_perturbation_belongs_to_no_method(evidence):
    rows = pool_failures(evidence.failures)
    assert list(rows.loc[rows["magnitude"].eq(0), "method"]) == ["none"]


def test_the_words_say_where_most_failed(evidence):
    text = draw(evidence).alt_text
    assert text.startswith(
        "6 of 105 training runs failed. Most: 40 % (6 of 15, 16 % to 68 %) with pgd at magnitude 0.3"
    )


def test_cells_are_drawn_where_magnitude_does_not_vary(evidence):
    plain = evidence.failures[evidence.failures["magnitude"].eq(0)]
    spec = draw(replace(evidence, failures=plain)).chart.to_dict()
    assert spec["layer"][0]["encoding"]["y"]["field"] == "name"


def test_no_failures_are_said_to_be_none():
    assert draw(shared_evidence(Shape(num_languages=4, num_failed=0))).alt_text == "0 of 105 training runs failed."
