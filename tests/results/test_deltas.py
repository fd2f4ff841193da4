import json
import math
from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import ttest_rel
from statsmodels.stats.power import TTestPower

from results.deltas import compute_deltas
from results.schema import CELL_COLUMNS, DELTAS, PENDING, PLAN, SCORES, make_table
from tests.results.factories import Run, make_tables, pair_rows, plan_row, score_row, small_sweep

CELLS = ("base", "a", "b")
LANGUAGES = ("en", "de", "sw", "tr")


@st.composite
def sweeps(draw: st.DrawFn) -> list[Run]:
    """Up to three cells by up to four seeds, with failed and unfinished runs and languages without a score."""
    statuses = st.sampled_from(["ok", "ok", "ok", "ok", "degenerate", "stopped_early", "diverged", "oom", PENDING])
    values = st.none() | st.integers(0, 1000).map(lambda number: number / 10)
    runs = []
    for cell in CELLS[: draw(st.integers(1, 3))]:
        for seed in range(draw(st.integers(1, 4))):
            languages = draw(st.sets(st.sampled_from(LANGUAGES)))
            scores = {language: draw(values) for language in sorted(languages)}
            runs.append(Run(cell, seed, scores, status=draw(statuses)))
    return runs


def recompute(runs: Sequence[Run], counted: tuple[str, ...]) -> dict[tuple[str, str], dict[str, Any]]:
    """The definition, in plain Python, one cell and language at a time."""
    by_place = {(run.cell, run.seed): run for run in runs}
    expected: dict[tuple[str, str], dict[str, Any]] = {}
    for cell in {run.cell for run in runs} - {"base"}:
        pairs = [(run, by_place.get(("base", run.seed))) for run in runs if run.cell == cell]
        pairs.sort(key=lambda pair: pair[0].seed)
        failures: dict[str, int] = {}
        good = []
        for own, base in pairs:
            base_status = base.status if base else "not planned"
            if own.status not in (*counted, PENDING):
                failures[own.status] = failures.get(own.status, 0) + 1
            elif base_status not in (*counted, PENDING):
                failures[f"baseline {base_status}"] = failures.get(f"baseline {base_status}", 0) + 1
            elif PENDING not in (own.status, base_status):
                assert base is not None
                good.append((own, base))
        seen = {
            language
            for own, base in pairs
            for run in (own, base)
            if run is not None and run.status != PENDING
            for language in run.values
        }
        for language in seen | ({"macro"} if seen - {"en"} else set()):
            found = {}
            for own, base in good:
                both = [
                    name
                    for name in sorted(LANGUAGES)
                    if own.values.get(name) is not None and base.values.get(name) is not None
                ]
                names = [name for name in both if name != "en"] if language == "macro" else [language]
                if names and set(names) <= set(both):
                    found[own.seed] = (
                        mean(own.values[name] or 0.0 for name in names),
                        mean(base.values[name] or 0.0 for name in names),
                    )
            unscored = len(good) - len(found)
            lost = failures | ({"unscored": unscored} if unscored else {})
            if found or lost:
                expected[cell, language] = {"pairs": found, "lost": lost, "k_failed": sum(failures.values())}
    return expected


@settings(max_examples=60, deadline=None)
@given(runs=sweeps(), include=st.lists(st.sampled_from(["degenerate", "stopped_early"]), unique=True))
def test_deltas_agree_with_the_definition_and_with_scipy(runs: list[Run], include: list[str]) -> None:
    table = compute_deltas(*make_tables(runs), include=include)
    expected = recompute(runs, ("ok", *include))
    found = {(row["cell_id"], row["language"]): row for row in table.to_pylist()}
    assert len(found) == table.num_rows
    assert found.keys() == expected.keys()
    for key, row in found.items():
        pairs: dict[int, tuple[float, float]] = expected[key]["pairs"]
        assert row["seeds"] == sorted(pairs)
        assert row["k"] == len(pairs)
        assert row["k_failed"] == expected[key]["k_failed"]
        assert json.loads(row["failures"]) == expected[key]["lost"]
        check_statistics(row, [own for own, _ in pairs.values()], [base for _, base in pairs.values()])
        check_scales(row)


