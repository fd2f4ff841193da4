from dataclasses import replace

import numpy as np
import pytest
import vl_convert

from results.report.figures.heatmap import draw
from results.report.figures.save import specify
from tests.results.report.evidence_factory import LARGE, Shape, shared_evidence


@pytest.fixture(scope="module")
def evidence():
    return shared_evidence(Shape(num_languages=8))


def marks(figure):
    return max(figure.chart.to_dict()["datasets"].values(), key=len)


def test_every_delta_of_fifty_languages_and_a_hundred_cells_is_a_mark():
    figure = draw(shared_evidence(LARGE))
    assert len(marks(figure)) == 51 * (99 + 3)  # with the mean; cells but the baseline, and what was declared


@pytest.mark.slow
def test_fifty_languages_and_a_hundred_cells_become_an_image():
    image = vl_convert.vegalite_to_svg(specify(draw(shared_evidence(LARGE)), "dark"))
    assert image.count("<path") > 51 * 102


def test_only_verdicts_that_claim_something_have_a_dot(evidence):
    rows = evidence.contrasts
    figure = draw(evidence)
    shown = rows[rows["unit"].ne("group") & rows["selection"].eq("last")]
    assert sum(row["stands_out"] for row in marks(figure)) == shown["verdict"].isin(["better", "worse"]).sum()
    one_run = draw(replace(evidence, contrasts=rows.assign(verdict="better (one intermediate run)")))
    assert not any(row["stands_out"] for row in marks(one_run))


def test_size_is_the_delta_beside_half_of_its_interval(evidence):
    rows = evidence.contrasts.set_index(["cell_id", "language"]).query("unit != 'group' and selection == 'last'")
    for mark in marks(draw(evidence)):
        row = rows.loc[mark["cell_id"], mark["language"]]
        half = (row["ci_high"] - row["ci_low"]) / 2
        assert mark["certainty"] == pytest.approx(min(1.0, abs(row["delta"]) / half), rel=1e-4)


def test_a_cell_whose_runs_all_failed_is_marked_as_missing(evidence):
    first = evidence.contrasts["cell_id"].eq("xnli-pgd-0.3-none")
    lost = evidence.contrasts.assign(
        **{name: evidence.contrasts[name].mask(first) for name in ("delta", "ci_low", "ci_high", "ci_adjusted_low")}
    )
    missing = [row for row in marks(draw(replace(evidence, contrasts=lost))) if row["is_missing"]]
    assert {row["cell_id"] for row in missing} == {"xnli-pgd-0.3-none"}
    assert len(missing) == 9


def test_languages_stand_in_their_bands_and_the_source_beside_the_mean(evidence):
    bands = {row["language"]: row["band"] for row in marks(draw(evidence))}
    known = dict(zip(evidence.languages["language"], evidence.languages["resource_band"], strict=True))
    assert bands["macro"] == bands["en"] == " "
    assert all(bands[code] == known[code] for code in known if code != "en")


def test_a_store_that_knows_nothing_of_its_languages_is_drawn_without_bands(evidence):
    figure = draw(replace(evidence, languages=evidence.languages[:0]))
    assert {row["band"] for row in marks(figure)} == {" ", ""}
    assert "by code" in figure.caption


def test_the_words_count_what_stands_out(evidence):
    rows = evidence.contrasts.query("unit == 'language' and selection == 'last'")
    num_above, num_below = (rows["ci_adjusted_low"] > 0).sum(), (rows["ci_adjusted_high"] < 0).sum()
    assert f"is above zero in {num_above} and below in {num_below}" in draw(evidence).alt_text


def test_colours_end_beyond_nearly_all_deltas(evidence):
    spec = draw(evidence).chart.to_dict()
    low, middle, high = spec["spec"]["layer"][0]["encoding"]["color"]["scale"]["domain"]
    deltas = evidence.contrasts.query("unit != 'group' and selection == 'last'")["delta"].abs()
    assert (low, middle) == (-high, 0)
    assert np.mean(deltas <= high) >= 0.97
