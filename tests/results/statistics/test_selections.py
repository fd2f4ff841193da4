"""Tests of ways to choose a checkpoint, side by side."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from results.analysis import Analysis
from results.schema import MACRO
from results.statistics.selections import compare_selections
from results.store import ResultStore
from tests.results.factories import plan_row, score_row, trial_row

LANGUAGES = ("en", "de", "sw")
SHIFTS = {"last": 0.0, "english_dev": -1.0, "target_oracle": 2.0}
SEEDS = (0, 1, 2)


def value(cell, seed, language, selection):
    generator = np.random.default_rng([len(cell), seed, LANGUAGES.index(language), list(SHIFTS).index(selection)])
    return 70.0 + SHIFTS[selection] + (3.0 if cell == "strong" else 0.0) + generator.normal()


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    store = ResultStore.create(tmp_path_factory.mktemp("selections"), {"name": "made-up", "sweep_id": "s1"})
    cells = ("base", "strong")
    store.write_plan([plan_row(cell, seed) for cell in cells for seed in SEEDS])
    for cell in cells:
        for seed in SEEDS:
            scores = [
                score_row(f"{cell}-{seed}", language, value(cell, seed, language, selection), selection=selection)
                for selection in SHIFTS
                for language in LANGUAGES
                if not (selection == "english_dev" and cell == "strong" and seed == 2)
            ]
            store.publish_trial(trial_row(f"{cell}-{seed}"), scores)
    table = compare_selections(store.snapshot(), Analysis()).to_pandas()
    return table.set_index(["cell_id", "language", "selection"])


def macro(cell, seed, selection):
    return np.mean([value(cell, seed, language, selection) for language in ("de", "sw")])


def test_every_cell_language_and_selection_has_a_row_with_its_mean_and_spread(rows):
    assert len(rows) == 2 * 4 * 3
    values = [macro("strong", seed, "target_oracle") for seed in SEEDS]
    row = rows.loc["strong", MACRO, "target_oracle"]
    assert row["mean"] == pytest.approx(np.mean(values))
    assert row["sd"] == pytest.approx(np.std(values, ddof=1))
    assert row["is_oracle"]


def test_deltas_are_against_the_baseline_under_the_same_selection(rows):
    values = [macro("strong", seed, "target_oracle") - macro("base", seed, "target_oracle") for seed in SEEDS]
    interval = ttest_1samp(values, 0).confidence_interval()
    row = rows.loc["strong", MACRO, "target_oracle"]
    assert row[["delta", "delta_low", "delta_high"]].tolist() == pytest.approx([np.mean(values), *interval])
    assert np.isnan(rows.loc["base", MACRO, "target_oracle"]["delta"])


def test_differences_to_last_are_of_the_same_runs(rows):
    values = [macro("strong", seed, "english_dev") - macro("strong", seed, "last") for seed in SEEDS[:2]]
    interval = ttest_1samp(values, 0).confidence_interval()
    row = rows.loc["strong", MACRO, "english_dev"]
    found = row[["minus_last", "minus_last_low", "minus_last_high"]].tolist()
    assert found == pytest.approx([np.mean(values), *interval])
    assert (row["k"], row["k_last"]) == (2, 2)
    assert "test examples not resampled" in row["ci_method"]


def test_last_has_no_difference_to_itself(rows):
    assert rows.xs("last", level="selection")["minus_last"].isna().all()


def test_one_selection_alone_is_nothing_to_compare(flat_store):
    assert compare_selections(flat_store.snapshot(), Analysis()).num_rows == 0
