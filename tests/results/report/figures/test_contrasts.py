from dataclasses import replace

import pandas as pd
import pytest

from results.report.figures.contrasts import draw, headline_rows
from tests.results.report.evidence_factory import Shape, shared_evidence


@pytest.fixture(scope="module")
def evidence():
    return shared_evidence(Shape(num_languages=6))


def drawn(figure):
    """Rows of the contrasts, not those of what is drawn once."""
    return [row for rows in figure.chart.to_dict()["datasets"].values() for row in rows if "claim" in row]


def test_what_was_declared_is_the_headline(evidence):
    assert list(headline_rows(evidence)["contrast"]) == ["magnitude", "difficulty", "magnitude by difficulty"]
    assert set(headline_rows(evidence)["role"]) == {"primary"}


def test_without_a_declaration_all_cells_are_shown_and_called_exploratory():
    figure = draw(shared_evidence(Shape(num_languages=6, is_declared=False)))
    assert "exploratory" in figure.title
    assert "No contrast was declared" in figure.caption
    assert "exploratory contrasts" in figure.alt_text
    assert len(drawn(figure)) == 20


@pytest.mark.parametrize(
    ("num_finished", "said"),
    [(None, "declared, mean"), (0, "before any trial finished"), (7, "when 7 trials had finished")],
)
def test_it_says_when_contrasts_were_declared(evidence, num_finished, said):
    analysis = replace(evidence.analysis, num_finished_when_declared=num_finished)
    assert said in draw(replace(evidence, analysis=analysis)).caption


def test_a_verdict_about_one_intermediate_run_has_neither_colour_nor_shape_of_a_claim(evidence):
    rows = evidence.contrasts.assign(verdict="better (one intermediate run)")
    figure = draw(replace(evidence, contrasts=rows))
    assert {row["verdict"] for row in drawn(figure)} == {"undecided"}
    assert all(row["claim"].startswith("better (one intermediate run): ") for row in drawn(figure))
    assert "the corrected interval of 0 excludes zero" in figure.alt_text


def test_tasks_are_told_apart_where_there_are_several(evidence):
    other = evidence.contrasts.assign(target_task="pawsx")
    figure = draw(replace(evidence, contrasts=pd.concat([evidence.contrasts, other])))
    names = [row["name"] for row in drawn(figure)]
    assert len(set(names)) == len(names) == 6
    assert "magnitude · pawsx" in names


def test_a_corrected_interval_without_end_does_not_hide_the_plain_ones(evidence):
    rows = evidence.contrasts.assign(ci_adjusted_low=-500.0, ci_adjusted_high=500.0)
    spec = draw(replace(evidence, contrasts=rows)).chart.to_dict()
    low, high = next(
        layer["encoding"]["x"]["scale"]["domain"]
        for layer in spec["layer"]
        if "domain" in layer["encoding"].get("x", {}).get("scale", {})
    )
    plain = headline_rows(evidence)
    assert low < plain["ci_low"].min() < plain["ci_high"].max() < high
    assert max(-low, high) < 5 * plain[["ci_low", "ci_high"]].abs().max().max()
