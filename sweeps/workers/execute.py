"""Run one unit where it stands, once, and publish what comes of it. Used with and without Ray.

In: a `Job`, plain enough to be sent to another machine. Out: files in the sweep folder, and a `UnitOutcome`. Imports
torch when it runs.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from results.store import ResultStore
from sweeps.observing.events import LOGS_FOLDER, EventLog, log_path
from sweeps.observing.heartbeats import PROGRESS_FOLDER, HeartbeatFile, beating
from sweeps.observing.uploading import uploading
from sweeps.tables.rows import publish_failure, publish_result
from sweeps.tables.takeover import known_scores, publish_merged
from sweeps.units.claims import Claim, claim_path, claimed
from sweeps.units.failures import MAX_ATTEMPTS, MAX_FAILURES, Failure, describe_failure
from sweeps.units.job import SCRATCH, Job
from sweeps.workers.attempts import begin_attempt, count_attempts, count_failure, forget_attempt
from sweeps.workers.shelf import Shelf, open_shelf
from xlt_core.artifacts import is_published, remove_partial_folders
from xlt_core.errors import DamagedArtifactError
from xlt_core.plan import TrialPlan
from xlt_core.spec import TrialSpec
from xlt_core.stage_plan import Stage
from xlt_core.workspace import Workspace

OnReport = Callable[[], None]
"""Called a few times a second from within the work, for whoever waits for it in the same process."""

DONE = "done"
"""A stage's artifact is there."""
FAILED = "failed"
"""A stage has no artifact, and will have none."""
CLAIMED = "claimed"
"""Another sweep computes the stage."""
DAMAGED = "damaged"
"""A stage that the unit needs had to be set aside."""
RUNG = "rung"
"""A trial has come to a rung and may be stopped."""
STORAGE = "storage"
"""Rows or artifacts cannot be written; ends the sweep."""


@dataclass(frozen=True, kw_only=True)
class UnitOutcome:
    """What an attempt at a unit came to."""

    status: str
    """Of the trial's row, or one of the words above."""
    failure: Failure | None = None
    """Of a stage; a trial's stands in its row."""
    stage_key: str = ""
    """Of a damaged stage."""
    num_steps: int = 0
    source_dev_score: float | None = None
    macro: float | None = None
    """Mean score over languages."""

    def as_result(self) -> dict[str, Any]:
        """Give plain values, as Ray Tune wants them."""
        return asdict(self)

    @classmethod
    def from_result(cls, result: Mapping[str, Any]) -> Self:
        """Read what `as_result` gave; Tune adds to it."""
        values = {name: result[name] for name in (field.name for field in fields(cls))}
        failure = values.pop("failure")
        return cls(**values, failure=Failure(**failure) if failure else None)


def attempt_unit(job: Job, rung: int = 0, on_report: OnReport | None = None) -> UnitOutcome:
    """Make one attempt at a unit, or at its part up to the next rung.

    Args:
        job: the unit.
        rung: index into `job.rung_steps`; beyond the last, the trial is run to its end.
        on_report: see `OnReport`.

    Raises:
        Exception: an infrastructure failure that is worth another attempt, in a fresh process.
    """
    heartbeat = f"{SCRATCH}/{PROGRESS_FOLDER}/{job.unit_id}.json"
    with uploading(job.place, [heartbeat], logs=[f"{LOGS_FOLDER}/{job.unit_id}.jsonl"]):
        return _attempt_unit(job, rung, on_report)


def _attempt_unit(job: Job, rung: int, on_report: OnReport | None) -> UnitOutcome:
    attempt = MAX_ATTEMPTS
    worker: _Worker | None = None
    log = EventLog(log_path(job.place.work_folder, job.unit_id), launch_id=job.place.launch_id)
    try:
        published = None if job.kind == "stage" else _published_status(job)
        if published is not None:
            return UnitOutcome(status=published)
        attempt = begin_attempt(job) if rung == 0 else count_attempts(job)
        log = EventLog(log_path(job.place.work_folder, job.unit_id), launch_id=job.place.launch_id, attempt=attempt)
        if rung == 0:
            log.write("attempt", kind=job.kind, title=job.title)
        with beating(job.place.scratch / PROGRESS_FOLDER, job.unit_id, job.title, on_report) as heartbeat:
            worker = _Worker(job, log, open_shelf(job.place), heartbeat)
            outcome = worker.run_stage() if job.kind == "stage" else worker.run_trial(rung, attempt)
    except Exception as error:
        failure = describe_failure(error)
        if failure.status == "oom" and worker is not None:
            failure = _with_micro_batch(failure, worker.micro_batch_size)
        will_retry = failure.may_retry and attempt < MAX_ATTEMPTS and count_failure(job) < MAX_FAILURES
        log.write("failed", reason=failure.reason, traceback=failure.traceback, will_retry=will_retry)
        if isinstance(error, DamagedArtifactError):
            open_shelf(job.place).set_aside(error.stage_key)
            forget_attempt(job, attempt)
            return UnitOutcome(status=DAMAGED, stage_key=error.stage_key)
        if failure.storage_trouble:
            return UnitOutcome(status=STORAGE, failure=failure)
        if will_retry:
            raise
        return conclude_failure(job, failure, attempt)
    if outcome.status == RUNG:
        log.write("rung", num_steps=outcome.num_steps, score=outcome.source_dev_score)
    else:
        if outcome.status == CLAIMED:
            forget_attempt(job, attempt)
        log.write("stopped" if outcome.status == CLAIMED else "published", status=outcome.status)
    return outcome


