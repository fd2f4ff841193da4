"""Tests of effects of magnitude, dose and corpus size."""

from math import log10

import numpy as np
import pytest
import statsmodels.api as sm

from results.analysis import Analysis
from results.statistics.mixed_model import compute_effects
from results.statistics.series import list_cells
from results.statistics.terms import list_term_designs
from tests.results.simulated import CORPUS_SIZES, Design, simulate_store
from tests.results.statistics.conftest import GAIN_OF_HARD

KNOWN = [code for code, size in CORPUS_SIZES.items() if size is not None and code != "en"]


@pytest.fixture(scope="module")
def effects(grid_store):
    return compute_effects(grid_store.snapshot(), Analysis()).to_pandas()


def slopes(effects, outcome="delta", kind="slope"):
    rows = effects[(effects["outcome"] == outcome) & (effects["kind"] == kind)]
    return rows[rows["cell_id"].isna() & rows["left_out"].isna()].set_index("term")


def test_a_series_has_every_term_alone_and_by_corpus_size_on_both_scales(effects):
    for outcome in ("delta", "logit"):
        terms = slopes(effects, outcome).index
        assert len(terms) == 16
        assert all(f"{term}:log_corpus" in terms for term in terms if "log_corpus" not in term)


def test_planted_effects_lie_in_their_intervals(effects):
    rows = slopes(effects)
    sizes = np.log10([CORPUS_SIZES[code] for code in KNOWN])
    planted = {
        "perturbed": -(3.0 - 0.8 * sizes.mean()),
        "perturbed:log_corpus": 0.8,
        "dose": GAIN_OF_HARD,
        "dose:log_corpus": 0.0,
        "magnitude": 0.0,
        "magnitude:log_corpus": 0.0,
    }
    for term, truth in planted.items():
        assert rows.loc[term, "ci_low"] <= truth <= rows.loc[term, "ci_high"], term
    assert rows.loc["dose", "estimate"] == pytest.approx(GAIN_OF_HARD, abs=1.5)


def test_the_mixed_model_and_two_stages_agree_where_every_cell_ran(effects):
    mixed, check = slopes(effects), slopes(effects, kind="check")
    assert mixed["problem"].isna().all()
    assert mixed["estimate"].to_numpy() == pytest.approx(check["estimate"].to_numpy(), abs=0.02)
    assert (mixed["df"] <= len(KNOWN) - 2).all()


def test_random_effects_have_variances(effects):
    variances = effects[(effects["kind"] == "variance") & (effects["outcome"] == "delta")].set_index("term")["estimate"]
    assert {"language:perturbed", "intermediate run", "seed", "language x seed", "residual"} <= set(variances.index)
    assert (variances >= 0).all()


def test_each_language_is_left_out_in_turn(effects):
    rows = effects[effects["left_out"].notna() & (effects["outcome"] == "delta")]
    assert set(rows["left_out"]) == set(KNOWN)
    assert (rows["num_languages"] == len(KNOWN) - 1).all()


def test_the_line_of_one_cell_is_least_squares_over_languages(grid_store, effects):
    deltas = grid_store.snapshot().deltas.to_pandas().query("cell_id == 'm0.4'").set_index("language")["delta"]
    sizes = np.log10([CORPUS_SIZES[code] for code in KNOWN])
    expected = sm.OLS(deltas[KNOWN].to_numpy(), sm.add_constant(sizes - sizes.mean())).fit()
    rows = effects[(effects["cell_id"] == "m0.4") & (effects["outcome"] == "delta")].set_index("term")
    found = rows.loc[["effect", "effect:log_corpus"], "estimate"].to_numpy()
    assert found == pytest.approx(expected.params, abs=1e-4)


def test_rows_name_the_model_what_it_left_out_and_its_zero(effects):
    row = slopes(effects).iloc[0]
    assert "log_corpus" in row["model"]
    assert "yo" in row["method_note"]
    geometric_mean = 10 ** np.mean([log10(CORPUS_SIZES[code]) for code in KNOWN])
    assert f"log_corpus is 0 at {geometric_mean:.3g} GiB of CC-100" in row["method_note"]
    assert (row["num_languages"], row["num_seeds"], row["num_intermediate_runs"]) == (5, 4, 12)


def test_one_seed_has_estimates_without_intervals_and_says_why(tmp_path):
    store = simulate_store(tmp_path, Design(num_seeds=1, num_examples=50))
    rows = slopes(compute_effects(store.snapshot(), Analysis()).to_pandas())
    assert rows["estimate"].notna().all()
    assert rows[["se", "ci_low", "p"]].isna().all(axis=None)
    assert rows["problem"].str.contains("two seeds").all()


def test_fewer_than_four_corpus_sizes_have_no_slope(tmp_path):
    store = simulate_store(tmp_path, Design(num_seeds=3, num_examples=50, languages=("en", "de", "sw", "yo")))
    rows = slopes(compute_effects(store.snapshot(), Analysis()).to_pandas())
    assert list(rows.index) == ["perturbed", "magnitude"]
    assert rows["problem"].str.contains("fewer than 4").all()
    assert (rows["num_languages"] == 3).all()


def test_a_seed_in_which_a_cell_failed_still_counts_for_the_others(flat_store):
    rows = slopes(compute_effects(flat_store.snapshot(), Analysis()).to_pandas())
    assert rows["num_observations"].unique().tolist() == [5 * (3 + 2)]
    assert rows["num_seeds"].unique().tolist() == [2]


def test_designs_are_those_of_the_cells(grid_store):
    (design,) = list_term_designs(list_cells(grid_store.snapshot().plan))
    assert len(design.cells) == 19
