from dataclasses import replace

import pandas as pd
import pytest

from results.report.figures.groups import draw, name_group
from tests.results.report.evidence_factory import Shape, shared_evidence


@pytest.fixture(scope="module")
def evidence():
    return shared_evidence(Shape(num_languages=10))


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("macro", "all languages"),
        ("band:very low", "very low resources"),
        ("band:absent", "not in the corpus"),
        ("family:Turkic", "Turkic"),
        ("script:Cyrl", "Cyrl script"),
    ],
)
def test_groups_have_names_for_people(language, name):
    assert name_group(language) == name


def test_the_mean_comes_first_then_bands_then_the_others(evidence):
    rows = evidence.contrasts
    others = [rows[rows["language"].eq("band:high")].assign(language=name) for name in ("script:Cyrl", "family:Turkic")]
    spec = draw(replace(evidence, contrasts=pd.concat([*others, rows]))).chart.to_dict()
    order = spec["spec"]["layer"][1]["encoding"]["y"]["sort"]
    assert order[0] == "all languages"
    assert order[-2:] == ["Turkic", "Cyrl script"]
    assert order.index("high resources") < order.index("not in the corpus")


def test_without_groups_there_is_no_figure(evidence):
    assert draw(replace(evidence, contrasts=evidence.contrasts[evidence.contrasts["unit"].ne("group")])) is None
