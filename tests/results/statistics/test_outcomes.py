from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.predictions import PredictionColumns, join_prediction_tables, prediction_table
from results.statistics.outcomes import OutcomeReader, Outcomes, Place
from results.store import ResultStore
from tests.results.factories import label_table, plan_row, rewrite_as_version, score_row, trial_row

DE = Place("de", "clean", "")


def _read(folder: Path, table: pa.Table | None) -> dict[Place, Outcomes]:
    store = ResultStore.create(folder, {"name": "made-up", "sweep_id": "s1"})
    store.write_plan([plan_row("base", 0)])
    store.publish_trial(trial_row("base-0"), [score_row("base-0", "de", 50.0)], table)
    return _reader(store).read(["base-0"])["base-0"]


def _reader(store: ResultStore) -> OutcomeReader:
    def refuse(name: str, error: Exception) -> None:
        raise AssertionError(f"{name}: {error}")

    return OutcomeReader(store.storage, refuse)


def _units(ids: list[str], examples: list[int], outcomes: list[float], **changes: object) -> pa.Table:
    num_rows = len(examples)
    columns = {
        "trial_id": "base-0",
        "language": "de",
        "example_ids": ids,
        "examples": np.array(examples),
        "positions": np.arange(num_rows),
        "names": ["no", "yes"],
        "gold": np.ones(num_rows, np.int64),
        "predicted": np.ones(num_rows, np.int64),
        "correct": np.ones(num_rows, np.bool_),
        "outcomes": np.array(outcomes, np.float32),
    }
    return prediction_table(PredictionColumns(**columns | changes))


def test_examples_stand_in_the_order_of_their_ids_whatever_the_order_of_rows(tmp_path: Path) -> None:
    first = _read(tmp_path / "a", _units(["x", "y", "z"], [0, 1, 2], [1, 0, 0]))[DE]
    second = _read(tmp_path / "b", _units(["z", "x", "y"], [2, 1, 0], [0, 1, 0]))[DE]
    assert first.examples_hash == second.examples_hash
    np.testing.assert_array_equal(first.numerators, [1, 0, 0])
    np.testing.assert_array_equal(first.numerators, second.numerators)


def test_rows_of_languages_that_take_turns_go_each_to_their_own(tmp_path: Path) -> None:
    parts = [
        _units(["z", "x", "y"], [2, 1, 0], [0, 1, 1], language="de"),
        _units(["b", "a"], [0, 1], [0, 1], language="sw"),
    ]
    joined = join_prediction_tables(parts)
    mixed = joined.take(pa.array([0, 3, 1, 4, 2]))
    together = _read(tmp_path / "a", mixed)
    np.testing.assert_array_equal(together[DE].numerators, [1, 0, 1])  # x, y, z
    np.testing.assert_array_equal(together[Place("sw", "clean", "")].numerators, [1, 0])  # a, b
    for name, found in _read(tmp_path / "b", joined).items():
        np.testing.assert_array_equal(found.numerators, together[name].numerators)
        assert found.examples_hash == together[name].examples_hash


def test_each_language_is_right_or_wrong_or_shares_by_its_own_outcomes(tmp_path: Path) -> None:
    tables = [
        _units(["x", "y"], [0, 1], [1, 0], language="de"),
        _units(["x", "y"], [0, 1], [0.5, 0.25], language="sw"),
    ]
    found = _read(tmp_path, join_prediction_tables(tables))
    np.testing.assert_array_equal(found[DE].right, [True, False])
    assert found[Place("sw", "clean", "")].right is None
    np.testing.assert_array_equal(found[Place("sw", "clean", "")].numerators, np.array([0.5, 0.25], np.float32))


def test_trials_are_read_together_and_once(tmp_path: Path) -> None:
    store = ResultStore.create(tmp_path, {"name": "made-up", "sweep_id": "s1"})
    store.write_plan([plan_row("base", seed) for seed in range(3)])
    for seed in (0, 2):
        table = label_table(f"base-{seed}", outcomes=np.array([1, seed == 0], np.float32))
        store.publish_trial(trial_row(f"base-{seed}"), [score_row(f"base-{seed}", "de", 50.0)], table)
    reader = _reader(store)
    found = reader.read(["base-2", "base-0", "base-1"])
    assert {name: places[DE].score if places else None for name, places in found.items()} == {
        "base-2": 50.0,
        "base-0": 100.0,
        "base-1": None,
    }
    for path in (tmp_path / "predictions").iterdir():
        path.unlink()
    assert reader.read(["base-0"])["base-0"] is found["base-0"]


def test_other_examples_have_another_hash(tmp_path: Path) -> None:
    first = _read(tmp_path / "a", _units(["x", "y"], [0, 1], [1, 0]))[DE]
    second = _read(tmp_path / "b", _units(["x", "yz"], [0, 1], [1, 0]))[DE]
    assert first.examples_hash != second.examples_hash


def test_units_of_an_example_are_summed_with_their_weights(tmp_path: Path) -> None:
    table = _units(["s1", "s2"], [0, 0, 1], [2.0, 0.0, 2.0], weights=np.array([2, 1, 4], np.float32))
    found = _read(tmp_path, table)[DE]
    np.testing.assert_array_equal(found.numerators, [2, 2])
    np.testing.assert_array_equal(found.denominators, [3, 4])
    assert found.score == pytest.approx(100 * 4 / 7)
    assert found.right is None


