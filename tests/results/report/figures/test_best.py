import json
from dataclasses import replace

import pandas as pd
import pytest

from results.report.figures.best import draw
from tests.results.report.evidence_factory import Shape, shared_evidence


@pytest.fixture(scope="module")
def evidence():
    return shared_evidence(Shape(num_languages=5, methods=("pgd",)))


def test_shares_of_a_language_are_all_of_its_resamples(evidence):
    datasets = draw(evidence).chart.to_dict()["datasets"].values()
    shares = next(rows for rows in datasets if "share" in rows[0])
    totals = {}
    for row in shares:
        totals[row["language"]] = totals.get(row["language"], 0.0) + row["share"]
    assert len(totals) == 6
    assert all(total == pytest.approx(1.0, abs=1e-3) for total in totals.values())


def test_the_mean_is_put_into_words(evidence):
    row = evidence.best_magnitudes.query("language == 'macro'").iloc[0]
    text = draw(evidence).alt_text
    assert f"best magnitude {row['best_magnitude']:g}" in text
    assert f"in {100 * max(json.loads(row['shares']).values()):.0f} % of resamples" in text


def test_a_series_without_a_best_magnitude_is_left_out(evidence):
    rows = evidence.best_magnitudes.assign(best_magnitude=float("nan"))
    assert draw(replace(evidence, best_magnitudes=rows)) is None


def test_of_many_series_the_first_eight_are_drawn_and_the_table_has_all(evidence):
    own = evidence.best_magnitudes
    rows = pd.concat([own.assign(series=f"series {number}") for number in range(9)], ignore_index=True)
    figure = draw(replace(evidence, best_magnitudes=rows))
    assert [block["title"] for block in figure.chart.to_dict()["vconcat"]] == [
        f"series {number}" for number in range(8)
    ]
    assert figure.table["Series"].nunique() == 9
    assert "The first 8 of 9 series are drawn; the table has all." in figure.caption
    assert "series are drawn" not in draw(evidence).caption
