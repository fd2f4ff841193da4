import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy import stats

from results.analysis import Analysis, Contrast, Term
from results.predictions import join_prediction_tables
from results.schema import PREDICTIONS
from results.statistics.contrasts import compute_contrasts
from results.store import ResultStore
from tests.results.factories import generalized_sweep, label_table, score_row, small_sweep, write_store
from tests.results.simulated import Design, simulate_outcomes, simulate_store

DESIGN = Design(num_examples=150, languages=("en", "de", "tr", "sw", "yo"), effects={(0.3, None, "de"): -12.0})
NUMBERS = ["delta", "se", "ci_low", "ci_high", "p", "delta_logit", "base_mean", "cell_mean"]
Analysed = Callable[..., pd.DataFrame]


def _declare(**contrasts: dict[str, float]) -> Analysis:
    return Analysis(
        contrasts=tuple(
            Contrast(name=name, terms=tuple(Term(*term) for term in terms.items())) for name, terms in contrasts.items()
        )
    )


STRONG = _declare(strong={"m0.3": 1.0, "m0": -1.0})


def _contrasts(store: ResultStore, analysis: Analysis = STRONG, **options: object) -> pd.DataFrame:
    return compute_contrasts(store.snapshot(), analysis, **options).to_pandas()  # type: ignore[arg-type]


def _row(rows: pd.DataFrame, language: str = "macro", **values: object) -> "pd.Series":
    values = {"language": language, "family": "all cells", "runs": "ok"} | values
    for name, value in values.items():
        rows = rows[rows[name] == value]
    (row,) = rows.to_dict("records")
    return pd.Series(row)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ResultStore:
    return simulate_store(tmp_path_factory.mktemp("sweep") / "store", DESIGN)


@pytest.fixture(scope="module")
def rows(store: ResultStore) -> pd.DataFrame:
    return _contrasts(store)


def _copy(
    store: ResultStore, folder: Path, change: Callable[[str, list, pa.Table], tuple[list, pa.Table]]
) -> ResultStore:
    """The store again, its trials published in the opposite order, with other scores and predictions."""
    other = ResultStore.create(folder, {"name": "simulated", "sweep_id": "simulated"})
    other.write_plan(store.plan().to_pylist())
    other.write_languages(store.snapshot().languages.to_pylist())
    predictions = store.predictions()
    for trial_id in reversed(store.plan()["trial_id"].to_pylist()):
        scores = [row for row in store.scores().to_pylist() if row["trial_id"] == trial_id]
        own = predictions.filter(pc.equal(predictions["trial_id"], trial_id))
        trial = store.read_trial(trial_id)
        assert trial is not None
        scores, own = change(trial_id, scores, own)
        other.publish_trial(trial, scores, pa.Table.from_arrays(own.columns, schema=PREDICTIONS))
    return other


def _same_numbers(first: pd.DataFrame, second: pd.DataFrame, tolerance: float = 1e-6) -> None:
    key = ["contrast", "family", "language", "runs"]
    both = first.merge(second, on=key, suffixes=("", "_other"))
    assert len(both) == len(first)
    for name in NUMBERS:
        np.testing.assert_allclose(both[name], both[f"{name}_other"], rtol=tolerance, atol=tolerance, err_msg=name)


