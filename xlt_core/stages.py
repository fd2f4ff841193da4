"""Run a shared stage of a trial. In: a `Stage` and the spec it came from. Out: its published artifact.

An artifact is an encoder folder under its stage key, with a manifest; a stage that is published is never run again.
"""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from xlt_core.artifacts import is_published, publish_folder
from xlt_core.checkpoints import CheckpointFolder
from xlt_core.difficulty.score_stage import score_stage
from xlt_core.process_state import reset_process_state
from xlt_core.progress import OnProgress, Progress, report_steps
from xlt_core.spec import TrialSpec
from xlt_core.stage_artifacts import open_checkpoints, read_artifact
from xlt_core.stage_plan import Stage
from xlt_core.task_stage import measure_cost, train_stage
from xlt_core.train import train
from xlt_core.workspace import Workspace
from xlt_core.world.pretrain import prepare_pretraining


def run_stage(stage: Stage, spec: TrialSpec, workspace: Workspace, on_progress: OnProgress | None = None) -> Path:
    """Make sure that a shared stage's artifact is published; give its folder.

    A run that diverged is published too, without weights: that it did is its result.

    Raises:
        DamagedArtifactError: a stage that this one needs is not as it was published.
    """
    folder = workspace.stages / stage.key
    checkpoints = open_checkpoints(stage.key, stage, workspace)
    if is_published(folder):
        checkpoints.clear()  # of a process that was killed between the two
        return folder
    for key in stage.needs:
        read_artifact(key, workspace)
    reset_process_state(workspace.num_threads, workspace.memory_fraction)
    if stage.kind == "pretrain":
        _pretrain(stage, workspace, checkpoints, on_progress)
    elif stage.kind == "score":
        _score(stage, workspace, on_progress)
    else:
        trained = train_stage(stage, spec, workspace, checkpoints, on_progress)
        summary = trained.summary
        manifest = {**_describe_stage(stage), "cost": asdict(trained.cost)}
        manifest |= {"status": summary.status, "reason": summary.reason, "arm": trained.arm}

        def write(partial: Path) -> None:
            if summary.status != "diverged":
                trained.model.encoder.save(partial)  # the encoder alone: no head passes on

        publish_folder(folder, write, manifest)
    checkpoints.clear()
    return folder


def _pretrain(
    stage: Stage, workspace: Workspace, checkpoints: CheckpointFolder, on_progress: OnProgress | None
) -> None:
    """Make the embedded world's encoder."""
    pretrain = stage.encoder.pretrain if stage.encoder else None
    assert pretrain is not None, "only a spec with pre-training has this stage"
    started = time.perf_counter()
    objective, optim = prepare_pretraining(pretrain)
    outcome = train(
        objective,
        optim,
        seed=pretrain.seed,
        checkpoints=checkpoints,
        checkpoint_every_steps=workspace.checkpoint_every_steps,
        on_step=report_steps(stage, optim.num_steps, on_progress),
        tell=workspace.tell,
    )
    cost = measure_cost(stage, time.perf_counter() - started, outcome, optim)
    reason = outcome.diverged_reason
    manifest = {**_describe_stage(stage), "cost": asdict(cost), "status": "diverged" if reason else "ok"}
    publish_folder(workspace.stages / stage.key, objective.save, {**manifest, "reason": reason})


def _score(stage: Stage, workspace: Workspace, on_progress: OnProgress | None) -> None:
    """Say how hard every example of a training set is."""
    assert stage.settings is not None, "scoring has a task"
    assert stage.scorer is not None, "scoring has a scorer"
    given = stage.encoder.source if stage.encoder else None
    source = workspace.stages / stage.parent if stage.parent else given

    def on_steps(num_steps_taken: int, num_steps: int) -> None:
        if on_progress is not None:
            on_progress(
                Progress(kind=stage.kind, stage_key=stage.key, num_steps_taken=num_steps_taken, num_steps=num_steps)
            )

    score_stage(
        stage.settings,
        stage.scorer,
        source,
        workspace,
        workspace.stages / stage.key,
        on_steps,
        described=_describe_stage(stage),
    )


def _describe_stage(stage: Stage) -> dict[str, Any]:
    return {"stage": stage.model_dump(mode="json")}
