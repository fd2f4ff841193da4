"""Predictions as files that XTREME's `evaluate.py` takes. In: a trial's answers. Out: `DIR/{task}/test-{language}.*`.

Formats are those of google-research/xtreme (commit 838c13b), by shape of task; a task that XTREME does not have is
written as those of its shape. Its script scores no `lareqa`: these files are like Mewsli-X's.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from xlt_core.artifacts import is_published, publish_folder, read_manifest
from xlt_core.errors import StoreError
from xlt_core.plan import TrialPlan
from xlt_core.progress import OnProgress
from xlt_core.result import (
    AnswerPredictions,
    LabelPredictions,
    MinedPredictions,
    Predictions,
    RankedPredictions,
)
from xlt_core.run import TrialAnswers, discard_checkpoints, predict_trial
from xlt_core.tasks import load_task
from xlt_core.tasks.base import Shape, Task
from xlt_core.workspace import Workspace

NO_TAG = "O"
"""Stands for the tag of a word that was cut off. The official script, which puts it between sentences, counts it as no
chunk whatever the tags are, so that its F1 is ours; a universal tag in its place would be a wrong chunk."""

_SUFFIXES: dict[Shape, str] = {"span": "json", "dual": "json", "choice": "jsonl"}
_USUAL_SUFFIX = "tsv"


def predict_and_write(plan: TrialPlan, workspace: Workspace, folder: Path, on_progress: OnProgress) -> TrialAnswers:
    """Train a trial, answer its test sets, write the files; an interrupted one goes on from its last checkpoint.

    Where training diverged, nothing is written.

    Args:
        plan: of the trial.
        workspace: has its shared stages, or will.
        folder: of the task; must not be there.
        on_progress: called after training steps.
    """
    answers = predict_trial(plan, workspace, on_progress)
    if answers.predictions:
        write_submission(folder, plan, load_task(plan.spec.target.task), answers)
    discard_checkpoints(plan, workspace)
    return answers


def find_submission(folder: Path, trial_id: str) -> bool:
    """Whether a trial's files are there already.

    Args:
        folder: of the task.
        trial_id: of the trial that asks.

    Raises:
        StoreError: files of another trial, or of something else, are there; or one of ours was changed.
    """
    if not folder.exists():
        return False
    if not is_published(folder):
        raise StoreError(f"{folder} is there and holds no predictions of ours; give --submission another folder")
    found = read_manifest(folder).get("trial_id")
    if found != trial_id:
        raise StoreError(
            f"{folder} holds the predictions of trial {found}; those asked for are of {trial_id}: other settings, data "
            "or code. Give --submission another folder, or delete this one"
        )
    return True


def write_submission(folder: Path, plan: TrialPlan, task: Task, answers: TrialAnswers) -> None:
    """Write the files of all languages and a manifest, all of them or nothing.

    Args:
        folder: of the task; must not be there.
        plan: of the trial.
        task: its target.
        answers: at least one language's.
    """
    split = plan.spec.evaluation.split

    def write(partial: Path) -> None:
        for predictions in answers.predictions:
            name = file_name(task.shape, split, predictions.language)
            (partial / name).write_text(lay_out(predictions, task.shape), encoding="utf-8", newline="\n")

    manifest = {
        "trial_id": plan.trial_id,
        "task": task.name,
        "status": answers.status,
        "reason": answers.reason,
        "missing": answers.missing,
        "spec": plan.spec.model_dump(mode="json"),
    }
    publish_folder(folder, write, manifest)


def describe_submission(folder: Path) -> dict[str, Any]:
    """What is in a task's folder, in plain values: its trial, files, languages without one, how training went."""
    manifest = read_manifest(folder)
    names = ("trial_id", "task", "status", "reason", "missing")
    return {"folder": str(folder), "files": sorted(manifest["files"]), **{name: manifest[name] for name in names}}


def file_name(shape: Shape, split: str, language: str) -> str:
    """What XTREME calls a language's file."""
    return f"{split}-{language}.{_SUFFIXES.get(shape, _USUAL_SUFFIX)}"


def lay_out(predictions: Predictions, shape: Shape) -> str:
    """The text of one language's file; its lines are in the order of the test set."""
    if isinstance(predictions, LabelPredictions):
        lines = {"tagging": _lay_out_tags, "choice": _lay_out_choices}.get(shape, _lay_out_labels)(predictions)
    elif isinstance(predictions, MinedPredictions):
        lines = ("\t".join(pair) for pair in sorted(predictions.predicted))
    elif isinstance(predictions, AnswerPredictions):
        # Escaped, as the official script opens files in whatever encoding the machine has.
        return json.dumps(dict(zip(predictions.example_ids, predictions.predicted, strict=True)), indent=1) + "\n"
    else:
        assert isinstance(predictions, RankedPredictions), "there is no other kind"
        ranked = [[predictions.candidate_ids[place] for place in places] for places in predictions.ranked.tolist()]
        if shape == "dual":
            return json.dumps(dict(zip(predictions.example_ids, ranked, strict=True))) + "\n"
        lines = (places[0] for places in ranked)
    return "".join(f"{line}\n" for line in lines)


def _lay_out_labels(predictions: LabelPredictions) -> Iterator[str]:
    return (predictions.labels[label] for label in predictions.predicted.tolist())


def _lay_out_choices(predictions: LabelPredictions) -> Iterator[str]:
    for identifier, label in zip(predictions.example_ids, predictions.predicted.tolist(), strict=True):
        row: dict[str, Any] = {"idx": int(identifier) if identifier.isdecimal() else identifier, "label": label}
        yield json.dumps(row)


def _lay_out_tags(predictions: LabelPredictions) -> Iterator[str]:
    """One tag a line, an empty line between sentences."""
    names = np.array([*predictions.labels, NO_TAG])  # the last for -1: cut off
    sentences = np.split(names[predictions.predicted], np.cumsum(predictions.num_units)[:-1])
    for place, tags in enumerate(sentences):
        if place:
            yield ""
        yield from tags.tolist()