def test_numbers_are_those_of_the_outcomes_by_hand(rows: pd.DataFrame) -> None:
    outcomes = simulate_outcomes(DESIGN)
    place = DESIGN.languages.index("sw")
    cell, base = (np.array([outcomes[size, None, seed][place] for seed in range(5)]) for size in (0.3, 0.0))
    deltas = 100 * (cell.mean(axis=1) - base.mean(axis=1))
    row = _row(rows, "sw", cell_id="m0.3")
    assert row["delta"] == pytest.approx(deltas.mean())
    assert row["delta_sd"] == pytest.approx(deltas.std(ddof=1))
    assert row["delta_median"] == pytest.approx(np.median(deltas))
    assert row["delta_min"] == pytest.approx(deltas.min())
    assert (row["k"], row["k_failed"], row["num_examples"]) == (5, 0, 150)
    assert list(row["seeds"]) == [0, 1, 2, 3, 4]
    assert list(row["n01"]) == (~cell & base).sum(axis=1).tolist()
    assert list(row["n10"]) == (cell & ~base).sum(axis=1).tolist()
    errors = 100 - 100 * base.mean()
    assert row["error_reduction"] == pytest.approx(deltas.mean() / errors)
    # Two crossed random effects, seeds and examples, by mean squares: Var = (MS_seed + MS_example - MS_rest) / (k n).
    difference = 100.0 * (cell.astype(int) - base.astype(int))
    k, n = difference.shape
    rest = difference - difference.mean(1, keepdims=True) - difference.mean(0) + difference.mean()
    seeds = n * difference.mean(1).var(ddof=1)
    examples = k * difference.mean(0).var(ddof=1)
    by_hand = (seeds + examples - (rest**2).sum() / ((k - 1) * (n - 1))) / (k * n)
    assert row["se"] ** 2 == pytest.approx(by_hand, rel=0.05)


def test_error_reduction_has_the_interval_of_its_linearised_seeds_and_examples(rows: pd.DataFrame) -> None:
    outcomes = simulate_outcomes(DESIGN)
    place = DESIGN.languages.index("sw")
    cell, base = (100.0 * np.array([outcomes[size, None, seed][place] for seed in range(5)]) for size in (0.3, 0.0))
    row = _row(rows, "sw", cell_id="m0.3")
    left, had = 100 - cell.mean(), 100 - base.mean()
    linear = cell / had - base * left / had**2
    seeds = linear.mean(axis=1).var(ddof=1) / 5
    examples = linear.mean(axis=0).var(ddof=1) / 150
    rest = linear - linear.mean(1, keepdims=True) - linear.mean(0) + linear.mean()
    part = max(examples - min((rest**2).sum() / (4 * 149) / 750, seeds), 0)
    generator = np.random.default_rng(0)
    error = np.sqrt(seeds) * generator.standard_t(4, 200_000) + np.sqrt(part) * generator.standard_normal(200_000)
    assert row["error_reduction"] == pytest.approx((left - had) / -had)
    assert row["error_reduction_high"] - row["error_reduction"] == pytest.approx(np.quantile(error, 0.975), rel=0.05)
    assert row["error_reduction"] - row["error_reduction_low"] == pytest.approx(np.quantile(error, 0.975), rel=0.05)


def test_deltas_agree_with_the_deltas_table(store: ResultStore, rows: pd.DataFrame) -> None:
    own = rows[(rows["family"] == "all cells") & (rows["unit"] != "group")]
    both = own.merge(store.deltas().to_pandas(), on=["cell_id", "language"], suffixes=("", "_known"))
    assert len(both) == len(own) == 2 * 6
    for name in ("delta", "delta_sd", "base_mean", "base_sd", "cell_mean", "cell_sd", "delta_logit", "error_reduction"):
        np.testing.assert_allclose(both[name], both[f"{name}_known"], err_msg=name)


def test_a_mean_is_that_of_its_languages_without_the_source(rows: pd.DataFrame) -> None:
    own = rows[(rows["cell_id"] == "m0.3") & (rows["family"] == "all cells")].set_index("language")["delta"]
    assert own["macro"] == pytest.approx(own[["de", "tr", "sw", "yo"]].mean())
    assert own["family:Atlantic-Congo"] == pytest.approx(own[["sw", "yo"]].mean())
    row = _row(rows, cell_id="m0.3")
    assert row["num_languages"] == 4
    assert row["num_examples"] == 600


def test_a_declared_contrast_and_the_same_delta_are_rows_of_two_families(rows: pd.DataFrame) -> None:
    declared, delta = _row(rows, family="primary"), _row(rows, cell_id="m0.3")
    for name in NUMBERS:
        assert declared[name] == pytest.approx(delta[name], abs=1e-6)
    assert (declared["role"], delta["role"]) == ("primary", "exploratory")
    assert declared["contrast"] == "strong"
    assert pd.isna(declared["baseline_cell_id"])
    assert json.loads(declared["terms"]) == [{"cell_id": "m0.3", "weight": 1.0}, {"cell_id": "m0", "weight": -1.0}]
    assert declared["family_size"] == 1
    assert delta["family_size"] == 2 * 9


