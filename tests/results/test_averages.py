"""Averages of benchmarks, against a literal restatement of what XTREME's evaluate.py does."""

import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.averages import OVERALL, compute_averages
from results.errors import QueryError
from results.snapshot import Snapshot
from results.store import ResultStore
from tests.results.factories import plan_row, score_row, trial_row


@dataclass(frozen=True)
class Part:
    task: str
    languages: tuple[str, ...]
    metrics: tuple[str, ...]
    group: str | None


@dataclass(frozen=True)
class Benchmark:
    parts: tuple[Part, ...]
    name: str = "tiny"
    title: str = "TINY"
    source: str = "a test"
    note: str = "A note."


TINY = Benchmark(
    parts=(
        Part("pairs", ("en", "de", "sw"), ("accuracy",), "classification"),
        Part("tags", ("en", "yo"), ("f1",), "tagging"),
        Part("questions", ("en", "th"), ("em", "f1"), "reading"),
        Part("answers", ("en", "ko"), ("em", "f1"), "reading"),
        Part("extra", ("de",), ("map",), None),
    )
)

Scores = Mapping[tuple[str, int, str, str], float | None]
"""By task, seed, metric and language."""


def complete_scores(num_seeds: int = 2) -> dict[tuple[str, int, str, str], float | None]:
    keys = [
        (part.task, seed, metric, language)
        for part in TINY.parts
        for seed in range(num_seeds)
        for metric in part.metrics
        for language in part.languages
    ]
    return {key: 10.0 + 3.7 * place % 80.0 for place, key in enumerate(keys)}


def write_sweep(folder: Path, scores: Scores, cell: str = "base", **changes: Any) -> Snapshot:
    """A sweep of one cell with the tasks that the scores are of; a trial a task and seed."""
    store = ResultStore.create(folder, {"name": folder.name, "sweep_id": folder.name})
    plan = []
    for (task, seed), keys in itertools.groupby(scores, key=lambda key: key[:2]):
        name = f"{folder.name}-{cell}-{task}"
        row = plan_row(
            name, seed, baseline_cell_id=name, is_baseline=True, target_task=task, method="none", magnitude=0.0
        )
        store.write_plan([row | {"cell": f"cell {cell} · task {task}"} | changes])
        trial_id = f"{name}-{seed}"
        rows = [score_row(trial_id, key[3], scores[key], metric=key[2]) for key in keys]
        store.publish_trial(trial_row(trial_id), rows)
    store.write_plan(plan)
    return store.snapshot()


def averages(*snapshots: Snapshot, **options: Any) -> dict[str, dict[str, Any]]:
    """Rows by name; of one cell."""
    rows = compute_averages(snapshots, TINY, **options).to_pylist()
    assert len({(row["cell"], row["encoder"]) for row in rows}) == 1
    return {row["name"]: row for row in rows}


def restate_evaluate(scores: Scores) -> dict[str, float]:
    """As evaluate.py: per metric the plain mean over languages; EM and F1 are averaged; then groups and all tasks."""
    per_task: dict[str, float] = {}
    for part in TINY.parts:
        seeds = sorted({key[1] for key in scores if key[0] == part.task})
        of_seeds = []
        for seed in seeds:
            average = {}
            for metric in part.metrics:
                by_language = [scores[part.task, seed, metric, language] for language in part.languages]
                average[metric] = sum(by_language) / len(by_language)
            if set(part.metrics) == {"em", "f1"}:
                of_seeds.append((average["em"] + average["f1"]) / 2)
            else:
                of_seeds.append(average[part.metrics[0]])
        per_task[part.task] = sum(of_seeds) / len(of_seeds)
    reading = (per_task["questions"] + per_task["answers"]) / 2
    overall = (per_task["pairs"] + per_task["tags"] + per_task["questions"] + per_task["answers"]) / 4
    groups = {"classification": per_task["pairs"], "tagging": per_task["tags"], "reading": reading}
    return {**per_task, **groups, OVERALL: overall}


VALUES = st.floats(0.0, 100.0, allow_nan=False)


@given(st.lists(VALUES, min_size=28, max_size=28))
@settings(max_examples=4)
def test_averages_are_those_of_the_official_script(values):
    scores = dict(zip(complete_scores(), itertools.cycle(values), strict=False))
    with TemporaryDirectory() as folder:
        found = averages(write_sweep(Path(folder) / "all", scores))
        expected = restate_evaluate(scores)
        assert {name: row["value"] for name, row in found.items()} == pytest.approx(expected, abs=1e-9)
        assert all(row["missing"] in ([], None) and row["reason"] is None for row in found.values())


def test_sweeps_of_single_tasks_make_one_cell(tmp_path: Path):
    scores = complete_scores()
    snapshots = []
    for part in TINY.parts:
        of_task = {key: value for key, value in scores.items() if key[0] == part.task}
        snapshots.append(write_sweep(tmp_path / part.task, of_task))
    found = averages(*snapshots)
    assert {name: row["value"] for name, row in found.items()} == pytest.approx(restate_evaluate(scores), abs=1e-9)
    assert found[OVERALL]["cell"] == "cell base"


