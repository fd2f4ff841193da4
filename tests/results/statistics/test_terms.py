"""Tests of the columns that deltas are explained by."""

import numpy as np
import pytest

from results.statistics.series import NO_STAGE, DesignCell
from results.statistics.terms import list_term_designs


def cell(cell_id, magnitude=0.0, dose=None, *, level=None, baseline="base", method="pgd", rest=""):
    has_stage = dose is not None or level is not None
    return DesignCell(
        cell_id=cell_id,
        baseline_cell_id=baseline,
        label=cell_id,
        target_task="xnli",
        source_language="en",
        method=method if magnitude else None,
        magnitude=magnitude,
        setting="",
        stage="mnli" if has_stage else NO_STAGE,
        dose=dose,
        level=level if has_stage else NO_STAGE,
        rest=rest,
    )


def test_magnitudes_alone_give_whether_there_is_any_and_doublings_from_their_middle():
    (design,) = list_term_designs([cell("base"), cell("a", 0.1), cell("b", 0.2), cell("c", 0.4)])
    assert design.terms == ("perturbed", "magnitude")
    assert design.matrix == pytest.approx(np.array([[1, -1], [1, 0], [1, 1]]))
    assert "from 0.2" in design.scales


def test_one_magnitude_has_no_slope_over_magnitudes():
    (design,) = list_term_designs([cell("base"), cell("a", 0.1)])
    assert design.terms == ("perturbed",)


def test_a_full_grid_has_both_and_their_products_and_all_can_be_estimated():
    cells = [
        cell(f"{magnitude}-{dose}" if magnitude or dose is not None else "base", magnitude, dose)
        for magnitude in (0.0, 0.1, 0.4)
        for dose in (None, 0.0, 0.5, 1.0)
    ]
    (design,) = list_term_designs(cells)
    assert set(design.terms) == {
        "perturbed",
        "magnitude",
        "intermediate",
        "dose",
        "perturbed:intermediate",
        "perturbed:dose",
        "magnitude:intermediate",
        "magnitude:dose",
    }
    assert np.linalg.matrix_rank(design.matrix) == len(design.terms)
    assert len(design.cells) == 11  # all but the baseline


def test_settings_are_counted_from_the_baseline_whatever_that_is():
    (design,) = list_term_designs([cell("base", 0.0, 0.0), cell("a", 0.0, 1.0)])
    assert design.terms == ("dose",)
    assert design.matrix.tolist() == [[1.0]]


def test_arms_that_are_no_dose_take_no_part():
    (design,) = list_term_designs([cell("base"), cell("easy", dose=0.0), cell("random", level="random")])
    assert [one.cell_id for one in design.cells] == ["easy"]
    assert "without arms that are no dose: random" in design.scales


def test_cells_that_differ_from_their_baseline_in_more_are_left_out():
    assert list_term_designs([cell("base"), cell("a", 0.1, rest="learning_rate 2e-05")]) == []


def test_each_method_has_a_design_of_its_own():
    designs = list_term_designs([cell("base"), cell("a", 0.1), cell("b", 0.1, method="fgm")])
    assert [(one.name, len(one.cells)) for one in designs] == [("pgd", 1), ("fgm", 1)]
