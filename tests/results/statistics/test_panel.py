"""Tests of a sweep as cells by seeds by languages."""

import numpy as np
import pytest

from results.analysis import Analysis
from results.schema import MACRO
from results.statistics.differences import PairedDifference
from results.statistics.estimates import CI_METHOD, CI_METHOD_SEEDS
from results.statistics.outcomes import Outcomes
from results.statistics.panel import Measure, Panel, describe_interval, gather_panels


def make_panel(scores, stage_runs=None, outcomes=None):
    return Panel(
        measure=Measure("xnli", "accuracy", "last", "clean"),
        source_language="en",
        languages=tuple(sorted({language for _, _, language in scores})),
        seeds=tuple(sorted({seed for _, seed, _ in scores})),
        scores=scores,
        stage_runs=stage_runs or {},
        outcomes=outcomes or {},
    )


def scores_of(cells=("base", "m"), seeds=(0, 1, 2, 3), languages=("en", "de", "sw")):
    return {
        (cell, seed, language): 50.0 + 10 * number + seed + (5 if language == "de" else 0)
        for number, cell in enumerate(cells)
        for seed in seeds
        for language in languages
    }


def test_the_mean_is_over_all_languages_but_the_source():
    panel = make_panel(scores_of())
    assert panel.languages_of(["base", "m"], MACRO) == ("de", "sw")
    assert panel.languages_of(["base"], "en") == ("en",)


def test_a_language_that_one_run_lacks_is_in_no_mean():
    scores = scores_of()
    del scores["m", 2, "sw"]
    assert make_panel(scores).languages_of(["base", "m"], MACRO) == ("de",)


def test_seeds_are_those_that_all_cells_have():
    scores = {key: value for key, value in scores_of().items() if key[:2] != ("m", 1)}
    assert make_panel(scores).shared_seeds(["base", "m"], ["de"]) == (0, 2, 3)


def test_differences_are_paired_by_seed():
    panel = make_panel(scores_of())
    blocks = panel.blocks(["base", "m"], panel.seeds)
    difference = panel.difference(["m", "base"], (1.0, -1.0), ["de", "sw"], blocks)
    assert difference.deltas.tolist() == [10.0] * 4
    assert difference.seeds == (0, 1, 2, 3)


def test_seeds_of_one_intermediate_run_are_averaged_to_one_replicate():
    runs = {("m", seed): f"run {seed // 2}" for seed in range(4)} | {("base", seed): None for seed in range(4)}
    panel = make_panel(scores_of(), runs)
    blocks = panel.blocks(["base", "m"], panel.seeds)
    assert blocks.seeds == ((0, 1), (2, 3))
    assert blocks.note is not None
    assert "2 of 4 seeds" in blocks.note
    assert panel.scored("m", ["sw"], blocks).scores.tolist() == [60.5, 62.5]


def test_where_all_seeds_share_one_intermediate_run_it_is_said():
    panel = make_panel(scores_of(), {("m", seed): "run" for seed in range(4)})
    blocks = panel.blocks(["base", "m"], panel.seeds)
    assert len(blocks.seeds) == 4
    assert blocks.note is not None
    assert "one intermediate run" in blocks.note


def test_contributions_of_examples_are_averaged_within_a_replicate_and_over_languages():
    right = {seed: np.arange(4, dtype=np.uint8) % 2 if seed else np.ones(4, np.uint8) for seed in (0, 1)}
    scores = {("m", seed, code): 100.0 * right[seed].mean() for seed in (0, 1) for code in ("de", "sw")}
    outcomes = {key: Outcomes(examples_hash="x", num_examples=4, numerators=right[key[1]]) for key in scores}
    panel = make_panel(scores, {("m", 0): "run", ("m", 1): "other"}, outcomes)
    scored = panel.scored("m", ["de", "sw"], panel.blocks(["m"], (0, 1)))
    assert scored.contributions["xnli:x"] == pytest.approx(np.array([[0, 0, 0, 0], [-12.5, 12.5, -12.5, 12.5]]))


def test_differences_of_cells_with_and_without_outcomes_are_over_seeds_alone():
    scores = scores_of(seeds=(0, 1), languages=("de",))
    outcomes = {
        ("m", seed, "de"): Outcomes(examples_hash="x", num_examples=2, numerators=np.array([0, 1], np.uint8))
        for seed in (0, 1)
    }
    panel = make_panel(scores, outcomes=outcomes)
    assert panel.difference(["m", "base"], (1, -1), ["de"], panel.blocks(["m"], (0, 1))).influences == {}


def test_the_interval_says_how_it_was_made():
    def paired(k, influences):
        return PairedDifference(seeds=tuple(range(k)), deltas=np.zeros(k), influences=influences, residual_variance=0.0)

    assert describe_interval(paired(3, {"x": np.zeros(2, np.float32)}), None) == CI_METHOD
    assert describe_interval(paired(3, {}), "note") == f"{CI_METHOD_SEEDS}; note"
    assert "one seed" in describe_interval(paired(1, {}), None)


def test_a_store_becomes_one_panel_with_its_outcomes(flat_store):
    (panel,) = gather_panels(flat_store.snapshot(), Analysis())
    assert panel.measure == Measure("xnli", "accuracy", "last", "clean")
    assert panel.seeds == (0, 1, 2)
    assert ("m0.3", 2, "de") not in panel.scores  # it diverged
    assert panel.outcomes.keys() == panel.scores.keys()
    (without,) = gather_panels(flat_store.snapshot(), Analysis(), with_outcomes=False)
    assert without.outcomes == {}
    assert without.scores == panel.scores


def test_conditions_and_selections_that_were_not_asked_for_are_left_out(flat_store):
    assert gather_panels(flat_store.snapshot(), Analysis(), conditions=("noise",)) == []
    assert gather_panels(flat_store.snapshot(), Analysis(), selections=("averaged",)) == []
