from dataclasses import replace

import pandas as pd
import pytest

from results.report.figures.curves import draw
from tests.results.report.evidence_factory import Shape, shared_evidence


@pytest.fixture(scope="module")
def evidence():
    return shared_evidence(Shape(num_languages=6))


def rows_of(figure):
    return max(figure.chart.to_dict()["datasets"].values(), key=len)


def test_panels_go_from_the_mean_to_the_smallest_corpus(evidence):
    order = draw(evidence).chart.to_dict()["facet"]["sort"]
    assert order[:3] == ["Mean over languages", "English (en)", "Russian (ru)"]
    assert len(order) == 7


def test_measured_points_lie_side_by_side_at_the_magnitude_that_they_are_of(evidence):
    measured = [row for row in rows_of(draw(evidence)) if row["is_measured"] and row["magnitude"] > 0]
    places = {(row["series"], row["magnitude"]): row["place"] for row in measured}
    assert len(set(places.values())) == len(places)
    assert all(0.85 < place / magnitude < 1.15 for (_, magnitude), place in places.items())


def test_lines_join_measured_points_where_nothing_was_fitted(evidence):
    measured = evidence.curves[evidence.curves["is_measured"]]
    figure = draw(replace(evidence, curves=measured))
    assert all(row["is_line"] for row in rows_of(figure))
    assert "Lines join the points" in figure.caption
    assert not any(row["is_line"] and row["is_measured"] for row in rows_of(draw(evidence)))


def test_a_wild_interval_does_not_flatten_the_panels(evidence):
    wild = evidence.curves.copy()
    place = wild.index[wild["is_measured"] & wild["magnitude"].eq(0.3)][0]
    wild.loc[place, ["ci_low", "ci_high"]] = [-900.0, 900.0]
    spec = draw(replace(evidence, curves=wild)).chart.to_dict()
    domains = [layer["encoding"]["y"].get("scale", {}).get("domain") for layer in spec["spec"]["layer"]]
    low, high = next(domain for domain in domains if domain)
    assert -50 < low < 0 < high < 50


def test_more_series_than_colours_are_cut_and_that_is_said(evidence):
    many = pd.concat([evidence.curves.assign(series=f"series {number}") for number in range(11)])
    figure = draw(replace(evidence, curves=many))
    assert len({row["series"] for row in rows_of(figure)}) == 8
    assert "The first 8 of 11 series" in figure.caption
    assert figure.table["Series"].nunique() == 11


def test_tasks_are_blocks_of_their_own():
    spec = draw(shared_evidence(Shape(num_languages=4, tasks=("xnli", "pawsx")))).chart.to_dict()
    assert [block["title"] for block in spec["vconcat"]] == ["xnli", "pawsx"]


def test_magnitude_0_alone_is_no_curve(evidence):
    assert draw(replace(evidence, curves=evidence.curves[evidence.curves["magnitude"].eq(0)])) is None
