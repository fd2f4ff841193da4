"""Tests of curves, surfaces, slopes and selections as people see them."""

import io

import pytest
from rich.console import Console

from results.analysis import Analysis
from results.statistics.best_magnitude import compute_best_magnitudes
from results.statistics.curves import compute_curves
from results.statistics.mixed_model import compute_effects
from results.statistics.model_listing import print_curves, print_selections, print_slopes, print_surfaces
from results.statistics.schema import BEST_MAGNITUDES, CURVES, EFFECTS, SELECTIONS, SURFACES
from results.statistics.surfaces import compute_surfaces


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=100)


def text_of(console):
    return console.file.getvalue()


def test_curves_have_a_row_a_magnitude_and_the_best_below(flat_store, console):
    snapshot = flat_store.snapshot()
    curves, best = (one(snapshot, Analysis()).to_pandas() for one in (compute_curves, compute_best_magnitudes))
    print_curves(curves, best, console)
    text = text_of(console)
    assert "Deltas along the magnitude: gaussian (xnli, accuracy)" in text
    assert all(
        label in text for label in ("magnitude 0 ", "magnitude 0.1", "magnitude 0.3", "may be", "corrected gain")
    )
    delta = curves.query("language == 'macro' and magnitude == 0.1")["delta"].iloc[0]
    assert f"{delta:+z.1f}" in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_surface_has_a_row_an_arm_and_a_column_a_magnitude(grid_store, console):
    surfaces = compute_surfaces(grid_store.snapshot(), Analysis()).to_pandas()
    print_surfaces(surfaces[surfaces["language"] == "macro"], console)
    lines = text_of(console).splitlines()
    assert lines[1].split() == ["arm", "0", "0.1", "0.2", "0.4", "0.8"]
    assert [line.split("  ")[0] for line in lines[3:7]] == ["none", "dose 0", "dose 0.5", "dose 1"]


def test_slopes_say_what_each_term_is_how_sure_it_is_and_how_it_was_made(flat_store, console):
    print_slopes(compute_effects(flat_store.snapshot(), Analysis()).to_pandas(), console)
    text = text_of(console)
    assert "Effects: gaussian (xnli, accuracy; 5 languages, 2 seeds)" in text
    assert all(term in text for term in ("perturbed", "magnitude:log_corpus", "ten times the corpus", "REML"))
    assert "left out yo" in text.replace("\n", " ")
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("width", [80, 140])
def test_terms_of_slopes_are_never_broken(flat_store, width):
    console = Console(file=io.StringIO(), width=width)
    print_slopes(compute_effects(flat_store.snapshot(), Analysis()).to_pandas(), console)
    lines = text_of(console).splitlines()
    assert sum(line.startswith("magnitude:log_corpus ") for line in lines) == (2 if width == 80 else 1)
    assert max(map(len, lines)) <= width


def test_nothing_to_show_is_said(console):
    schemas = (CURVES, BEST_MAGNITUDES, SURFACES, EFFECTS, SELECTIONS)
    curves, best, surfaces, effects, selections = (schema.empty_table().to_pandas() for schema in schemas)
    print_curves(curves, best, console)
    print_surfaces(surfaces, console)
    print_slopes(effects, console)
    print_selections(selections, console)
    assert [line.partition(":")[0] for line in text_of(console).splitlines() if ":" in line][:4] == [
        "No curve",
        "No surface",
        "No effect",
        "Only one way to choose a checkpoint was scored in runs that are ok",
    ]
