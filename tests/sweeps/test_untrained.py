"""Sweeps whose target trains nothing: one trial a cell, and every seed where a stage before it is trained."""

from pathlib import Path
from typing import Any

import pytest

from results.store import ResultStore
from search_spaces.space import SearchSpace
from sweeps.cli.plan_text import print_plan
from sweeps.cli.summary import summarise_plan
from sweeps.planning.plan import plan_sweep
from tests.factories import build_encoder, write_pair_folder
from tests.sweeps.factories import make_space, row_times, run_inline, silent_console, text_of
from tests.xlt_core.test_plan_frozen import EMBEDDING, write_translations

NUM_SEEDS = 3


@pytest.fixture
def base(tmp_path: Path) -> dict[str, Any]:
    """Tatoeba in two languages under a small encoder."""
    build_encoder().save(tmp_path / "encoder")
    write_translations(tmp_path / "tatoeba")
    write_pair_folder(tmp_path / "pairs")
    return {
        "encoder": str(tmp_path / "encoder"),
        "target": {"task": "tatoeba", "data": str(tmp_path / "tatoeba")},
        "optim": {"num_steps": 4, "batch_size": 8, "learning_rate": 1.0e-3},
        "evaluation": {"embedding": EMBEDDING, "languages": ["de", "sw"]},
    }


def _compare_layers(base: dict[str, Any]) -> SearchSpace:
    axes = {"evaluation.embedding.layer": [0, 1, 2]}
    return make_space(base=base, axes=axes, baseline={"evaluation.embedding.layer": 1}, seeds=NUM_SEEDS)


def _compare_intermediate(base: dict[str, Any], tmp_path: Path) -> SearchSpace:
    trained = {"task": "pawsx", "data": str(tmp_path / "pairs")}
    axes = {"intermediate": ["none", trained]}
    return make_space(base=base, axes=axes, baseline={"intermediate": "none"}, seeds=NUM_SEEDS)


def test_seeds_of_an_encoder_as_it_is_are_one_trial(base: dict[str, Any], tmp_path: Path) -> None:
    space = _compare_layers(base)
    console = silent_console()
    print_plan(summarise_plan(space, None), console)
    assert "3 trials: 3 cells, 3 seeds of each that trains anything, 3 to be run" in text_of(console)
    outcome = run_inline(space, tmp_path / "out")
    assert (outcome.num_run, outcome.exit_status, outcome.counts) == (3, 0, {"ok": 3})
    before = row_times(tmp_path / "out")
    more = run_inline(space.model_copy(update={"seeds": 9}), tmp_path / "out")
    assert (more.num_run, row_times(tmp_path / "out")) == (0, before)


def test_its_rows_have_no_training_and_its_deltas_one_pair_without_an_interval(
    base: dict[str, Any], tmp_path: Path
) -> None:
    store = run_inline(_compare_layers(base), tmp_path / "out").store
    assert {(row["num_steps"], row["final_train_loss"], row["seed"]) for row in store.trials().to_pylist()} == {
        (0, None, 0)
    }
    assert not any(store.plan()["is_seeded"].to_pylist())
    deltas = store.deltas().to_pylist()
    assert {row["language"] for row in deltas} == {"macro", "de", "sw"}
    assert {row["cell"] for row in deltas} == {"layer 0", "layer 2"}
    assert {(row["k"], row["k_failed"], row["ci_low"], row["delta_sd"]) for row in deltas} == {(1, 0, None, None)}
    predictions = store.predictions()
    assert predictions.num_rows == 3 * 2 * 12
    assert predictions["outcome"].null_count == 0


def test_after_a_trained_stage_every_seed_is_compared_with_the_encoder_as_it_is(
    base: dict[str, Any], tmp_path: Path
) -> None:
    space = _compare_intermediate(base, tmp_path)
    assert len(plan_sweep(space).trials) == 1 + NUM_SEEDS
    outcome = run_inline(space, tmp_path / "out")
    assert (outcome.num_run, outcome.exit_status) == (1 + NUM_SEEDS, 0)
    store = ResultStore.open(tmp_path / "out")
    rows = store.plan().to_pylist()
    assert [(row["is_baseline"], row["seed"], row["is_seeded"]) for row in rows] == [
        (True, 0, False),
        *((False, seed, True) for seed in range(NUM_SEEDS)),
    ]
    scores = {row["trial_id"]: row["value"] for row in store.scores().to_pylist() if row["language"] == "de"}
    plain, *trained = (scores[row["trial_id"]] for row in rows)
    (delta,) = (row for row in store.deltas().to_pylist() if row["language"] == "de")
    assert (delta["k"], delta["seeds"], delta["failures"]) == (NUM_SEEDS, [0, 1, 2], "{}")
    assert delta["delta"] == pytest.approx(sum(trained) / NUM_SEEDS - plain)
    assert delta["base_sd"] == 0.0