def test_a_planted_effect_is_found_and_nothing_else_is(rows: pd.DataFrame) -> None:
    assert _row(rows, "de", family="by language: strong")["verdict"] == "worse"
    others = rows[(rows["family"] == "by language: strong") & (rows["language"] != "de")]
    assert not others["verdict"].isin(["better", "worse"]).any()


def test_swapping_the_cells_flips_every_sign(store: ResultStore) -> None:
    rows = _contrasts(store, _declare(one={"m0.3": 1.0, "m0": -1.0}, two={"m0": 1.0, "m0.3": -1.0}))
    both = rows[rows["contrast"] == "one"].merge(rows[rows["contrast"] == "two"], on=["unit", "language"])
    assert len(both) == 9
    for name, other in [("delta", "delta"), ("delta_logit", "delta_logit"), ("ci_low", "ci_high")]:
        np.testing.assert_allclose(both[f"{name}_x"], -both[f"{other}_y"], atol=1e-5)
    np.testing.assert_allclose(both["p_x"], both["p_y"], atol=1e-6)
    np.testing.assert_allclose(both["prob_improvement_x"], 1 - both["prob_improvement_y"])


def test_an_interaction_is_the_difference_of_its_differences(store: ResultStore) -> None:
    terms = {"m0.3": 1.0, "m0.1": -2.0, "m0": 1.0}
    rows = _contrasts(store, _declare(bend=terms))
    row, high, low = _row(rows, family="primary"), _row(rows, cell_id="m0.3"), _row(rows, cell_id="m0.1")
    assert row["delta"] == pytest.approx(high["delta"] - 2 * low["delta"])
    assert row["delta_logit"] == pytest.approx(high["delta_logit"] - 2 * low["delta_logit"])
    assert np.isnan(row["cell_mean"])
    assert row[["error_reduction", "error_reduction_low", "error_reduction_high"]].isna().all()
    assert np.isnan(row["magnitude"])


def test_the_order_of_files_changes_not_one_digit(store: ResultStore, rows: pd.DataFrame, tmp_path: Path) -> None:
    other = _copy(store, tmp_path / "other", lambda _, scores, predictions: (scores, predictions))
    assert compute_contrasts(other.snapshot(), STRONG).equals(compute_contrasts(store.snapshot(), STRONG))


def test_the_order_of_rows_changes_nothing(store: ResultStore, rows: pd.DataFrame, tmp_path: Path) -> None:
    def turn(trial_id: str, scores: list, predictions: pa.Table) -> tuple[list, pa.Table]:
        return scores[::-1], predictions.take(np.arange(predictions.num_rows)[::-1])

    _same_numbers(rows, _contrasts(_copy(store, tmp_path / "other", turn)))


def test_a_language_with_unlike_test_sets_is_refused_and_changes_nothing_of_others(
    store: ResultStore, rows: pd.DataFrame, tmp_path: Path
) -> None:
    def add(trial_id: str, scores: list, predictions: pa.Table) -> tuple[list, pa.Table]:
        ids = ["a", "b", "c"] if trial_id == "m0.3-1" else ["a", "b", "d"]
        table = label_table(trial_id, language="zz", gold=(0, 1, 1), predicted=(1, 1, 1), example_ids=ids)
        row = score_row(trial_id, "zz", 200 / 3, num_examples=3, chance=50.0)
        return [*scores, row], join_prediction_tables([predictions, table])

    found = _contrasts(_copy(store, tmp_path / "other", add))
    refused = found[(found["language"] == "zz") & (found["cell_id"] == "m0.3")]
    assert refused["verdict"].tolist() == ["not testable"]
    assert refused["delta"].isna().all()
    assert "m0.3-1 on 3 examples, 2 of them not shared with the 3 of m0-0" in refused["failed_runs"].iloc[0]
    weak = _row(found, "zz", cell_id="m0.1")
    assert weak["k"] == 5
    assert "unlike test examples: zz" in _row(found, cell_id="m0.3")["failed_runs"]
    keep = ~((rows["language"] == "macro") & (rows["cell_id"] == "m0.1"))  # there zz is a language like the others
    _same_numbers(rows[keep], found[found["language"] != "zz"])


