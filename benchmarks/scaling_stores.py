"""Sweeps and data of a given size, made quickly: what `scaling_points` measures. In: sizes. Out: folders.

Trials are trivial: planned on the embedded world, never run; their rows are made up, written past the syncing of the
store, and as old as if the driver had left an hour ago, with its deltas and compact files beside them.
"""

import csv
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from results.predictions import PredictionColumns, join_prediction_tables, prediction_table
from results.schema import PREDICTIONS, SCORES, TRIALS, make_table
from results.table_files import encode_table
from search_spaces.space import SearchSpace
from sweeps.engine.begin import begin_sweep
from tests.results.factories import score_row, trial_row

NUM_SEEDS = 5
NUM_MAGNITUDES = 20
WORLD_LANGUAGES = ("src", "kin-hi", "far-lo")
NUM_EXAMPLES = 20
NUM_WORDS = 39
_SECONDS_AGO = 3600.0
_LABELS = ("no", "yes")


def make_space(num_trials: int, num_magnitudes: int = NUM_MAGNITUDES) -> SearchSpace:
    """Magnitudes by doses of an intermediate task on the embedded world, five seeds each.

    Args:
        num_trials: a multiple of the seeds times the magnitudes, and at least three times that.
        num_magnitudes: 0 among them.
    """
    num_doses = num_trials // (NUM_SEEDS * num_magnitudes) - 1
    return SearchSpace.model_validate(
        {
            "name": "scaling",
            "base": {
                "encoder": {"source": "mini", "pretrain": {"num_steps": 2}},
                "target": {"task": "world", "max_train_examples": 64, "perturbation": {"method": "gaussian"}},
                "optim": {"num_steps": 2, "batch_size": 8},
                "evaluation": {"languages": list(WORLD_LANGUAGES), "max_examples": NUM_EXAMPLES},
            },
            "axes": {
                "target.perturbation.magnitude": [round(place / 10, 1) for place in range(num_magnitudes)],
                "intermediate": [
                    "none",
                    {"task": "world", "dose": [round(place / max(num_doses - 1, 1), 6) for place in range(num_doses)]},
                ],
            },
            "seeds": NUM_SEEDS,
            "baseline": {"target.perturbation.magnitude": 0.0, "intermediate": "none"},
            "resources": {"max_concurrent": 1},
        }
    )


def make_finished_sweep(folder: Path, num_trials: int) -> None:
    """Plan a sweep and finish all its trials: scores about a level that falls with the magnitude."""
    store, plan = begin_sweep(make_space(num_trials), folder)
    generator = np.random.default_rng(0)
    for name in ("trials", "scores", "predictions"):
        (folder / name).mkdir()
    then = time.time() - _SECONDS_AGO
    for trial in plan.trials:
        perturbation = trial.plan.spec.target.perturbation
        share = 0.8 - 0.1 * (perturbation.magnitude or 0.0)
        is_right = generator.random((len(WORLD_LANGUAGES), NUM_EXAMPLES)) < share
        for name, table in _make_rows(trial.trial_id, is_right).items():
            path = folder / name / f"{trial.trial_id}.parquet"
            path.write_bytes(encode_table(table))
            # A file is taken into a compact one when another is newer by two seconds: here the last trial's are.
            modified = then if trial is not plan.trials[-1] else then + 10
            os.utime(path, (modified, modified))
    store.write_deltas()


def _make_rows(trial_id: str, is_right: np.ndarray[Any, Any]) -> dict[str, pa.Table]:
    gold = np.arange(NUM_EXAMPLES) % 2
    scores, predictions = [], []
    for language, right in zip(WORLD_LANGUAGES, is_right, strict=True):
        value = 100 * float(right.mean())
        scores.append(score_row(trial_id, language, value, num_examples=NUM_EXAMPLES, chance=50.0))
        columns = PredictionColumns(
            trial_id=trial_id,
            language=language,
            example_ids=[f"x{number}" for number in range(NUM_EXAMPLES)],
            examples=np.arange(NUM_EXAMPLES),
            positions=np.zeros(NUM_EXAMPLES, np.int32),
            names=_LABELS,
            gold=gold,
            predicted=np.where(right, gold, 1 - gold),
            correct=right,
            outcomes=right.astype(np.float32),
        )
        predictions.append(prediction_table(columns))
    return {
        "predictions": join_prediction_tables(predictions).replace_schema_metadata(PREDICTIONS.metadata),
        "scores": make_table(scores, SCORES).replace_schema_metadata(SCORES.metadata),
        "trials": make_table([trial_row(trial_id)], TRIALS).replace_schema_metadata(TRIALS.metadata),
    }


def write_texts(folder: Path, languages: list[str], *, num_train: int, num_test: int, num_words: int = 12) -> Path:
    """Write a task of one's own with its data: random words, of which the first says the label.

    Returns:
        The task's file; its data are the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    sizes = {"train-en": num_train, "dev-en": 50} | {f"test-{language}": num_test for language in languages}
    for name, num_examples in sizes.items():
        words = generator.integers(2, NUM_WORDS + 1, size=(num_examples, num_words))
        words[:, 0] = np.arange(num_examples) % 2
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            rows = ((number, " ".join(f"w{word}" for word in row), row[0]) for number, row in enumerate(words.tolist()))
            csv.writer(file).writerows([("id", "text", "label"), *rows])
    path = folder / "task.yaml"
    path.write_text(
        f"name: scaling\nshape: single\nlabels: ['0', '1']\nlanguages: [{', '.join(languages)}]\n"
        'files: {train: "train-{language}.csv", dev: "dev-{language}.csv", test: "test-{language}.csv"}\n'
        "format: csv\ncolumns: {text: text, label: label, id: id}\n",
        encoding="utf-8",
    )
    return path
