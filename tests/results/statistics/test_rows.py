import json

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from results.analysis import Analysis
from results.statistics.corrections import PValues, correct_by_runs
from results.statistics.differences import PairedDifference
from results.statistics.estimation import estimate_rows
from results.statistics.families import find_family
from results.statistics.pairing import PairedRuns, Run
from results.statistics.rows import Facts, make_rows, read_facts
from results.statistics.units import Changes
from tests.results.simulated import language_row
from tests.results.statistics.drafts import TESTED, make_draft

VALUES = np.array([[60.0, 62.0, 70.0], [58.0, 61.0, 60.0]])
NO_FACTS = Facts({}, {}, {})


def _paired(num_seeds: int = 3, lost: dict[str, int] | None = None) -> PairedRuns:
    runs = tuple(
        tuple(
            Run(trial_id=f"{cell}{seed}", seed=seed, is_seeded=True, status="ok", intermediate_key=None)
            for seed in range(num_seeds)
        )
        for cell in "ab"
    )
    return PairedRuns(seeds=tuple(range(num_seeds)), runs=runs, lost=lost or {})


def _row(facts: Facts = NO_FACTS, values: np.ndarray = VALUES, **changes: object) -> dict:
    deltas = values[0] - values[1]
    own = PairedDifference(seeds=tuple(range(len(deltas))), deltas=deltas, influences={}, residual_variance=0.0)
    known = {"paired": _paired(len(deltas)), "values": values, "deltas": deltas, "difference": own}
    known |= {"logit_difference": own}
    draft = make_draft(**known | changes)  # type: ignore[arg-type]
    keys = [find_family(draft, Analysis(), TESTED)]
    numbers = estimate_rows([draft], Analysis())
    tested = PValues(p=numbers.p, p_no_loss=numbers.p_no_loss, p_equivalence=numbers.p_equivalence)
    (row,) = make_rows([draft], numbers, correct_by_runs([draft], keys, tested, 0.05), keys, facts, Analysis())
    return row


def test_descriptive_numbers_are_over_seeds() -> None:
    row, deltas = _row(), VALUES[0] - VALUES[1]
    assert row["delta"] == pytest.approx(deltas.mean())
    assert row["delta_sd"] == pytest.approx(deltas.std(ddof=1))
    assert (row["delta_median"], row["delta_min"]) == (2.0, 1.0)
    assert row["delta_iqm"] == pytest.approx(stats.trim_mean(deltas, 0.25))
    assert (row["cell_mean"], row["base_mean"]) == (pytest.approx(64), pytest.approx(VALUES[1].mean()))
    assert row["base_sd"] == pytest.approx(VALUES[1].std(ddof=1))
    assert row["prob_improvement"] == pytest.approx(np.mean(VALUES[0][:, None] > VALUES[1]) + 1 / 18)
    assert row["error_reduction"] == pytest.approx(deltas.mean() / (100 - VALUES[1].mean()))
    assert row["p_sign_flip"] == pytest.approx(2 / 8)
    assert row["p_sign_flip_min"] == pytest.approx(2 / 8)


def test_a_baseline_without_errors_leaves_nothing_to_be_reduced() -> None:
    assert _row(values=np.array([[90.0, 80.0], [100.0, 100.0]]))["error_reduction"] is None


def test_tests_of_two_checkpoints_stand_beside_seed_by_seed() -> None:
    changes = Changes(np.array([2, 0, 30]), np.array([9, 0, 10]))
    row = _row(changes=changes)
    assert (row["n01"], row["n10"]) == ([2, 0, 30], [9, 0, 10])
    assert row["p_mcnemar"][0] == pytest.approx(stats.binomtest(2, 11).pvalue)
    assert row["p_mcnemar"][2] == pytest.approx(stats.chi2.sf((20 - 1) ** 2 / 40, 1))


def test_how_an_interval_was_made_says_why_examples_are_not_resampled() -> None:
    assert _row(why_not="no predictions of some runs")["ci_method"] == (
        "t over seeds, k-1 df; test examples not resampled: no predictions of some runs"
    )


def test_rows_say_which_runs_failed_and_what_is_left_out() -> None:
    assert _row()["failed_runs"] == "none"
    lost = _row(paired=_paired(3, {"baseline oom": 1, "diverged": 2}))
    assert lost["failed_runs"] == "pairs left out: 1 baseline oom, 2 diverged"
    assert lost["k_failed"] == 3
    assert _row(reason="left out: sw")["failed_runs"] == "none; left out: sw"
    assert _row(num_unscored=2)["failed_runs"] == "none; 2 seeds left out: a run has no score"
    assert _row(num_unscored=1, runs="all")["failed_runs"].endswith("no score and no chance level to count as")


def test_what_is_known_of_trials_and_languages_is_looked_up() -> None:
    trials = pa.table(
        {
            "trial_id": ["a0", "a1", "b0", "other"],
            "bits": [1.0, 2.0, None, 9.0],
            "versions": ['{"torch": "1", "ray": "2"}', '{"torch": "1"}', '{"torch": "3"}', '{"torch": "9"}'],
        }
    )
    languages = pa.Table.from_pylist([language_row("sw")])
    row = _row(read_facts(languages, trials), unit="language", language="sw")
    assert row["bits"] == 1.5
    assert json.loads(row["code_versions"]) == {"torch": ["1", "3"], "ray": "2"}
    assert (row["corpus_size"], row["resource_band"]) == (1.6, "low")


def test_the_margin_and_the_verdict_are_those_of_the_analysis() -> None:
    row = _row()
    assert row["equivalence_margin"] == 0.5
    assert row["verdict"] == "undecided"
    assert (row["family"], row["family_size"], row["adjustment"]) == ("primary", 1, "holm")
