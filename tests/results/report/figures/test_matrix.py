from dataclasses import replace

import pytest

from results.report.figures.matrix import draw
from tests.results.report.evidence_factory import Shape, shared_evidence


@pytest.fixture(scope="module")
def evidence():
    return shared_evidence(Shape(num_languages=5))


def test_every_ordered_pair_of_every_cell_is_a_mark(evidence):
    rows = max(draw(evidence).chart.to_dict()["datasets"].values(), key=len)
    pairs = {(row["panel"], row["language"], row["condition_language"]) for row in rows}
    assert len(pairs) == len(rows) == 3 * 25


def test_means_over_pairs_are_no_pairs(evidence):
    means = evidence.pairs[:2].assign(language="macro", condition_language=["all", "off-diagonal"])
    assert draw(replace(evidence, pairs=means)) is None


def test_the_words_tell_pairs_within_a_language_from_mixed_ones(evidence):
    part = evidence.pairs[evidence.pairs["cell_id"].eq(evidence.pairs["cell_id"].iloc[0])]
    same = part["language"].eq(part["condition_language"])
    within, across = (f"{part.loc[of, 'delta'].mean():+z.1f}".replace("-", "\u2212") for of in (same, ~same))
    assert f"mean {within} within a language and {across} across languages" in draw(evidence).alt_text
