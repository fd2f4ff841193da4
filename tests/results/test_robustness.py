from statistics import mean, stdev

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from results.robustness import compute_robustness
from results.schema import PLAN, SCORES, make_table
from tests.results.factories import pair_rows, plan_row, score_row

LANGUAGES = ("en", "de", "sw")
VALUES = st.dictionaries(st.sampled_from(LANGUAGES), st.none() | st.integers(0, 100).map(float))
Scores = dict[str, float | None]


def _tables(runs: list[tuple[Scores, Scores]]) -> tuple[pa.Table, pa.Table, pa.Table]:
    """One cell, a seed a run, each with clean scores and scores under noise."""
    plan = make_table([plan_row("a", seed) for seed in range(len(runs))], PLAN)
    trials = pa.table({"trial_id": plan["trial_id"], "status": ["ok"] * plan.num_rows})
    rows = [
        score_row(f"a-{seed}", language, value, condition=condition)
        for seed, run in enumerate(runs)
        for condition, scores in zip(("clean", "noise:gaussian:0.3"), run, strict=True)
        for language, value in scores.items()
    ]
    return plan, trials, make_table(rows, SCORES)


@settings(max_examples=40, deadline=None)
@given(runs=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=4))
def test_changes_are_paired_by_run_and_agree_with_scipy(runs: list[tuple[Scores, Scores]]) -> None:
    found = {row["language"]: row for row in compute_robustness(*_tables(runs)).to_pylist()}
    expected: dict[str, list[float]] = {}
    for clean, noisy in runs:
        both = {
            language: noisy[language] - clean[language]  # type: ignore[operator]
            for language in LANGUAGES
            if clean.get(language) is not None and noisy.get(language) is not None
        }
        if others := [change for language, change in both.items() if language != "en"]:
            both["macro"] = mean(others)
        for language, change in both.items():
            expected.setdefault(language, []).append(change)
    assert found.keys() == expected.keys()
    for language, changes in expected.items():
        row = found[language]
        assert row["condition"] == "noise:gaussian:0.3"
        assert (row["k"], row["delta"]) == (len(changes), pytest.approx(mean(changes), abs=1e-9))
        assert row["cell_mean"] - row["base_mean"] == pytest.approx(row["delta"], abs=1e-9)
        if len(changes) > 1 and stdev(changes) > 1e-9:
            interval = ttest_1samp(changes, 0.0).confidence_interval(0.95)
            assert row["ci_low"] == pytest.approx(interval.low, abs=1e-7)
            assert row["ci_high"] == pytest.approx(interval.high, abs=1e-7)


def test_every_cell_is_compared_with_itself_in_the_order_of_the_plan() -> None:
    plan = make_table([plan_row("base"), plan_row("a"), plan_row("b")], PLAN)
    trials = pa.table({"trial_id": plan["trial_id"], "status": ["ok", "ok", "degenerate"]})
    rows = [
        score_row(f"{cell}-0", "de", clean - lost, condition=condition)
        for cell, clean in (("a", 60.0), ("b", 50.0), ("base", 70.0))
        for condition, lost in (("typos:0.1", 5.0), ("clean", 0.0))
    ]
    tables = plan, trials, make_table(rows, SCORES)
    for include, cells in (((), ["base", "a"]), (("degenerate",), ["base", "a", "b"])):
        found = compute_robustness(*tables, include=include).to_pylist()
        assert [(row["cell_id"], row["language"], row["delta"]) for row in found] == [
            (cell, language, -5.0) for cell in cells for language in ("macro", "de")
        ]


def test_pairs_of_languages_have_no_clean_score_of_their_own() -> None:
    plan = make_table([plan_row("a")], PLAN)
    trials = pa.table({"trial_id": plan["trial_id"], "status": ["ok"]})
    rows = [score_row("a-0", "de", 60.0), *pair_rows("a-0", {("de", "de"): 50.0, ("de", "sw"): 40.0})]
    assert compute_robustness(plan, trials, make_table(rows, SCORES)).num_rows == 0


def test_no_scores_are_no_rows() -> None:
    assert compute_robustness(*_tables([({}, {})])).num_rows == 0
