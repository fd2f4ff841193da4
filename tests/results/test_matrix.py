import io
from pathlib import Path
from statistics import mean

import pandas as pd
import pytest
from rich.console import Console

from results.matrix import pair_means, print_matrices
from results.means import compute_means
from results.snapshot import Snapshot
from tests.results.factories import LANGUAGES, generalized_sweep, pair_rows, small_sweep, trial_row, write_store


def _printed(snapshot: Snapshot, frame: pd.DataFrame, width: int = 120) -> list[str]:
    """Lines with one space between their words."""
    file = io.StringIO()
    print_matrices(snapshot, frame, Console(file=file, width=width))
    return [" ".join(line.split()) for line in file.getvalue().splitlines()]


def _scores(snapshot: Snapshot) -> pd.DataFrame:
    return pair_means(compute_means(snapshot.results)).to_pandas()


def _deltas(snapshot: Snapshot) -> pd.DataFrame:
    deltas = snapshot.deltas.to_pandas()
    return deltas[deltas["condition_language"].notna()]


def test_rows_are_first_sentences_and_columns_second_ones(tmp_path: Path) -> None:
    snapshot = generalized_sweep(tmp_path).snapshot()
    lines = _printed(snapshot, _scores(snapshot))
    assert lines[0] == "cell base (baseline): xnli, accuracy, last, generalized"
    assert lines[1] == "1st \\ 2nd en de sw"
    assert lines[3:6] == ["en 10.5 11.5 12.5", "de 20.5 21.5 22.5", "sw 30.5 31.5 32.5"]
    assert lines[7] == "k 2; all ordered pairs 21.5 ±0.7; without the diagonal 21.5 ±0.7"
    assert lines[9] == "cell strong: xnli, accuracy, last, generalized"
    assert lines[12:15] == ["en 11.5 9.5 10.5", "de 18.5 22.5 20.5", "sw 28.5 29.5 33.5"]


def test_deltas_have_their_marks_and_means_their_intervals(tmp_path: Path) -> None:
    snapshot = generalized_sweep(tmp_path).snapshot()
    lines = _printed(snapshot, _deltas(snapshot))
    assert lines[0] == "cell strong: xnli, accuracy, last, generalized"
    assert lines[3:6] == ["en +1.0* -2.0* -2.0*", "de -2.0* +1.0* -2.0*", "sw -2.0* -2.0* +1.0*"]
    assert lines[7] == "k 2; all ordered pairs -1.0* ±0.0; without the diagonal -2.0* ±0.0"
    assert "*: the interval excludes 0." in " ".join(lines)


@pytest.mark.parametrize("width", [24, 200])
def test_a_matrix_is_never_turned(tmp_path: Path, width: int) -> None:
    snapshot = generalized_sweep(tmp_path).snapshot()
    lines = _printed(snapshot, _scores(snapshot), width)
    assert [line.split()[1] for line in lines if line.startswith("sw ")][:1] == ["30.5"]
    assert not any(line.startswith("en 10.5 20.5") for line in lines)


def test_programs_get_a_row_a_cell_and_pair_and_the_means(tmp_path: Path) -> None:
    table = pair_means(compute_means(generalized_sweep(tmp_path).snapshot().results))
    rows = table.to_pylist()
    assert [(row["cell_id"], row["language"]) for row in rows[:2]] == [("base", "macro")] * 2
    assert [row["condition_language"] for row in rows[:2]] == ["all", "off-diagonal"]
    pairs = [(row["language"], row["condition_language"]) for row in rows[2:11]]
    assert pairs == [(first, second) for first in sorted(LANGUAGES) for second in sorted(LANGUAGES)]
    assert mean(row["mean"] for row in rows[2:11]) == pytest.approx(rows[0]["mean"])
    assert len(rows) == 22


def test_the_number_of_examples_is_said_and_why_it_differs_between_pairs(tmp_path: Path) -> None:
    store = generalized_sweep(tmp_path)
    for frame in (_scores(store.snapshot()), _deltas(store.snapshot())):
        assert "columns: of the second. 100 examples a pair." in " ".join(_printed(store.snapshot(), frame))
    for trial_id in ("base-0", "strong-0"):
        rows = pair_rows(trial_id, {("en", "en"): 50.0}) + pair_rows(trial_id, {("en", "de"): 40.0}, num_examples=1968)
        rows[0]["num_examples"] = 2000
        store.publish_trial(trial_row(trial_id), rows)
    expected = "1,968 to 2,000 examples a pair: those that both languages have, with the same label."
    frame = _scores(store.snapshot())
    frame = frame[frame["num_examples"] > 1000]
    assert expected in " ".join(_printed(store.snapshot(), frame))


def test_degenerate_trials_are_pointed_to_where_nothing_is_shown(tmp_path: Path) -> None:
    store = generalized_sweep(tmp_path)
    for trial_id in ("base-0", "base-1", "strong-0", "strong-1"):
        store.publish_trial(trial_row(trial_id, "degenerate"), pair_rows(trial_id, {("en", "de"): 50.0}))
    lines = _printed(store.snapshot(), _scores(store.snapshot()))
    assert lines[0].startswith("No scores of pairs of languages")
    assert "--include degenerate counts them" in lines[1]


def test_a_sweep_without_pairs_says_what_they_need(tmp_path: Path) -> None:
    snapshot = write_store(tmp_path, small_sweep()).snapshot()
    assert _printed(snapshot, _scores(snapshot))[0].startswith("No scores of pairs of languages: they need finished")
    assert _printed(snapshot, _deltas(snapshot))[0].startswith("No deltas of pairs of languages: they need finished")