def check_statistics(row: dict[str, Any], own: list[float], base: list[float]) -> None:
    """Compare one row with `statistics` and `scipy.stats.ttest_rel`."""
    differences = [first - second for first, second in zip(own, base, strict=True)]
    for column, values in (("cell", own), ("base", base), ("delta", differences)):
        expected_mean = mean(values) if values else None
        expected_sd = stdev(values) if len(values) > 1 else None
        name = "delta" if column == "delta" else f"{column}_mean"
        assert row[name] == (None if expected_mean is None else pytest.approx(expected_mean, abs=1e-9))
        assert row[f"{column}_sd"] == (None if expected_sd is None else pytest.approx(expected_sd, abs=1e-9))
    if len(own) < 2:
        assert (row["ci_low"], row["ci_high"], row["ci_method"]) == (None, None, None)
        return
    assert row["ci_method"] == "t over seeds, k-1 df, 95 %"
    if math.isclose(stdev(differences), 0.0, abs_tol=1e-9):
        assert row["ci_high"] - row["ci_low"] == pytest.approx(0.0, abs=1e-6)
        return
    interval = ttest_rel(own, base).confidence_interval(0.95)
    assert row["ci_low"] == pytest.approx(interval.low, rel=1e-9, abs=1e-7)
    assert row["ci_high"] == pytest.approx(interval.high, rel=1e-9, abs=1e-7)


def check_scales(row: dict[str, Any]) -> None:
    """Compare a row's other scales with their definitions: an odds ratio, and errors that are gone per error."""
    own, base = row["cell_mean"], row["base_mean"]
    if own is None or not 0 < own < 100 or not 0 < base < 100:
        assert row["delta_logit"] is None
    else:
        odds_ratio = own * (100 - base) / ((100 - own) * base)
        assert math.exp(row["delta_logit"]) == pytest.approx(odds_ratio, rel=1e-9)
    if own is None or base == 100:
        assert row["error_reduction"] is None
    else:
        assert row["error_reduction"] == pytest.approx(1 - (100 - own) / (100 - base), abs=1e-9)


@pytest.mark.parametrize("k", [2, 3, 5, 10])
def test_a_true_delta_of_the_smallest_detectable_size_is_found_in_four_of_five_tries(k: int) -> None:
    values = np.random.default_rng(k).normal(50.0, 2.0, (2, k))
    runs = [Run(cell, seed, {"de": value}) for cell, row in zip(CELLS, values, strict=False)
            for seed, value in enumerate(row.tolist())]  # fmt: skip
    row = compute_deltas(*make_tables(runs)).to_pylist()[0]
    power = TTestPower().power(row["mde"] / row["delta_sd"], nobs=k, alpha=0.025, alternative="larger")
    assert power == pytest.approx(0.8, abs=1e-3)


def test_one_seed_detects_nothing_and_equal_seeds_detect_everything() -> None:
    runs = [Run(cell, seed, {"de": 50.0}) for cell in ("base", "a") for seed in (0, 1)]
    assert {row["mde"] for row in compute_deltas(*make_tables(runs)).to_pylist()} == {0.0}
    runs = [Run(cell, 0, {"de": 50.0}) for cell in ("base", "a")]
    assert {row["mde"] for row in compute_deltas(*make_tables(runs)).to_pylist()} == {None}


@settings(max_examples=15, deadline=None)
@given(runs=sweeps(), data=st.data())
def test_the_order_of_rows_changes_no_number(runs: list[Run], data: st.DataObject) -> None:
    plan, trials, scores = make_tables(runs)

    def shuffled(table: pa.Table) -> pa.Table:
        return table.take(pa.array(data.draw(st.permutations(range(table.num_rows))), pa.int64()))

    def by_key(table: pa.Table) -> list[dict[str, Any]]:
        return sorted(table.to_pylist(), key=lambda row: (row["cell_id"], row["language"]))

    assert by_key(compute_deltas(shuffled(plan), shuffled(trials), shuffled(scores))) == by_key(
        compute_deltas(plan, trials, scores)
    )


@settings(max_examples=15, deadline=None)
@given(runs=sweeps())
def test_exchanging_cell_and_baseline_turns_the_sign(runs: list[Run]) -> None:
    kept = [run for run in runs if run.cell != "b"]
    names = {"base": "a", "a": "base"}
    exchanged = [Run(names[run.cell], run.seed, run.values, run.status) for run in kept]

    def deltas(of: list[Run]) -> dict[str, list[Any]]:
        rows = compute_deltas(*make_tables(of)).to_pylist()
        return {row["language"]: [row["delta"], row["ci_low"], row["ci_high"]] for row in rows if row["k"]}

    def negated(value: float | None) -> Any:
        return None if value is None else pytest.approx(-value, abs=1e-9)

    there, back = deltas(kept), deltas(exchanged)
    assert there.keys() == back.keys()
    for language, (delta, low, high) in there.items():
        assert back[language] == [negated(delta), negated(high), negated(low)]


