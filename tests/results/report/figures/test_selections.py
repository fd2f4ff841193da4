from dataclasses import replace

import pytest

from results.report.figures.selections import draw
from tests.results.report.evidence_factory import Shape, shared_evidence


@pytest.fixture(scope="module")
def evidence():
    return shared_evidence(Shape(num_languages=4))


def test_the_last_checkpoint_comes_first_and_an_oracle_last(evidence):
    spec = draw(evidence).chart.to_dict()
    assert spec["layer"][1]["encoding"]["yOffset"]["sort"] == ["last", "english_dev", "target_oracle"]


def test_an_oracle_is_called_one(evidence):
    assert "no zero-shot result" in draw(evidence).caption
    rows = evidence.contrasts[evidence.contrasts["selection"].ne("target_oracle")]
    assert "oracle" not in draw(replace(evidence, contrasts=rows)).caption


def test_one_rule_alone_is_no_comparison():
    assert draw(shared_evidence(Shape(num_languages=4, selections=("last",)))) is None