def test_the_spread_of_a_task_is_over_seeds_of_its_average(tmp_path: Path):
    scores = {key: 50.0 + (10.0 if key[1] else 0.0) for key in complete_scores()}
    found = averages(write_sweep(tmp_path / "all", scores))
    assert found["pairs"]["sd"] == pytest.approx(math.sqrt(50.0))
    assert found["pairs"]["k"] == 2
    assert found[OVERALL]["sd"] is None
    single = averages(write_sweep(tmp_path / "one", complete_scores(num_seeds=1)))
    assert (single["pairs"]["k"], single["pairs"]["sd"]) == (1, None)


def test_a_task_is_refused_with_the_languages_that_it_lacks_and_so_is_all_that_it_is_part_of(tmp_path: Path):
    scores = complete_scores()
    scores["pairs", 1, "accuracy", "sw"] = None
    del scores["questions", 0, "f1", "th"]
    found = averages(write_sweep(tmp_path / "all", scores))
    assert found["pairs"]["value"] is None
    assert found["pairs"]["missing"] == ["sw"]
    assert found["questions"]["missing"] == ["th"]
    assert (found["classification"]["value"], found["classification"]["missing"]) == (None, ["pairs"])
    assert found["reading"]["missing"] == ["questions"]
    assert found[OVERALL]["missing"] == ["pairs", "questions"]
    assert found["tagging"]["value"] is not None


def test_a_language_that_is_not_official_changes_nothing(tmp_path: Path):
    scores = complete_scores()
    with_more: dict[tuple[str, int, str, str], float | None] = {}
    for key, value in scores.items():
        with_more[key] = value
        with_more[(*key[:3], "xx")] = 0.0
    plain, more = (averages(write_sweep(tmp_path / name, of)) for name, of in (("a", scores), ("b", with_more)))
    assert [row["value"] for row in plain.values()] == [row["value"] for row in more.values()]


def test_a_task_without_a_group_is_in_no_other_average(tmp_path: Path):
    scores = {key: value for key, value in complete_scores().items() if key[0] != "extra"}
    found = averages(write_sweep(tmp_path / "all", scores))
    assert found["extra"]["value"] is None
    assert found["extra"]["reason"] == "no trial of this task"
    assert found[OVERALL]["value"] is not None


def test_a_metric_that_was_not_computed_is_named(tmp_path: Path):
    scores = {key: value for key, value in complete_scores().items() if key[2] != "em"}
    found = averages(write_sweep(tmp_path / "all", scores))
    assert found["answers"]["reason"] == "no score of em"


@pytest.mark.parametrize(
    ("evaluation", "reason"),
    [({"split": "dev"}, "split 'dev'"), ({"split": "test", "max_examples": 100}, "first 100 examples")],
)
def test_what_was_scored_on_less_than_the_test_set_is_refused(tmp_path: Path, evaluation, reason):
    spec = json.dumps({"evaluation": evaluation})
    found = averages(write_sweep(tmp_path / "all", complete_scores(), spec=spec))
    assert all(row["value"] is None for row in found.values())
    assert reason in found["pairs"]["reason"]


def test_only_trials_that_ended_well_count(tmp_path: Path):
    scores = {key: value for key, value in complete_scores().items() if key[0] == "tags"}
    store = ResultStore.open(write_sweep(tmp_path / "all", scores).storage)
    store.publish_trial(trial_row("all-base-tags-1", "degenerate", reason="it is"), [
        score_row("all-base-tags-1", language, 0.0, metric="f1") for language in ("en", "yo")
    ])  # fmt: skip
    assert averages(store.snapshot())["tags"]["k"] == 1
    assert averages(store.snapshot(), include=("degenerate",))["tags"]["k"] == 2
    store.publish_trial(trial_row("all-base-tags-0", "diverged", reason="it did"), [])
    assert averages(store.snapshot())["tags"]["reason"] == "no trial of this task has ended well"


def test_cells_of_other_settings_stay_apart_though_named_alike(tmp_path: Path):
    of_pairs = {key: value for key, value in complete_scores().items() if key[0] == "pairs"}
    of_tags = {key: value for key, value in complete_scores().items() if key[0] == "tags"}
    one = write_sweep(tmp_path / "one", of_pairs, method="gaussian", magnitude=0.1)
    two = write_sweep(tmp_path / "two", of_tags, method="pgd", magnitude=0.1)
    rows = compute_averages([one, two], TINY).to_pylist()
    assert {row["cell"] for row in rows} == {"cell base · task pairs", "cell base · task tags"}
    assert all(row["value"] is None for row in rows if row["name"] == OVERALL)


def test_a_task_that_is_there_twice_is_refused(tmp_path: Path):
    one, two = (write_sweep(tmp_path / name, complete_scores()) for name in ("one", "two"))
    with pytest.raises(QueryError, match=r"task 'pairs' is there twice .* in .*one and .* in .*two"):
        compute_averages([one, two], TINY)


def test_sweeps_of_other_tasks_are_refused(tmp_path: Path):
    scores = {("other", 0, "accuracy", "en"): 50.0}
    with pytest.raises(QueryError, match=r"no trial of a task of TINY in .*; its tasks are pairs, tags"):
        compute_averages([write_sweep(tmp_path / "all", scores)], TINY)


def test_another_condition_has_averages_of_its_own(tmp_path: Path):
    snapshot = write_sweep(tmp_path / "all", complete_scores())
    assert averages(snapshot, condition="typos")["pairs"]["reason"] == "no score of accuracy"
