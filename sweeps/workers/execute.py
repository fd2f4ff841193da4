"""Run one unit where it stands, once, and publish what comes of it. Used with and without Ray.

In: a `Job`, plain enough to be sent to another machine. Out: files in the sweep folder, and a `UnitOutcome`. Imports
torch when it runs.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from results.store import ResultStore
from sweeps.growth.rerun import RESULTS
from sweeps.observing.events import LOGS_FOLDER, EventLog, log_path
from sweeps.observing.heartbeats import PROGRESS_FOLDER, HeartbeatFile, beating
from sweeps.observing.uploading import uploading
from sweeps.tables.rows import publish_failure, publish_result
from sweeps.tables.takeover import known_scores, publish_merged
from sweeps.units.claims import Claim, claim_path, claimed
from sweeps.units.failures import MAX_ATTEMPTS, MAX_FAILURES, Failure, describe_failure
from sweeps.units.job import SCRATCH, Job
from sweeps.workers.attempts import begin_attempt, count_attempts, count_failure, forget_attempt
from sweeps.workers.outcomes import CLAIMED, DAMAGED, DONE, FAILED, RUNG, STORAGE, UnitOutcome
from sweeps.workers.shelf import Shelf, open_shelf
from xlt_core.artifacts import is_published, remove_partial_folders
from xlt_core.errors import DamagedArtifactError
from xlt_core.plan import TrialPlan
from xlt_core.spec import TrialSpec
from xlt_core.stage_plan import Stage
from xlt_core.workspace import Workspace

if TYPE_CHECKING:
    from xlt_core.progress import OnProgress
    from xlt_core.trial_stages import TrainedTrial

_Made = TypeVar("_Made")

OnReport = Callable[[], None]
"""Called a few times a second from within the work, for whoever waits for it in the same process."""


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
    attempt = Attempt(job)

    def run() -> UnitOutcome:
        published = None if job.kind == "stage" else attempt.find_published()
        if published is not None:
            return published
        with beating(job.place.scratch / PROGRESS_FOLDER, job.unit_id, job.title, on_report) as heartbeat:
            worker = attempt.begin(heartbeat, rung)
            return worker.run_stage() if job.kind == "stage" else worker.run_trial(rung, attempt.number)

    return attempt.conclude(run)


class Attempt:
    """One attempt at one unit: it is counted, told in the unit's log, and what it raises is sorted."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.number = MAX_ATTEMPTS
        """Until it has begun: what fails before that is not tried again."""
        self.log = self._open_log(attempt=0)
        self._worker: Worker | None = None

    def find_published(self) -> UnitOutcome | None:
        """Find a trial whose last attempt published its rows and was killed before it could say so."""
        row = ResultStore.open(self.job.place.folder).read_trial(self.job.unit_id)
        is_ours = row is not None and row["launch_id"] == self.job.place.launch_id
        return UnitOutcome(status=str(row["status"])) if row is not None and is_ours else None

    def begin(self, heartbeat: HeartbeatFile, rung: int = 0) -> "Worker":
        """Count it, and give who does the work."""
        self.number = begin_attempt(self.job) if rung == 0 else count_attempts(self.job)
        self.log = self._open_log(attempt=self.number)
        if rung == 0:
            self.log.write("attempt", kind=self.job.kind, title=self.job.title)
        self._worker = Worker(self.job, self.log, open_shelf(self.job.place), heartbeat)
        if self.number == 1 and self.job.former_status in RESULTS:
            self._worker.discard_weights()
        return self._worker

    def take_back(self) -> None:
        """Have it not counted: it could not begin, through no fault of the unit."""
        forget_attempt(self.job, self.number)

    def conclude(self, run: Callable[[], _Made]) -> _Made | UnitOutcome:
        """Run; tell the log of an outcome, and make one, with a row, of a failure that is final.

        Raises:
            Exception: as `attempt_unit`.
        """
        try:
            outcome = run()
        except Exception as error:
            failed = self._fail(error)
            if failed is None:
                raise
            return failed
        if not isinstance(outcome, UnitOutcome):
            return outcome
        if outcome.status == RUNG:
            self.log.write("rung", num_steps=outcome.num_steps, score=outcome.source_dev_score)
        elif self._worker is not None:
            if outcome.status == CLAIMED:
                self.take_back()
            self.log.write("stopped" if outcome.status == CLAIMED else "published", status=outcome.status)
        return outcome

    def _fail(self, error: Exception) -> UnitOutcome | None:
        """None: another attempt is to follow."""
        failure, worker = describe_failure(error), self._worker
        if failure.status == "oom" and worker is not None:
            failure = _with_micro_batch(failure, worker.micro_batch_size)
        will_retry = failure.may_retry and self.number < MAX_ATTEMPTS and count_failure(self.job) < MAX_FAILURES
        self.log.write("failed", reason=failure.reason, traceback=failure.traceback, will_retry=will_retry)
        if isinstance(error, DamagedArtifactError):
            open_shelf(self.job.place).set_aside(error.stage_key)
            self.take_back()
            return UnitOutcome(status=DAMAGED, stage_key=error.stage_key)
        if failure.storage_trouble:
            return UnitOutcome(status=STORAGE, failure=failure)
        return None if will_retry else conclude_failure(self.job, failure, self.number)

    def _open_log(self, attempt: int) -> EventLog:
        place = self.job.place
        return EventLog(log_path(place.work_folder, self.job.unit_id), launch_id=place.launch_id, attempt=attempt)


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


