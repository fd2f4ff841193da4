import json
from collections import Counter

from results.errors import QueryError
from results.report.evidence import gather_evidence
from results.report.page import render_page
from results.statistics import curves
from results.storage import LocalStorage
from results.store import ResultStore
from tests.results.factories import (
    Run,
    generalized_sweep,
    plan_row,
    rewrite_as_version,
    score_row,
    small_sweep,
    trial_row,
    write_store,
)
from tests.results.simulated import Design, simulate_store


def test_every_table_of_a_whole_sweep_has_rows(tmp_path):
    design = Design(magnitudes=(0.0, 0.1, 0.3), num_seeds=3, num_examples=60)
    evidence = gather_evidence(simulate_store(tmp_path / "sweep", design))
    for name in ("languages", "trials", "scores", "contrasts", "curves", "best_magnitudes", "failures"):
        assert len(getattr(evidence, name)), name
    assert evidence.problems == ()
    assert set(evidence.contrasts["language"]) >= {"macro", "en", "sw"}


def test_a_store_of_the_first_version_has_a_page(tmp_path):
    store = write_store(tmp_path / "sweep", small_sweep())
    rewrite_as_version(store, 1)
    assert "cell strong" in render_page(gather_evidence(ResultStore.open(store.folder)))


def test_a_part_that_cannot_be_computed_is_a_problem_and_all_else_is_there(tmp_path, monkeypatch):
    def refuse(snapshot, analysis, panels):
        raise QueryError("no curve through these")

    monkeypatch.setattr(curves, "compute_curves", refuse)
    evidence = gather_evidence(write_store(tmp_path / "sweep", small_sweep()))
    assert [(one.part, one.message) for one in evidence.problems] == [("curves", "no curve through these")]
    assert list(evidence.curves.columns)
    text = render_page(evidence)
    assert "no curve through these" in text
    assert "cell strong" in text


def test_a_damaged_file_is_left_out_and_said(tmp_path):
    store = write_store(tmp_path / "sweep", small_sweep())
    (store.folder / "scores" / "strong-0.parquet").write_bytes(b"not a table")
    evidence = gather_evidence(store)
    assert any("strong-0.parquet" in one.message for one in evidence.problems)
    assert "strong" in set(evidence.contrasts["cell_id"])


def test_a_sweep_of_one_cell_has_a_page(tmp_path):
    store = ResultStore.create(tmp_path / "sweep", {"name": "single", "sweep_id": "s1"})
    store.write_plan([plan_row("base", 0)])
    store.publish_trial(trial_row("base-0"), [score_row("base-0", "de", 80.0)])
    text = render_page(gather_evidence(store))
    assert "1 cell with 1 seed each makes 1 trial." in text


def test_a_sweep_that_has_only_a_description_has_a_page(tmp_path):
    store = ResultStore.create(tmp_path / "sweep", {"name": "begun", "sweep_id": "s1"})
    assert "Nothing is planned yet." in render_page(gather_evidence(store))


def test_a_sweep_whose_runs_all_failed_has_a_page(tmp_path):
    runs = [Run(cell, seed, {}, status="diverged") for cell in ("base", "strong") for seed in (0, 1)]
    text = render_page(gather_evidence(write_store(tmp_path / "sweep", runs)))
    assert "Training failed in 4 of 4 trials" in text


def test_pairs_of_languages_are_gathered(tmp_path):
    evidence = gather_evidence(generalized_sweep(tmp_path / "sweep"))
    assert evidence.pairs["condition_language"].notna().all()
    assert len(evidence.pairs) >= 9


def test_the_declaration_of_the_space_is_read(tmp_path):
    store = write_store(tmp_path / "sweep", small_sweep())
    sweep = json.loads((store.folder / "sweep.json").read_text())
    terms = [{"cell_id": "strong", "weight": 1.0}, {"cell_id": "base", "weight": -1.0}]
    declared = {"question": "Is it so?", "contrasts": [{"name": "strong against none", "terms": terms}]}
    (store.folder / "sweep.json").write_text(json.dumps(sweep | {"analysis": declared}))
    evidence = gather_evidence(ResultStore.open(store.folder))
    assert evidence.analysis.question == "Is it so?"
    assert "strong against none" in render_page(evidence)


def test_each_file_of_predictions_is_read_once(tmp_path):
    folder = tmp_path / "sweep"
    simulate_store(folder, Design(num_seeds=2, num_examples=30, languages=("en", "de", "sw")))
    reads = Counter()

    class Counting(LocalStorage):
        def read_bytes(self, name):
            reads[name] += 1
            return super().read_bytes(name)

    gather_evidence(ResultStore.open(Counting(folder)))
    of_predictions = [number for name, number in reads.items() if name.startswith("predictions/")]
    assert of_predictions == [1] * 6
