from dataclasses import replace

import pandas as pd
import pytest

from results.report.figures.surface import draw
from results.schema import MACRO
from tests.results.report.evidence_factory import Shape, shared_evidence


@pytest.fixture(scope="module")
def evidence():
    return shared_evidence(Shape(num_languages=5))


def test_arms_that_are_no_dose_stand_before_the_doses(evidence):
    named = evidence.surfaces[evidence.surfaces["dose"].eq(0.0)].assign(dose=float("nan"), level="random")
    figure = draw(replace(evidence, surfaces=pd.concat([evidence.surfaces, named])))
    sort = figure.chart.to_dict()["spec"]["layer"][0]["encoding"]["x"]["sort"]
    assert sort == ["none", "random", "dose 0", "dose 1"]


def test_the_mean_over_languages_is_drawn_unless_languages_were_asked_for(evidence):
    assert set(draw(evidence).table["Language"]) == {"Mean over languages"}
    alone = evidence.surfaces[evidence.surfaces["language"].ne(MACRO)]
    assert draw(replace(evidence, surfaces=alone)).table["Language"].nunique() == 5


def test_a_fitted_surface_is_drawn_below_what_was_measured(evidence):
    fitted = evidence.surfaces[evidence.surfaces["dose"].notna() & evidence.surfaces["language"].eq(MACRO)]
    both = pd.concat([evidence.surfaces, fitted.assign(is_measured=False, ci_method="quadratic")])
    figure = draw(replace(evidence, surfaces=both))
    assert len(figure.chart.to_dict()["vconcat"]) == 2
    assert "quadratic" in figure.caption
    assert len(figure.table) == len(draw(evidence).table)


def test_one_arm_or_one_magnitude_is_no_surface(evidence):
    rows = evidence.surfaces
    assert draw(replace(evidence, surfaces=rows[rows["magnitude"].eq(0.1)])) is None
    assert draw(replace(evidence, surfaces=rows[rows["level"].eq("none")])) is None