def test_a_baseline_is_not_compared_with_itself() -> None:
    runs = [run for run in small_sweep() if run.cell == "base"]
    table = compute_deltas(*make_tables(runs))
    assert table.num_rows == 0
    assert table.schema.equals(DELTAS)


def test_an_empty_store_has_no_deltas() -> None:
    table = compute_deltas(*make_tables([]))
    assert table.num_rows == 0
    assert table.schema.equals(DELTAS)


def test_seeds_are_paired_by_number_and_never_by_place() -> None:
    runs = [Run("base", 7, {"en": 50.0}), Run("base", 3, {"en": 10.0}), Run("a", 3, {"en": 11.0})]
    row = compute_deltas(*make_tables(runs)).to_pylist()[0]
    assert (row["delta"], row["seeds"], row["base_mean"]) == (1.0, [3], 10.0)


def test_a_cell_whose_every_run_failed_is_still_a_row() -> None:
    runs = [Run("base", seed, {"en": 50.0, "de": 40.0}) for seed in (0, 1)]
    runs += [Run("a", 0, {}, status="diverged"), Run("a", 1, {}, status="oom")]
    rows = compute_deltas(*make_tables(runs)).to_pylist()
    assert [row["language"] for row in rows] == ["macro", "de", "en"]
    assert {(row["k"], row["k_failed"], row["delta"], row["failures"]) for row in rows} == {
        (0, 2, None, '{"diverged": 1, "oom": 1}')
    }


def test_rows_say_what_the_cell_is_and_come_in_the_order_of_the_plan() -> None:
    table = compute_deltas(*make_tables(small_sweep()))
    rows = table.to_pylist()
    assert [row["cell_id"] for row in rows] == ["strong"] * 5 + ["weak"] * 5
    assert [row["language"] for row in rows[:5]] == ["macro", "de", "en", "sw", "tr"]
    planned = plan_row("strong")
    assert {name: rows[0][name] for name in CELL_COLUMNS} == {name: planned[name] for name in CELL_COLUMNS}
    assert [row["num_examples"] for row in rows[:5]] == [200, 100, 100, 100, 0]
    assert json.loads(rows[4]["failures"]) == {"unscored": 2}


PAIRS = tuple((first, second) for first in ("en", "de", "sw") for second in ("en", "de", "sw"))
PAIR_SCORES = st.dictionaries(st.sampled_from(PAIRS), st.none() | st.integers(0, 100).map(float))


@settings(max_examples=40, deadline=None)
@given(scores=st.lists(st.tuples(PAIR_SCORES, PAIR_SCORES), min_size=1, max_size=4))
def test_means_over_pairs_of_languages_agree_with_the_definition_and_with_scipy(
    scores: list[tuple[dict[tuple[str, str], float | None], dict[tuple[str, str], float | None]]],
) -> None:
    """Every ordered pair counts, those of the source language too; per seed first, over pairs that both runs have."""
    seeds = range(len(scores))
    plan = make_table([plan_row(cell, seed) for cell in ("base", "a") for seed in seeds], PLAN)
    trials = pa.table({"trial_id": plan["trial_id"], "status": ["ok"] * plan.num_rows})
    rows = [pair_rows(f"base-{seed}", base) + pair_rows(f"a-{seed}", own) for seed, (base, own) in enumerate(scores)]
    table = compute_deltas(plan, trials, make_table([row for part in rows for row in part], SCORES)).to_pylist()
    found = {row["condition_language"]: row for row in table if row["language"] == "macro"}
    for name, kept in (("all", PAIRS), ("off-diagonal", [pair for pair in PAIRS if pair[0] != pair[1]])):
        own_means, base_means = [], []
        for base, own in scores:
            both = [pair for pair in kept if own.get(pair) is not None and base.get(pair) is not None]
            if both:
                own_means.append(mean(own[pair] or 0.0 for pair in both))
                base_means.append(mean(base[pair] or 0.0 for pair in both))
        if name in found:
            assert found[name]["k"] == len(own_means)
            check_statistics(found[name], own_means, base_means)
        else:
            assert not own_means
    assert {row["condition_language"] for row in table if row["language"] != "macro"} <= {"en", "de", "sw"}


def test_rows_of_pairs_stand_in_order_behind_their_means() -> None:
    plan = make_table([plan_row("base"), plan_row("a")], PLAN)
    trials = pa.table({"trial_id": plan["trial_id"], "status": ["ok", "ok"]})
    values = dict.fromkeys((pair for pair in PAIRS if "sw" not in pair), 50.0)
    rows = [*pair_rows("base-0", values), *pair_rows("a-0", values)]
    table = compute_deltas(plan, trials, make_table(rows, SCORES)).to_pylist()
    assert [(row["language"], row["condition_language"], row["num_examples"]) for row in table] == [
        ("macro", "all", 400),
        ("macro", "off-diagonal", 200),
        ("de", "de", 100),
        ("de", "en", 100),
        ("en", "de", 100),
        ("en", "en", 100),
    ]