def test_rows_without_and_with_failed_runs_stand_side_by_side(tmp_path: Path) -> None:
    design = Design(
        num_examples=100,
        languages=("en", "de", "sw"),
        failed={(0.1, None, 1): "degenerate", (0.1, None, 2): "diverged", (0.3, None, 0): "oom"},
    )
    store = simulate_store(tmp_path / "store", design)
    rows = _contrasts(store)
    ok, everything = (_row(rows, "sw", cell_id="m0.1", runs=runs) for runs in ("ok", "all"))
    assert (ok["k"], ok["k_failed"], ok["failed_runs"]) == (3, 2, "pairs left out: 1 degenerate, 1 diverged")
    assert (everything["k"], everything["k_failed"]) == (5, 0)
    assert everything["failed_runs"] == "degenerate runs count at their scores, diverged ones at chance"
    scores = {row["trial_id"]: row["value"] for row in store.scores().to_pylist() if row["language"] == "sw"}
    own = [scores.get(f"m0.1-{seed}", 50.0) - scores[f"m0-{seed}"] for seed in range(5)]
    assert everything["delta"] == pytest.approx(np.mean(own))
    assert everything["family_size"] == ok["family_size"]
    oom = rows[rows["cell_id"] == "m0.3"]
    assert set(oom["runs"]) == {"ok"}  # that memory ran out says nothing of training
    assert (oom["k_failed"] == 1).all()
    included = _row(_contrasts(store, include=["degenerate"]), "sw", cell_id="m0.1")
    assert (included["k"], included["k_failed"]) == (4, 1)
    assert included["failed_runs"] == "counted as if ok: 1 degenerate; pairs left out: 1 diverged"


def test_seeds_that_share_an_intermediate_run_count_once(tmp_path: Path) -> None:
    design = Design(magnitudes=(0.0,), doses=(None, 0.5), languages=("en", "de", "sw"), num_seeds=6, num_examples=100)
    tables = {}
    for num_runs in (6, 3, 1):
        shared = Design(**design.__dict__ | {"num_intermediate_runs": num_runs})
        tables[num_runs] = _row(_contrasts(simulate_store(tmp_path / str(num_runs), shared)), cell_id="m0-d0.5")
    own, three, one = tables[6], tables[3], tables[1]
    assert [row["num_intermediate_runs"] for row in (own, three, one)] == [6, 3, 1]
    assert [row["k"] for row in (own, three, one)] == [6, 6, 6]
    assert three["df"] == 2
    assert three["ci_method"].endswith("one value an intermediate run (3 of 6 seeds)")
    assert three["delta"] == pytest.approx(own["delta"])
    assert one["ci_method"].endswith("all seeds share one intermediate run, and nothing is said of others")
    assert one["verdict"].endswith("(one intermediate run)")
    assert one["ci_low"] == pytest.approx(own["ci_low"])


def test_means_and_their_difference_agree_where_runs_stand_behind_unlike_numbers_of_seeds(tmp_path: Path) -> None:
    design = Design(magnitudes=(0.0,), doses=(None, 0.5), num_examples=100, num_intermediate_runs=2, seed_sd=4.0)
    row = _row(_contrasts(simulate_store(tmp_path, design)), cell_id="m0-d0.5")
    assert (row["k"], row["num_intermediate_runs"]) == (5, 2)
    assert row["cell_mean"] - row["base_mean"] == pytest.approx(row["delta"])
    assert row["error_reduction"] == pytest.approx(row["delta"] / (100 - row["base_mean"]))
    assert row["error_reduction_low"] + row["error_reduction_high"] == pytest.approx(2 * row["error_reduction"])
    logits = [np.log(row[name] / (100 - row[name])) for name in ("cell_mean", "base_mean")]
    assert row["delta_logit"] == pytest.approx(logits[0] - logits[1])