def test_units_without_weights_count_once(tmp_path: Path) -> None:
    found = _read(tmp_path, _units(["s1", "s2"], [0, 0, 1], [1.0, 0.0, 1.0]))[DE]
    np.testing.assert_array_equal(found.denominators, [2, 1])
    assert found.score == pytest.approx(100 * 2 / 3)


def test_right_and_wrong_are_told_from_shares(tmp_path: Path) -> None:
    binary = _read(tmp_path / "a", _units(["x", "y"], [0, 1], [1, 0]))[DE]
    shares = _read(tmp_path / "b", _units(["x", "y"], [0, 1], [0.5, 0]))[DE]
    assert binary.right is not None
    assert binary.right.tolist() == [True, False]
    assert shares.right is None


def test_a_place_whose_metric_is_no_ratio_has_examples_and_no_score(tmp_path: Path) -> None:
    with_outcomes = label_table(language="sw", outcomes=np.array([1, 0], np.float32))
    found = _read(tmp_path, join_prediction_tables([label_table(language="de"), with_outcomes]))
    assert found[DE].numerators is None
    assert np.isnan(found[DE].score)
    assert found[DE].contributions() is None
    assert found[DE].num_examples == 2
    assert found[Place("sw", "clean", "")].score == 50.0


def test_nothing_to_be_counted_scores_0(tmp_path: Path) -> None:
    table = _units(["s1", "s2"], [0, 1], [0.0, 0.0], weights=np.zeros(2, np.float32))
    found = _read(tmp_path, table)[DE]
    assert found.score == 0
    np.testing.assert_array_equal(found.contributions(), [0, 0])


def _mined(ids: list[str], examples: list[int], gold: list[int], predicted: list[int]) -> pa.Table:
    """Pairs of sentences: F1 is twice the hits over what is gold plus what is mined."""
    golds, mined = np.array(gold), np.array(predicted)
    hits = (golds >= 0) & (mined >= 0)
    counts = (golds >= 0).astype(np.float32) + (mined >= 0)
    columns = {"names": ["t1", "t2", "t3"], "gold": golds, "predicted": mined, "correct": hits, "weights": counts}
    return _units(ids, examples, list(2.0 * hits), **columns)


def test_runs_that_mined_other_pairs_have_the_same_examples(tmp_path: Path) -> None:
    ids = ["a", "b", "c", "d"]
    first = _read(tmp_path / "a", _mined(ids, [0, 1, 2], [0, 1, -1], [0, -1, 2]))[DE]
    second = _read(tmp_path / "b", _mined(ids, [0, 1, 3, 3], [0, 1, -1, -1], [0, 1, 2, 0]))[DE]
    assert first.examples_hash == second.examples_hash
    assert first.num_examples == second.num_examples == 2
    assert first.score == pytest.approx(100 * 2 * 1 / (2 + 2))
    assert second.score == pytest.approx(100 * 2 * 2 / (2 + 4))


def test_conditions_and_pairs_of_languages_are_places_of_their_own(tmp_path: Path) -> None:
    outcomes = np.array([1, 1], np.float32)
    tables = [
        label_table(outcomes=outcomes),
        label_table(outcomes=outcomes, condition="noise"),
        label_table(outcomes=outcomes, condition="generalized", condition_language="sw"),
    ]
    found = _read(tmp_path, join_prediction_tables(tables))
    assert set(found) == {DE, Place("de", "noise", ""), Place("de", "generalized", "sw")}


def test_a_trial_without_predictions_has_no_outcomes(tmp_path: Path) -> None:
    assert _read(tmp_path, None) == {}


def test_files_of_an_earlier_version_are_read(tmp_path: Path) -> None:
    store = ResultStore.create(tmp_path, {"name": "made-up", "sweep_id": "s1"})
    store.write_plan([plan_row("base", 0)])
    table = label_table(outcomes=np.array([1, 0], np.float32))
    store.publish_trial(trial_row("base-0"), [score_row("base-0", "de", 50.0)], table)
    rewrite_as_version(store, 5)
    assert _reader(store).read(["base-0"])["base-0"][DE].score == 50.0


@given(
    st.lists(st.tuples(st.floats(0, 1, width=32), st.floats(0.5, 8, width=32)), min_size=2, max_size=40),
    st.integers(0, 2**32 - 1),
)
def test_contributions_sum_to_0_and_say_how_the_score_moves_when_examples_are_drawn(
    units: list[tuple[float, float]], seed: int
) -> None:
    denominators = np.array([weight for _, weight in units], np.float32)
    numerators = np.array([share for share, _ in units], np.float32) * denominators
    outcomes = Outcomes(examples_hash="x", num_examples=len(units), numerators=numerators, denominators=denominators)
    contributions = outcomes.contributions()
    assert contributions is not None
    assert abs(contributions.sum()) < 1e-3
    # The derivative of the score in the weights of the examples, by a small step.
    direction = np.random.default_rng(seed).standard_normal(len(units))
    step = 1e-6
    weights = 1 + step * direction
    moved = 100 * (weights @ numerators.astype(np.float64)) / (weights @ denominators.astype(np.float64))
    exact = 100 * numerators.sum(dtype=np.float64) / denominators.sum(dtype=np.float64)
    assert (moved - exact) / step == pytest.approx(direction @ contributions, abs=1e-2)
