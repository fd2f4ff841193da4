import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from results.errors import FormatError, NotASweepError, QueryError
from results.views import (
    Choice,
    show_deltas,
    show_failures,
    show_matrix,
    show_robustness,
    show_scores,
    show_trials,
)
from tests.results.factories import Run, generalized_sweep, score_row, small_sweep, trial_row, write_store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_store(tmp_path / "store", small_sweep()).folder


def test_deltas_for_programs_are_the_rows_of_the_store(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_deltas(folder, Choice(language="sw,macro", where="delta < 0"), "json")
    rows = json.loads(capsys.readouterr().out)
    assert [(row["cell_id"], row["language"], row["delta"]) for row in rows] == [
        ("strong", "macro", -5.875),
        ("strong", "sw", -7.75),
    ]


def test_scores_for_programs_have_one_row_a_trial_and_language(folder: Path, tmp_path: Path) -> None:
    show_scores(folder, Choice(language="de", where="status = 'ok'"), output=tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    assert table["value"].to_pylist() == [80.0, 81.0, 76.0, 77.0, 82.0]
    assert table["cell"].to_pylist()[0] == "cell base"


def test_languages_chosen_for_the_table_do_not_change_the_macro_mean(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_scores(folder, Choice(language="de,macro"))
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("cell strong"))
    assert line.split()[2:] == ["2", "64.9", "±1.2", "76.5", "±0.7"]


def test_no_macro_mean_is_shown_over_the_languages_a_condition_happened_to_leave(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_scores(folder, Choice(where="language <> 'sw'"))
    assert "macro  " not in capsys.readouterr().out
    show_scores(folder, Choice(where="seed = 1"))
    assert "macro  " in capsys.readouterr().out


def test_a_condition_on_conditions_keeps_the_macro_mean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = generalized_sweep(tmp_path).folder
    show_scores(folder, Choice(where="condition = 'generalized'"))
    text = capsys.readouterr().out
    assert "all pairs  off-diagonal\n" in text
    assert "last, clean" not in text
    show_scores(folder, Choice(where="condition_language is null or language <> condition_language"))
    text = capsys.readouterr().out
    assert "macro  " not in text
    assert "all pairs" not in text


def test_conditions_are_chosen_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = generalized_sweep(tmp_path).folder
    for show in (show_scores, show_deltas):
        show(folder, Choice(condition="clean"), "json")
        assert {row["condition"] for row in json.loads(capsys.readouterr().out)} == {"clean"}
        show(folder, Choice(condition="clean, generalized"), "json")
        assert {row["condition"] for row in json.loads(capsys.readouterr().out)} == {"clean", "generalized"}
        with pytest.raises(QueryError, match="no condition 'noise' in these results; there are: clean, generalized"):
            show(folder, Choice(condition="noise"))


def test_changes_from_clean_scores_are_shown_by_condition(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = write_store(tmp_path, [Run("base", seed, {}) for seed in (0, 1)])
    for seed in (0, 1):
        rows = [score_row(f"base-{seed}", language, 60.0 + seed) for language in ("en", "de", "sw")]
        rows += [
            row | {"condition": condition, "value": row["value"] - lost - seed}
            for row in rows
            for condition, lost in (("oracle:pgd:0.1", 30.0), ("typos:0.1", 4.0))
        ]
        store.publish_trial(trial_row(f"base-{seed}"), rows)
    show_robustness(tmp_path, Choice(language="macro,de", condition="oracle:pgd:0.1"))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[:2] == ["Change from clean scores: xnli, accuracy, last, oracle:pgd:0.1", "cell k mean macro de"]
    assert lines[3] == "cell base 2 30.0 ±0.0 -30.5* ±6.4 -30.5* ±6.4"
    assert any(line.startswith("oracle: the attack saw the gold labels") for line in lines)
    show_robustness(tmp_path, Choice(where="condition = 'typos:0.1' AND language = 'de'"), "json")
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["base_mean"], row["cell_mean"], row["delta"]) == (60.5, 56.0, -4.5)


def test_a_matrix_is_of_the_cells_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = generalized_sweep(tmp_path).folder
    for cell in ("strong", "cell strong"):
        show_matrix(folder, Choice(), cell=cell, deltas=False, form="json")
        rows = json.loads(capsys.readouterr().out)
        assert [row["cell_id"] for row in rows] == ["strong"] * 11
    show_matrix(folder, Choice(metric="accuracy"), cell=None, deltas=True, form="json")
    rows = json.loads(capsys.readouterr().out)
    assert {(row["language"], row["delta"]) for row in rows if row["language"] == row["condition_language"]} == {
        ("en", 1.0),
        ("de", 1.0),
        ("sw", 1.0),
    }
    show_matrix(folder, Choice(), cell=None, deltas=True)
    assert "cell strong: xnli" in capsys.readouterr().out
    with pytest.raises(QueryError, match=r"no cell 'weak' with .* there are: cell base; cell strong"):
        show_matrix(folder, Choice(), cell="weak", deltas=False)


def test_failures_are_pooled_and_filtered_as_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_failures(folder, "method, method", "seed = 0", "json")
    rows = json.loads(capsys.readouterr().out)
    assert [(row["method"], row["num_finished"], row["share_failed"]) for row in rows] == [
        ("gaussian", 2, 0.5),
        ("none", 1, 0.0),
    ]
    show_failures(folder)
    assert "cell weak" in capsys.readouterr().out


def test_degenerate_runs_count_when_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [Run("base", 0, {"de": 60.0}), Run("a", 0, {"de": 34.0}, status="degenerate")]
    folder = write_store(tmp_path, runs).folder
    for include, expected in ((None, (0, 1, None)), ("degenerate", (1, 0, -26.0))):
        show_deltas(folder, Choice(language="de", include=include), "json")
        row = json.loads(capsys.readouterr().out)[0]
        assert (row["k"], row["k_failed"], row["delta"]) == expected


def test_trials_are_shown_in_every_format(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_trials(folder, "status <> 'ok'", "csv")
    assert len(capsys.readouterr().out.splitlines()) == 3
    show_trials(folder)
    assert "7 trials" in capsys.readouterr().out


def test_a_table_for_people_can_go_to_a_file(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_deltas(folder, Choice(), output=tmp_path / "deltas.txt")
    assert "cell strong" in (tmp_path / "deltas.txt").read_text()
    assert capsys.readouterr().out == ""


def test_a_language_or_metric_nobody_scored_is_answered_with_those_there_are(folder: Path) -> None:
    with pytest.raises(QueryError, match="no language 'fr' in these results; there are: de, en, macro, sw, tr"):
        show_deltas(folder, Choice(language="de,fr"))
    with pytest.raises(QueryError, match="no metric 'f1' in these results; there are: accuracy"):
        show_scores(folder, Choice(metric="f1"))


def test_mistakes_are_found_before_anything_is_written(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="unknown format"):
        show_trials(folder, None, "xml", tmp_path / "out")
    with pytest.raises(NotASweepError, match="no sweep in"):
        show_scores(tmp_path / "nothing", Choice())
    assert not (tmp_path / "out").exists()