def test_without_outcomes_the_interval_is_students_over_seeds(store: ResultStore, tmp_path: Path) -> None:
    def blind(trial_id: str, scores: list, predictions: pa.Table) -> tuple[list, pa.Table]:
        place = predictions.schema.get_field_index("outcome")
        return scores, predictions.set_column(place, "outcome", pa.nulls(predictions.num_rows, pa.float32()))

    found = _contrasts(_copy(store, tmp_path / "other", blind))
    assert _row(found, "de", cell_id="m0.3")["verdict"] == "worse (on these examples)"
    assert not found["verdict"].isin(["better", "worse", "equivalent", "no loss"]).any()
    row = _row(found, "sw", cell_id="m0.3")
    scores = {one["trial_id"]: one["value"] for one in store.scores().to_pylist() if one["language"] == "sw"}
    cell, base = ([scores[f"{cell}-{seed}"] for seed in range(5)] for cell in ("m0.3", "m0"))
    known = stats.ttest_rel(cell, base)
    assert row["p"] == pytest.approx(known.pvalue)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(tuple(known.confidence_interval()))
    assert row["ci_method"].endswith("test examples not resampled: the metric is no ratio of sums")
    assert row["n01"] is None


def test_damaged_predictions_cost_their_contrasts_the_examples_and_nothing_else(
    store: ResultStore, rows: pd.DataFrame, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = _copy(store, tmp_path / "other", lambda _, scores, predictions: (scores, predictions))
    (other.folder / "predictions" / "m0.3-1.parquet").write_bytes(b"PAR1 nothing")
    found = _contrasts(other)
    assert "m0.3-1.parquet: cannot be read" in caplog.text
    strong, known = _row(found, "sw", cell_id="m0.3"), _row(rows, "sw", cell_id="m0.3")
    assert strong["ci_method"].endswith("test examples not resampled: no predictions of some runs")
    assert (strong["delta"], strong["k"]) == (pytest.approx(known["delta"]), 5)
    _same_numbers(rows[rows["cell_id"] == "m0.1"], found[found["cell_id"] == "m0.1"])


def test_one_seed_has_a_delta_and_nothing_is_tested(tmp_path: Path) -> None:
    design = Design(num_seeds=1, num_examples=50, languages=("en", "de"))
    row = _row(_contrasts(simulate_store(tmp_path / "store", design)), cell_id="m0.3")
    assert row["verdict"] == "not testable"
    assert np.isfinite(row["delta"])
    assert np.isnan(row["ci_low"])
    assert pd.isna(row["ci_method"])
    assert row["family_size"] == 0


def test_pairs_of_languages_have_their_two_means_only(tmp_path: Path) -> None:
    rows = _contrasts(generalized_sweep(tmp_path), Analysis())
    pairs = rows[rows["condition"] == "generalized"].set_index("condition_language")
    assert pairs["delta"].to_dict() == pytest.approx({"all": -1.0, "off-diagonal": -2.0})
    assert set(pairs["unit"]) == {"macro"}
    assert pairs["num_languages"].tolist() == [3, 3]


def test_what_is_pending_has_no_rows_and_what_failed_says_so(tmp_path: Path) -> None:
    rows = _contrasts(write_store(tmp_path / "store", small_sweep()), Analysis())
    assert "late" not in set(rows["cell_id"])
    weak = _row(rows, "de", cell_id="weak")
    assert (weak["k"], weak["k_failed"], weak["verdict"]) == (1, 1, "not testable")


def test_a_store_in_which_nothing_has_finished_has_no_contrasts(tmp_path: Path) -> None:
    empty = ResultStore.create(tmp_path, {"name": "made-up", "sweep_id": "s1"})
    empty.write_plan(simulate_store(tmp_path / "other", Design(num_examples=5)).plan().to_pylist())
    assert _contrasts(empty, Analysis()).empty
