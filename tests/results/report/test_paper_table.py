from dataclasses import replace

import pytest

from results.errors import QueryError
from results.report.figures.view import Choice, narrow
from results.report.paper_table import Entry, make_cell_table, make_contrast_table
from tests.results.report.evidence_factory import Shape, empty_evidence, shared_evidence


@pytest.fixture(scope="module")
def evidence():
    return shared_evidence(Shape(num_languages=6))


def entries(table):
    return {
        (line.label, column): entry
        for line in table.lines
        for column, entry in zip(table.columns, line.entries, strict=True)
    }


def test_baselines_then_what_was_declared_then_all_cells(evidence):
    table = make_cell_table(evidence)
    labels = [line.label for line in table.lines]
    assert labels[0] == "baseline: magnitude 0 · intermediate none"
    assert labels[1:4] == ["declared: magnitude", "declared: difficulty", "declared: magnitude by difficulty"]
    assert len(labels) == 1 + 3 + 20
    assert [line.label for line in table.lines if line.starts_block] == [labels[1], labels[4]]


def test_numbers_are_those_of_the_rows(evidence):
    table = entries(make_cell_table(evidence))
    row = evidence.contrasts.query("cell_id == 'xnli-pgd-0.3-none' and language == 'ru'").iloc[0]
    entry = table["pgd of magnitude 0.3 · intermediate none", "ru"]
    assert entry.value == row["delta"]
    assert entry.spread == pytest.approx((row["ci_high"] - row["ci_low"]) / 2)
    assert entry.is_reduced, "two of five pairs were lost"
    assert not table["pgd of magnitude 0.1 · intermediate none", "ru"].is_reduced


def test_only_corrected_intervals_without_zero_are_claims(evidence):
    shown = [entry for entry in entries(make_cell_table(evidence)).values() if isinstance(entry, Entry)]
    rows = evidence.contrasts.query("unit != 'group' and selection == 'last'")
    excluded = (rows["ci_adjusted_low"] > 0) | (rows["ci_adjusted_high"] < 0)
    assert sum(entry.is_claim for entry in shown) == excluded.sum() > 0
    one_run = replace(evidence, contrasts=evidence.contrasts.assign(verdict="better (one intermediate run)"))
    assert not any(entry.is_claim for entry in entries(make_cell_table(one_run)).values())


def test_a_cell_of_the_name_of_a_declared_contrast_is_not_mixed_up_with_it(evidence):
    rows = evidence.contrasts.copy()
    rows["contrast"] = rows["contrast"].replace({"magnitude": "gaussian of magnitude 0.3 · intermediate none"})
    table = entries(make_cell_table(replace(evidence, contrasts=rows)))
    assert ("declared: gaussian of magnitude 0.3 · intermediate none", "mean") in table
    assert ("gaussian of magnitude 0.3 · intermediate none", "mean") in table


def test_few_cells_stand_side_by_side_where_languages_are_many():
    evidence = shared_evidence(Shape(num_languages=30, methods=("pgd",), magnitudes=(0.1,), doses=()))
    table = make_cell_table(evidence)
    assert table.corner == "language"
    assert table.columns == ("baseline: magnitude 0 · intermediate none", "pgd of magnitude 0.1 · intermediate none")
    assert len(table.lines) == 31


def test_the_caption_says_how_it_was_done(evidence):
    caption = make_cell_table(evidence).caption
    for said in ("two-level bootstrap", "Holm, 3 hypotheses", "k = 3 to 5", "†", "(xnli, accuracy)", "Bold"):
        assert said in caption


def test_contrasts_have_p_verdict_and_detectable_effect(evidence):
    table = entries(make_contrast_table(evidence))
    row = evidence.contrasts.iloc[evidence.contrasts.query("unit == 'macro' and contrast == 'difficulty'").index[0]]
    assert table["difficulty", "verdict"] == row["verdict"]
    assert table["difficulty", "p, corrected"].value == row["p_adjusted"]
    assert table["difficulty", "MDE"].value == row["mde"]


def test_a_sweep_without_deltas_is_refused():
    for make in (make_cell_table, make_contrast_table):
        with pytest.raises(QueryError, match="there are no"):
            make(empty_evidence())


def test_a_choice_of_languages_is_kept(evidence):
    table = make_cell_table(narrow(evidence, Choice(languages=["ru"])))
    assert table.columns == ("mean", "ru")