def _with_micro_batch(failure: Failure, size: int | None) -> Failure:
    """Say how few examples at a time were too many, where that is known."""
    if size is None:
        return failure
    reason = f"{failure.reason} [with {size} {'example' if size == 1 else 'examples'} at a time]"
    return replace(failure, reason=reason, micro_batch_size=size)


def conclude_failure(job: Job, failure: Failure, attempt: int) -> UnitOutcome:
    """Say that no attempt is left: publish a trial's row; a stage has none."""
    if job.kind == "stage":
        return UnitOutcome(status=FAILED, failure=failure)
    store = ResultStore.open(job.place.folder)
    publish_failure(store, job.unit_id, failure, attempt=attempt, launch_id=job.place.launch_id, note=_note(job))
    return UnitOutcome(status=failure.status, failure=failure)


class _Worker:
    """One attempt at one unit."""

    def __init__(self, job: Job, log: EventLog, shelf: Shelf, heartbeat: HeartbeatFile) -> None:
        self._job = job
        self._log = log
        self._shelf = shelf
        self._heartbeat = heartbeat
        self._on_progress = heartbeat.report
        self.micro_batch_size = job.micro_batch_size
        """With which memory last ran out, or that was asked for."""

    def run_stage(self) -> UnitOutcome:
        """Compute a stage unless its artifact is there or another sweep computes it."""
        from xlt_core.stages import run_stage

        job, shelf = self._job, self._shelf
        stage, spec = Stage.model_validate_json(job.payload), TrialSpec.model_validate_json(job.spec)
        dead = Claim(**json.loads(job.dead_claim)) if job.dead_claim else None
        with claimed(claim_path(job.place.stages, stage.key), job.place.launch_id, dead=dead) as is_ours:
            if not is_ours:
                return UnitOutcome(status=CLAIMED)
            remove_partial_folders(shelf.stages, stage.key)  # in a folder that sweeps share, nobody else does
            shelf.fetch([stage.key, *stage.needs])
            is_there = is_published(shelf.stages / stage.key)  # another sweep was at it when this job was handed out
            self._log.write("found" if is_there else "stage", kind=stage.kind, stage_key=stage.key)
            run_stage(stage, spec, self._workspace(), self._on_progress)
            shelf.push(stage.key)
        return UnitOutcome(status=DONE)

    def run_trial(self, rung: int, attempt: int) -> UnitOutcome:
        """Train up to the next rung, or to the end and publish the rows."""
        from xlt_core.rungs import advance_trial

        job, workspace = self._job, self._workspace()
        plan = TrialPlan.model_validate_json(job.payload)
        self._fetch_stages(plan)
        if job.kind == "trial" and rung < len(job.rung_steps):
            report = advance_trial(plan, workspace, job.rung_steps[rung], self._on_progress)
            if report.diverged_reason is None:
                return UnitOutcome(status=RUNG, num_steps=report.num_steps, source_dev_score=report.source_dev_score)
        return self._finish_trial(plan, workspace, attempt)

    def _fetch_stages(self, plan: TrialPlan) -> None:
        """Have the stages here that a trial needs; it computes none: others may wait for it, or be at it already.

        Raises:
            DamagedArtifactError: one is gone.
        """
        self._shelf.fetch([stage.key for stage in plan.shared_stages])
        if self._shelf.has_weights(plan.target_stage.key) and not plan.spec.evaluation.other_selections:
            return
        for stage in plan.shared_stages:
            if not is_published(self._shelf.stages / stage.key):
                raise DamagedArtifactError(f"{self._shelf.stages / stage.key} is gone", stage.key)

    def _finish_trial(self, plan: TrialPlan, workspace: Workspace, attempt: int) -> UnitOutcome:
        from xlt_core.run import discard_checkpoints, run_trial

        job, store = self._job, ResultStore.open(self._job.place.folder)
        known = known_scores(store, job.predecessor, plan, job.stop_at_step) if job.predecessor else frozenset()
        result = run_trial(
            plan,
            workspace,
            self._on_progress,
            stop_at_step=job.stop_at_step,
            stop_reason=job.stop_reason or None,
            known=known,
        )
        named: dict[str, Any] = {"attempt": attempt, "launch_id": job.place.launch_id, "note": _note(job)}
        if job.predecessor and known:
            publish_merged(store, plan, result, job.predecessor, known, **named)
        else:
            publish_result(store, result, **named)
        discard_checkpoints(plan, workspace)
        counted = [score for score in result.scores if (score.condition, score.selection) == ("clean", "last")]
        values = [score.value for score in counted if score.value is not None]
        return UnitOutcome(
            status=result.status,
            num_steps=result.num_steps,
            source_dev_score=result.source_dev_score,
            macro=sum(values) / len(values) if values else None,
        )

    def _workspace(self) -> Workspace:
        job = self._job
        return Workspace(
            root=job.place.work_folder,
            stages_folder=job.place.stages,
            num_threads=job.num_threads,
            micro_batch_size=job.micro_batch_size,
            memory_fraction=job.memory_fraction,
            keep_weights=job.place.keep_weights,
            mirror=self._shelf.mirror,
            on_event=self._note_event,
        )

    def _note_event(self, event: str, fields: Mapping[str, Any]) -> None:
        if event == "oom":
            self.micro_batch_size = fields["micro_batch_size"]
        self._log.write(event, **fields)
        self._heartbeat.note(event, fields)


def _published_status(job: Job) -> str | None:
    """Status of a trial whose last attempt published its rows and was killed before it could say so; else none."""
    row = ResultStore.open(job.place.folder).read_trial(job.unit_id)
    return str(row["status"]) if row is not None and row["launch_id"] == job.place.launch_id else None


def _note(job: Job) -> str | None:
    if job.former_status is None:
        return None
    return f"rerun of {job.former_status}" + (f": {job.place.note}" if job.place.note else "")