class Worker:
    """One attempt at one unit."""

    def __init__(self, job: Job, log: EventLog, shelf: Shelf, heartbeat: HeartbeatFile) -> None:
        self._job = job
        self._log = log
        self._shelf = shelf
        self._heartbeat = heartbeat
        self.on_progress: OnProgress = heartbeat.report
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
            run_stage(stage, spec, self.workspace(), self.on_progress)
            shelf.push(stage.key)
        return UnitOutcome(status=DONE)

    def run_trial(self, rung: int, attempt: int) -> UnitOutcome:
        """Train up to the next rung, or to the end and publish the rows."""
        from xlt_core.rungs import advance_trial

        job = self._job
        plan = self.fetch_stages()
        if job.kind == "trial" and rung < len(job.rung_steps):
            report = advance_trial(plan, self.workspace(), job.rung_steps[rung], self.on_progress)
            if report.diverged_reason is None:
                return UnitOutcome(status=RUNG, num_steps=report.num_steps, source_dev_score=report.source_dev_score)
        return self.finish_trial(plan, attempt)

    def fetch_stages(self) -> TrialPlan:
        """Have the stages here that a trial needs; it computes none: others may wait for it, or be at it already.

        Raises:
            DamagedArtifactError: one is gone.
        """
        plan = TrialPlan.model_validate_json(self._job.payload)
        self._shelf.fetch([stage.key for stage in plan.shared_stages])
        if not self.has_weights(plan):
            for stage in plan.shared_stages:
                if not is_published(self._shelf.stages / stage.key):
                    raise DamagedArtifactError(f"{self._shelf.stages / stage.key} is gone", stage.key)
        return plan

    def has_weights(self, plan: TrialPlan) -> bool:
        """Whether the trained model is there, so that the trial is only scored."""
        return self._shelf.has_weights(plan.target_stage.key) and not plan.spec.evaluation.other_selections

    def discard_weights(self) -> None:
        """Let go of what was kept of a training that is to be done again."""
        plan = TrialPlan.model_validate_json(self._job.payload)
        self._shelf.discard_weights(plan.target_stage.key)

    def finish_trial(self, plan: TrialPlan, attempt: int, trained: "TrainedTrial | None" = None) -> UnitOutcome:
        """Train to the end, unless that was done with others, and publish the rows."""
        from xlt_core.run import discard_checkpoints, run_trial

        job, workspace, store = self._job, self.workspace(), ResultStore.open(self._job.place.folder)
        known = known_scores(store, job.predecessor, plan, job.stop_at_step) if job.predecessor else frozenset()
        result = run_trial(
            plan,
            workspace,
            self.on_progress,
            stop_at_step=job.stop_at_step,
            stop_reason=job.stop_reason or None,
            known=known,
            trained=trained,
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
            wall_seconds=result.wall_seconds,
        )

    def workspace(self) -> Workspace:
        """Where and how the unit computes; what happens there is told to its log and its heartbeat."""
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


def _note(job: Job) -> str | None:
    if job.former_status is None:
        return None
    return f"rerun of {job.former_status}" + (f": {job.place.note}" if job.place.note else "")
