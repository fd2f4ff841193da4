"""A trial of every shape of task under conditions, from its plan to the rows of the store."""

from pathlib import Path
from typing import Any

import pytest

from results.store import ResultStore
from sweeps.planning.plan import plan_single_trial
from sweeps.tables.rows import plan_row, publish_result
from tests.factories import build_encoder
from tests.learnable import WRITERS
from xlt_core.run import run_trial
from xlt_core.spec import parse_trial_spec
from xlt_core.workspace import Workspace

NOISE = {"kind": "noise", "perturbation": {"method": "gaussian", "magnitude": 2.0, "mask": "non_pad"}}
ATTACK = {"kind": "attack", "perturbation": {"method": "fgm", "magnitude": 2.0, "mask": "non_pad"}}
TYPOS = {"kind": "typos", "share": 0.5}
DISTURBED = ["clean", NOISE, ATTACK, TYPOS]
EMBEDDING = {"layer": 1, "pooling": "mean", "special_tokens": True}
EVALUATIONS: dict[str, dict[str, Any]] = {
    "single": {"conditions": DISTURBED},
    "choice": {"conditions": DISTURBED},
    "span": {"conditions": DISTURBED},
    "dual": {"conditions": ["clean", TYPOS]},
    "retrieval": {"embedding": EMBEDDING},
    "mining": {"embedding": EMBEDDING},
}


@pytest.mark.parametrize("shape", EVALUATIONS)
def test_what_is_predicted_becomes_rows_of_every_condition(shape: str, tmp_path: Path) -> None:
    build_encoder().save(tmp_path / "encoder")
    task, write = WRITERS[shape]
    write(tmp_path / "data")
    evaluation = EVALUATIONS[shape]
    spec = parse_trial_spec(
        {
            "encoder": str(tmp_path / "encoder"),
            "target": {"task": task, "data": str(tmp_path / "data")},
            "optim": {"num_steps": 2, "batch_size": 4},
            "model": {"max_length": 32, "questions": {"max_question_length": 8, "doc_stride": 8}},
            "evaluation": evaluation,
        }
    )
    trial = plan_single_trial(spec)
    store = ResultStore.create(tmp_path / "store", {"name": "s", "sweep_id": "1"})
    store.write_plan([plan_row(trial)])
    publish_result(store, run_trial(trial.plan, Workspace(root=tmp_path / "work", num_threads=1)), attempt=1)

    names = {condition.name for condition in trial.plan.spec.evaluation.conditions}
    scores = [row for row in store.scores().to_pylist() if row["value"] is not None]
    assert {row["condition"] for row in scores} == names
    assert all(0.0 <= row["value"] <= 100.0 and row["num_units"] > 0 for row in scores)
    rows = store.predictions().to_pylist()
    scored = {(row["language"], row["condition"]) for row in scores}
    assert {(row["language"], row["condition"]) for row in rows} <= scored
    if shape != "mining":  # where nothing may be gold or mined
        assert {(row["language"], row["condition"]) for row in rows} == scored
        primary = scores[0]["metric"]
        for language, condition in scored:
            outcomes = [row["outcome"] for row in rows if (row["language"], row["condition"]) == (language, condition)]
            (value,) = (
                row["value"]
                for row in scores
                if (row["language"], row["condition"], row["metric"]) == (language, condition, primary)
            )
            assert 100.0 * sum(outcomes) / len(outcomes) == pytest.approx(value, abs=1e-4)
    if NOISE in evaluation.get("conditions", ()):
        predicted = {name: [row["predicted"] for row in rows if row["condition"] == name] for name in names}
        assert all(predicted[name] != predicted["clean"] for name in names - {"clean"})