def test_metrics_selections_and_conditions_are_never_mixed() -> None:
    plan = make_table([plan_row("base"), plan_row("a")], PLAN)
    trials = pa.table({"trial_id": plan["trial_id"], "status": ["ok", "ok"]})
    kinds: list[dict[str, Any]] = [
        {},
        {"metric": "f1"},
        {"selection": "averaged"},
        {"condition": "generalized", "condition_language": "sw"},
        {"condition": "generalized", "condition_language": "tr"},
    ]
    rows = [
        score_row(f"{cell}-0", "de", 10.0 + place * shift, **kind)
        for cell, shift in (("base", 0.0), ("a", 1.0))
        for place, kind in enumerate(kinds)
    ]
    deltas = compute_deltas(plan, trials, make_table(rows, SCORES)).to_pylist()
    found = {
        (row["metric"], row["selection"], row["condition"], row["condition_language"]): row["delta"]
        for row in deltas
        if row["language"] == "de"
    }
    assert found == {
        ("accuracy", "last", "clean", None): 0.0,
        ("f1", "last", "clean", None): 1.0,
        ("accuracy", "averaged", "clean", None): 2.0,
        ("accuracy", "last", "generalized", "sw"): 3.0,
        ("accuracy", "last", "generalized", "tr"): 4.0,
    }


def _rows_of(deltas: pa.Table, language: str) -> list[dict[str, Any]]:
    return [row for row in deltas.to_pylist() if row["language"] == language]


def _tables_with_one_run_of(unseeded: set[str], runs: Sequence[Run]) -> tuple[pa.Table, pa.Table, pa.Table]:
    """As `make_tables`; nothing is random in the cells `unseeded`."""
    _, trials, scores = make_tables(runs)
    plan = make_table([plan_row(run.cell, run.seed, is_seeded=run.cell not in unseeded) for run in runs], PLAN)
    return plan, trials, scores


def test_a_baseline_without_a_seed_is_compared_with_every_seed_of_a_cell() -> None:
    runs = [Run("base", 0, {"de": 50.0})] + [Run("trained", seed, {"de": 60.0 + seed**2}) for seed in range(4)]
    (delta,) = _rows_of(compute_deltas(*_tables_with_one_run_of({"base"}, runs)), "de")
    values = np.array([10.0, 11.0, 14.0, 19.0])
    low, high = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    assert (delta["k"], delta["seeds"], delta["k_failed"], delta["failures"]) == (4, [0, 1, 2, 3], 0, "{}")
    assert (delta["base_mean"], delta["base_sd"], delta["delta"]) == (50.0, 0.0, values.mean())
    assert (delta["ci_low"], delta["ci_high"]) == pytest.approx((low, high))


def test_a_cell_without_a_seed_is_compared_with_every_seed_of_its_baseline() -> None:
    runs = [Run("base", seed, {"de": 60.0 + seed}) for seed in range(3)] + [Run("as it is", 0, {"de": 50.0})]
    (delta,) = _rows_of(compute_deltas(*_tables_with_one_run_of({"as it is"}, runs)), "de")
    assert (delta["k"], delta["seeds"], delta["delta"], delta["delta_sd"]) == (3, [0, 1, 2], -11.0, 1.0)


def test_two_cells_without_a_seed_are_one_pair_however_many_seeds_others_have() -> None:
    runs = [Run("base", 0, {"de": 50.0}), Run("other", 0, {"de": 53.0})]
    runs += [Run("trained", seed, {"de": 60.0 + seed}) for seed in range(3)]
    deltas = {
        row["cell_id"]: row for row in _rows_of(compute_deltas(*_tables_with_one_run_of({"base", "other"}, runs)), "de")
    }
    assert (deltas["other"]["k"], deltas["other"]["delta"], deltas["other"]["ci_low"]) == (1, 3.0, None)
    assert deltas["trained"]["k"] == 3


def test_failures_are_counted_by_seed_where_the_baseline_has_none() -> None:
    trained = [Run("trained", 0, {"de": 60.0}), Run("trained", 1, {}, "diverged"), Run("trained", 2, {}, PENDING)]
    (delta,) = _rows_of(
        compute_deltas(*_tables_with_one_run_of({"base"}, [Run("base", 0, {"de": 50.0}), *trained])), "de"
    )
    assert (delta["k"], delta["k_failed"], delta["failures"]) == (1, 1, '{"diverged": 1}')
