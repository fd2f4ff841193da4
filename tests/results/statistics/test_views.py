import csv
import json
from pathlib import Path

import pytest

from results.errors import QueryError
from results.statistics.views import ContrastChoice, show_contrasts
from results.store import ResultStore
from tests.results.simulated import Design, simulate_store

TERMS = [{"cell_id": "m0.3", "weight": 1.0}, {"cell_id": "m0", "weight": -1.0}]
DESIGN = Design(
    magnitudes=(0.0, 0.3),
    languages=("en", "de", "sw"),
    num_seeds=4,
    num_examples=200,
    seed_sd=0.3,
    effects={(0.3, None, "sw"): -30.0},
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ResultStore:
    analysis = {"contrasts": [{"name": "strong against none", "terms": TERMS}]}
    return simulate_store(tmp_path_factory.mktemp("sweep") / "store", DESIGN, analysis=analysis)


def _rows(store: ResultStore, capfd: pytest.CaptureFixture[str], **choice: str) -> list[dict]:
    show_contrasts(store.folder, ContrastChoice(**choice), "json")
    rows: list[dict] = json.loads(capfd.readouterr().out)
    return rows


def test_programs_get_every_row(store: ResultStore, capfd: pytest.CaptureFixture[str]) -> None:
    rows = _rows(store, capfd)
    assert len(rows) == store.contrasts().num_rows == 2 * 5
    assert {row["role"] for row in rows} == {"primary", "secondary", "exploratory"}


@pytest.mark.parametrize(
    ("choice", "num_rows"),
    [
        ({"role": "primary"}, 1),
        ({"unit": "language,macro"}, 8),
        ({"family": "all cells"}, 5),
        ({"family": "by language"}, 3),
        ({"family": "by language: strong against none"}, 3),
        ({"language": "sw", "metric": "accuracy", "condition": "clean"}, 2),
        ({"where": "delta < -10 AND role = 'exploratory'", "language": "sw"}, 1),
    ],
)
def test_rows_are_chosen(
    store: ResultStore, capfd: pytest.CaptureFixture[str], choice: dict[str, str], num_rows: int
) -> None:
    assert len(_rows(store, capfd, **choice)) == num_rows


def test_a_family_that_is_not_there_is_named_with_those_that_are(store: ResultStore) -> None:
    with pytest.raises(QueryError, match="no family 'mine' in these results; there are: primary, by group: strong"):
        show_contrasts(store.folder, ContrastChoice(family="mine"))
    with pytest.raises(QueryError, match="no role 'main'"):
        show_contrasts(store.folder, ContrastChoice(role="main"))


def test_exploratory_rows_are_counted_and_listed_when_asked_for(store: ResultStore, tmp_path: Path) -> None:
    show_contrasts(store.folder, ContrastChoice(), None, tmp_path / "short.txt")
    show_contrasts(store.folder, ContrastChoice(role="exploratory"), None, tmp_path / "long.txt")
    short, long = ((tmp_path / name).read_text() for name in ("short.txt", "long.txt"))
    (line,) = [line for line in short.splitlines() if line.startswith("all cells (exploratory, Benjamini-Hochberg)")]
    num_found = sum(row["verdict"] == "worse" and row["role"] == "exploratory" for row in store.contrasts().to_pylist())
    assert f"{num_found} of 5 stand out" in line
    assert num_found > 0
    assert "primary: xnli, accuracy (primary, 1 tested, Holm)" in short
    assert "all cells: xnli, accuracy (exploratory, 5 tested, Benjamini-Hochberg): cell m0.3" in long
    assert "primary:" not in long


def test_a_contrast_of_which_there_is_nothing_to_say_is_named(tmp_path: Path) -> None:
    gone = [{"cell_id": "m0.3", "weight": 1.0}, {"cell_id": "gone", "weight": -1.0}]
    analysis = {"question": "Does it help?", "contrasts": [{"name": "asked in vain", "terms": gone}]}
    store = simulate_store(tmp_path / "store", DESIGN, analysis=analysis)
    show_contrasts(store.folder, ContrastChoice(), None, tmp_path / "out.txt")
    text = (tmp_path / "out.txt").read_text()
    assert text.startswith("Asked: Does it help?")
    assert "Nothing to say of 'asked in vain': no pair of its runs has finished, or a cell is not planned." in text


def test_the_output_file_decides_the_format(store: ResultStore, tmp_path: Path) -> None:
    show_contrasts(store.folder, ContrastChoice(), None, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 10
