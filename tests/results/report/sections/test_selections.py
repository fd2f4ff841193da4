from dataclasses import replace

import pandas as pd

from results.report.sections.selections import compare_rules
from results.schema import make_table
from results.statistics.schema import SELECTIONS
from tests.results.report.evidence_factory import make_evidence


def _row(selection, language="macro", **changes):
    row = {"cell_id": "c", "cell": "strong", "is_baseline": False, "target_task": "xnli", "language": language}
    row |= {"metric": "accuracy", "condition": "clean", "selection": selection, "k": 3, "mean": 71.26, "sd": 0.84}
    row |= {"is_oracle": selection == "target_oracle", "delta": 1.2, "delta_low": -0.4, "delta_high": 2.8, "k_last": 3}
    row |= {"minus_last": 0.5, "minus_last_low": 0.1, "minus_last_high": 0.9, "ci_method": "t over seeds"}
    return row | changes


def _evidence(rows):
    frame: pd.DataFrame = make_table(rows, SELECTIONS).to_pandas()
    return replace(make_evidence(), selections=frame)


def test_rules_stand_side_by_side_with_what_differs_from_the_last_checkpoint():
    last = _row("last", minus_last=None, minus_last_low=None, minus_last_high=None, k_last=0)
    found = compare_rules(_evidence([last, _row("target_oracle"), _row("target_oracle", "ru")]))
    assert found is not None
    assert [column.heading for column in found.means.columns] == [
        "cell", "rule", "mean ± sd", "delta", "95 % interval", "minus last", "its 95 % interval", "k",
    ]  # fmt: skip
    assert found.means.rows[1] == (
        "strong", "target_oracle (oracle)", "71.3 ± 0.8", "+1.2", "−0.4 to +2.8", "+0.5", "+0.1 to +0.9", "3",
    )  # fmt: skip
    assert found.means.rows[0][5] == "–"
    assert found.by_language is not None
    assert len(found.by_language.rows) == 1


def test_a_rule_that_saw_labels_of_the_target_languages_is_said_to_be_no_zero_shot_result():
    found = compare_rules(_evidence([_row("last"), _row("target_oracle")]))
    assert found is not None
    assert "target_oracle chose by labels of the languages scored" in found.note
    plain = compare_rules(_evidence([_row("last"), _row("averaged")]))
    assert plain is not None
    assert "zero-shot" not in plain.note


def test_a_sweep_with_one_rule_has_nothing_to_compare():
    assert compare_rules(_evidence([_row("last")])) is None
    assert compare_rules(replace(make_evidence(), selections=pd.DataFrame())) is None
