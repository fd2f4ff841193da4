import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from results.report.figures.trend import compute_trends
from tests.results.report.evidence_factory import Shape, shared_evidence


@pytest.fixture(scope="module")
def evidence():
    return shared_evidence(Shape(num_languages=12))


def rows_of(evidence, contrast="magnitude"):
    rows = evidence.contrasts
    return rows[rows["contrast"].eq(contrast) & rows["unit"].eq("language") & rows["language"].ne("en")]


def test_the_line_is_that_of_the_cell_with_the_same_terms(evidence):
    rows = rows_of(evidence)
    line = compute_trends(rows, evidence)
    logs = np.log10(rows["corpus_size"].dropna())
    expected = 0.5 - 0.6 * (np.log10(line["corpus_size"].astype(float)) - logs.mean())
    np.testing.assert_allclose(line["delta"].astype(float), expected)
    half = stats.t.ppf(0.975, 6) * np.hypot(0.2, 0.2 * (np.log10(line["corpus_size"].astype(float)) - logs.mean()))
    np.testing.assert_allclose((line["ci_high"] - line["ci_low"]).astype(float) / 2, half)


def test_the_line_goes_from_the_smallest_to_the_largest_corpus(evidence):
    sizes = rows_of(evidence)["corpus_size"]
    line = compute_trends(rows_of(evidence), evidence)["corpus_size"]
    assert (line.min(), line.max()) == (pytest.approx(sizes.min()), pytest.approx(sizes.max()))


def test_a_difference_of_differences_has_no_line(evidence):
    assert compute_trends(rows_of(evidence, "magnitude by difficulty"), evidence).empty


def test_a_line_over_other_languages_is_not_drawn(evidence):
    assert compute_trends(rows_of(evidence)[2:], evidence).empty


def test_the_order_of_terms_means_nothing(evidence):
    rows = rows_of(evidence)
    turned = rows.assign(terms=[json.dumps(json.loads(text)[::-1]) for text in rows["terms"]])
    assert compute_trends(turned, evidence).equals(compute_trends(rows, evidence))


def test_a_sweep_without_effects_has_no_lines(evidence):
    assert compute_trends(rows_of(evidence), replace(evidence, effects=evidence.effects[:0])).empty
