import pytest

from results.analysis import DEFAULT_FAMILIES, Analysis, Family
from results.statistics.families import choose_metrics, find_family, name_family
from results.statistics.measured import Measure
from tests.results.statistics.drafts import CLEAN, TESTED, make_draft


@pytest.mark.parametrize(
    ("kind", "unit", "measure", "name", "role"),
    [
        ("declared", "macro", CLEAN, "primary", "primary"),
        ("declared", "language", CLEAN, "by language: strong", "secondary"),
        ("declared", "group", CLEAN, "by group: strong", "secondary"),
        ("deltas", "language", CLEAN, "all cells", "exploratory"),
        ("declared", "macro", CLEAN._replace(condition="noise"), "primary (noise)", "secondary"),
        ("declared", "macro", CLEAN._replace(metric="f1"), "primary (f1)", "exploratory"),
        ("declared", "macro", CLEAN._replace(selection="averaged"), "primary (averaged)", "exploratory"),
        ("deltas", "macro", Measure("f1", "averaged", "noise"), "all cells (f1, averaged, noise)", "exploratory"),
    ],
)
def test_every_row_has_the_family_that_takes_it_in(
    kind: str, unit: str, measure: Measure, name: str, role: str
) -> None:
    key = find_family(make_draft(kind, unit, measure), Analysis(), TESTED)
    assert (name_family(key), key.role) == (name, role)


def test_contrasts_of_a_split_family_are_apart_and_those_of_another_together() -> None:
    first, second = (make_draft(unit="language", name=name) for name in ("strong", "weak"))
    assert find_family(first, Analysis(), TESTED) != find_family(second, Analysis(), TESTED)
    first, second = (make_draft(unit="macro", name=name) for name in ("strong", "weak"))
    assert find_family(first, Analysis(), TESTED) == find_family(second, Analysis(), TESTED)


def test_the_first_fitting_family_wins_and_rows_of_none_are_exploratory() -> None:
    mine = Family(name="mine", role="primary", contrasts="deltas", units=("macro",), adjustment="none")
    analysis = Analysis(families=(mine, *DEFAULT_FAMILIES))
    assert find_family(make_draft("deltas"), analysis, TESTED).name == "mine"
    assert find_family(make_draft("deltas", "group"), analysis, TESTED).name == "all cells"
    left = find_family(make_draft("deltas", "group"), Analysis(families=(mine,)), TESTED)
    assert (left.name, left.role, left.adjustment) == ("not declared", "exploratory", "bh")


def test_the_tested_metric_is_the_one_asked_for_or_each_tasks_primary_one() -> None:
    metrics = {"xnli": ("accuracy",), "panx": ("f1", "accuracy"), "none": ()}
    assert choose_metrics(metrics, Analysis()) == {"xnli": "accuracy", "panx": "f1"}
    assert choose_metrics(metrics, Analysis(metric="accuracy")) == {"xnli": "accuracy", "panx": "accuracy"}
    assert choose_metrics(metrics, Analysis(metric="f1")) == {"xnli": "accuracy", "panx": "f1"}
