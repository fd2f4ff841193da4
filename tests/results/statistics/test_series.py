"""Tests of cells as points of a design."""

import json

from results.schema import PLAN, make_table
from results.statistics.series import NO_STAGE, OWN_MIX, list_cells, list_magnitude_series, list_surface_series
from tests.results.factories import plan_row

METHOD, MAGNITUDE = "target.perturbation.method", "target.perturbation.magnitude"


def cells_of(*rows):
    return list_cells(make_table([plan_row(**row) for row in rows], PLAN))


def cell(cell_id, magnitude=0.0, method=None, *, axes=None, **changes):
    own = {MAGNITUDE: magnitude} | ({METHOD: method} if method else {}) | (axes or {})
    return {
        "cell_id": cell_id,
        "method": method or "none",
        "magnitude": magnitude,
        "axes": json.dumps(own),
        **changes,
    }


def test_cells_that_differ_in_magnitude_alone_are_one_series_by_rising_magnitude():
    cells = cells_of(cell("base"), cell("b", 0.3, "pgd"), cell("a", 0.1, "pgd"), cell("c", 0.1, "fgm"))
    series = list_magnitude_series(cells)
    assert [(one.name, [member.cell_id for member in one.cells]) for one in series] == [
        ("pgd", ["a", "b"]),
        ("fgm", ["c"]),
    ]
    assert all(one.plain is not None and one.plain.cell_id == "base" for one in series)


def test_other_settings_of_a_perturbation_make_other_series():
    site = "target.perturbation.site"
    cells = cells_of(
        cell("base"),
        cell("a", 0.1, "pgd", axes={site: "word_embedding"}),
        cell("b", 0.1, "pgd", axes={site: "last_hidden"}),
    )
    assert [one.name for one in list_magnitude_series(cells)] == ["pgd · site word_embedding", "pgd · site last_hidden"]


def test_each_arm_of_an_intermediate_task_has_a_series_with_its_own_cell_without_perturbation():
    arm = {"intermediate_task": "mnli", "dose": 1.0}
    cells = cells_of(cell("base"), cell("m", 0.1, "pgd"), cell("d", **arm), cell("dm", 0.1, "pgd", **arm))
    series = list_magnitude_series(cells)
    assert [one.plain.cell_id for one in series if one.plain] == ["base", "d"]
    assert [one.name for one in series] == ["pgd · intermediate none", "pgd · intermediate mnli dose 1"]


def test_a_method_without_magnitude_is_no_cell_without_perturbation():
    series = list_magnitude_series(cells_of(cell("base", method="copies"), cell("m", 0.1, "rs_da")))
    assert [one.plain for one in series] == [None]


def test_settings_beside_magnitude_are_held_fixed():
    rate = "optim.learning_rate"
    cells = cells_of(
        cell("base", axes={rate: 1e-5}),
        cell("a", 0.1, "pgd", axes={rate: 1e-5}),
        cell("b", 0.1, "pgd", axes={rate: 2e-5}),
    )
    series = list_magnitude_series(cells)
    assert [one.plain.cell_id if one.plain else None for one in series] == ["base", None]


def test_a_surface_has_arms_by_magnitudes_and_shares_the_cells_without_a_stage():
    arm = {"intermediate_task": "mnli"}
    cells = cells_of(
        cell("base"),
        cell("m", 0.1, "pgd"),
        cell("easy", **arm, dose=0.0),
        cell("easy-m", 0.1, "pgd", **arm, dose=0.0),
        cell("random", **arm, level="random"),
        cell("all", **arm),
    )
    (surface,) = list_surface_series(cells)
    assert [(one.cell_id, one.dose, one.level) for one in surface.cells] == [
        ("base", None, NO_STAGE),
        ("m", None, NO_STAGE),
        ("easy", 0.0, None),
        ("easy-m", 0.0, None),
        ("random", None, "random"),
        ("all", None, OWN_MIX),
    ]


def test_a_sweep_of_magnitudes_alone_has_no_surface():
    assert list_surface_series(cells_of(cell("base"), cell("m", 0.1, "pgd"))) == []
