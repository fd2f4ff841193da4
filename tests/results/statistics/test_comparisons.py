import json

import pytest

from results.analysis import Analysis, Contrast, Term
from results.schema import PLAN, make_table
from results.statistics.comparisons import list_comparisons
from tests.results.factories import plan_row

PLANNED = make_table(
    [plan_row(cell, seed) for cell in ("base", "weak", "strong") for seed in (0, 1)]
    + [plan_row("other", 0, target_task="pawsx", magnitude=0.5)],
    PLAN,
)


def _declare(*terms: tuple[str, float]) -> Analysis:
    return Analysis(contrasts=(Contrast(name="asked", terms=tuple(Term(*term) for term in terms)),))


def test_declared_contrasts_come_first_then_every_cell_against_its_baseline() -> None:
    found = list_comparisons(PLANNED, _declare(("base", -1.0), ("strong", 1.0)))
    assert [(one.kind, one.name) for one in found] == [
        ("declared", "asked"),
        ("deltas", "cell weak"),
        ("deltas", "cell strong"),
        ("deltas", "cell other"),
    ]
    asked, weak = found[:2]
    assert asked.weights == (1.0, -1.0)
    assert asked.is_pair
    assert asked.cell_id == "strong base"
    assert asked.baseline_cell_id is None
    assert json.loads(weak.terms_json) == [{"cell_id": "weak", "weight": 1.0}, {"cell_id": "base", "weight": -1.0}]
    assert weak.baseline_cell_id == "base"
    assert weak.labels["magnitude"] == 0.5


def test_labels_of_a_contrast_are_those_that_its_cells_share() -> None:
    (asked, *_) = list_comparisons(PLANNED, _declare(("strong", 1.0), ("other", -1.0)))
    assert asked.labels["magnitude"] == 0.5
    assert asked.labels["target_task"] is None


def test_an_interaction_has_no_two_sides_and_its_cells_come_once() -> None:
    terms = [("strong", 1.0), ("base", -1.0), ("weak", -1.0), ("base", 1.0), ("other", 1.0), ("base", -1.0)]
    (asked, *_) = list_comparisons(PLANNED, _declare(*terms))
    assert [(term.cell_id, term.weight) for term in asked.terms] == [
        ("strong", 1.0),
        ("other", 1.0),
        ("base", -1.0),
        ("weak", -1.0),
    ]
    assert asked.num_positive == 2
    assert not asked.has_two_sides
    assert not asked.is_pair


@pytest.mark.parametrize("cell", ["gone", "base"])
def test_a_contrast_of_a_cell_that_is_not_planned_is_left_out(cell: str) -> None:
    found = list_comparisons(PLANNED, _declare(("strong", 1.0), (cell, -1.0)))
    assert any(one.kind == "declared" for one in found) == (cell == "base")
