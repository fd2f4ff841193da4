from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from results.analysis import Analysis
from results.statistics import contrasts
from results.statistics.kept import CONTRASTS_FILE, digest_inputs, load_contrasts
from results.statistics.schema import CONTRASTS
from results.store import ResultStore
from tests.results.factories import trial_row
from tests.results.simulated import Design, simulate_store

DESIGN = Design(magnitudes=(0.0, 0.3), languages=("en", "de"), num_seeds=2, num_examples=20)


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return simulate_store(tmp_path / "store", DESIGN)


def _forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(contrasts, "compute_contrasts", refuse)


def test_the_table_is_kept_and_read_while_nothing_has_changed(
    store: ResultStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = store.contrasts()
    _forbid(monkeypatch)
    assert ResultStore.open(store.folder).contrasts().equals(first)
    assert pq.read_table(store.folder / CONTRASTS_FILE).num_rows == first.num_rows  # by readers without this code
    assert first.schema.equals(CONTRASTS)


def test_whatever_the_table_is_made_from_is_in_the_digest(store: ResultStore) -> None:
    def digest(analysis: Analysis = Analysis()) -> str:  # noqa: B008
        return digest_inputs(store.snapshot(), analysis)

    seen = [digest(), digest(Analysis(margin=1.0)), digest(Analysis(alpha=0.01))]
    store.publish_trial({**store.read_trial("m0.3-0"), "attempt": 2}, store.scores().slice(0, 0).to_pylist())
    seen.append(digest())
    store.write_languages([])
    seen.append(digest())
    store.write_plan([{**row, "cell": "renamed"} for row in store.plan().to_pylist()])
    seen.append(digest())
    assert len(set(seen)) == len(seen)
    assert digest() == seen[-1]


@pytest.mark.parametrize("folder", ["predictions", "scores"])
def test_files_that_were_away_or_damaged_count_once_they_are_put_back(store: ResultStore, folder: str) -> None:
    path = store.folder / folder / "m0.3-0.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:40])
    damaged = store.contrasts()
    path.write_bytes(whole)
    assert not store.contrasts().equals(damaged)
    (row,) = [one for one in store.contrasts().to_pylist() if one["language"] == "de"]
    assert row["k"] == 2
    assert row["ci_method"].startswith("two-level bootstrap")


def test_a_trial_that_finishes_later_is_in_the_next_table(tmp_path: Path) -> None:
    store = simulate_store(tmp_path / "store", replace(DESIGN, failed={(0.3, None, 1): "diverged"}))
    ok = [row["k"] for row in store.contrasts().to_pylist() if row["runs"] == "ok"]
    assert set(ok) == {1}
    scores = [row | {"trial_id": "m0.3-1"} for row in store.scores().to_pylist() if row["trial_id"] == "m0.3-0"]
    store.publish_trial(trial_row("m0.3-1", attempt=2), scores)
    assert {row["k"] for row in store.contrasts().to_pylist()} == {2}


def test_a_store_that_cannot_be_written_to_gives_the_table_all_the_same(store: ResultStore) -> None:
    (store.folder / "contrasts").write_text("in the way")
    assert store.contrasts().num_rows == 3


@pytest.mark.parametrize("content", [b"", b"not a table", b"PAR1 and then nothing PAR1"])
def test_a_damaged_table_is_made_anew(store: ResultStore, content: bytes) -> None:
    known = store.contrasts()
    (store.folder / CONTRASTS_FILE).write_bytes(content)
    assert store.contrasts().equals(known)
    assert pq.read_table(store.folder / CONTRASTS_FILE).num_rows == known.num_rows


def test_with_other_runs_included_nothing_is_kept(store: ResultStore) -> None:
    load_contrasts(store.snapshot(), Analysis(), include=["degenerate"])
    assert not (store.folder / CONTRASTS_FILE).exists()
