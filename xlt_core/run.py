"""One trial, start to finish. In: a `TrialPlan` and a workspace. Out: a `TrialResult`; the caller stores it.

Interrupted anywhere, it goes on from its last checkpoint when it is called again with the same plan and workspace.
"""

import platform
import time
from collections.abc import Sequence, Set
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from xlt_core.errors import EncoderError
from xlt_core.memory import measure_peak_bytes
from xlt_core.plan import TrialPlan
from xlt_core.predict import Predictor
from xlt_core.process_state import describe_device, list_versions, select_device
from xlt_core.progress import OnProgress
from xlt_core.result import LanguageScore, Predictions, Rung, Status, TrialResult
from xlt_core.rungs import read_rungs
from xlt_core.scoring import Evaluation, explain_divergence, score_trial
from xlt_core.selection import score_selections
from xlt_core.tasks import load_task
from xlt_core.trial_stages import TrainedTrial, checkpoints_of, train_trial
from xlt_core.workspace import Workspace


def run_trial(
    plan: TrialPlan,
    workspace: Workspace,
    on_progress: OnProgress | None = None,
    *,
    stop_at_step: int | None = None,
    stop_reason: str | None = None,
    known: Set[tuple[str, str]] = frozenset(),
    trained: TrainedTrial | None = None,
) -> TrialResult:
    """Run the stages that are not published yet, train the target stage, score every language.

    A collapsed or diverged run is a result with that status; anything raised is the caller's to record. Where the
    weights of the target stage were kept, nothing is trained.

    Args:
        plan: of the trial.
        workspace: where and how.
        on_progress: told of every step.
        stop_at_step: train no further and score what is there, under the status `stopped_early`; none: to the end.
        stop_reason: for the row of a trial that is stopped.
        known: language and name of the condition of what was scored before: it is not scored again, and the result
            has neither scores nor predictions of it.
        trained: what an array of trials made of this one, which is only scored then; none: it is trained here.

    Raises:
        DamagedArtifactError: a published stage is not as it was; set it aside and run it again.
    """
    began = _Moment(datetime.now(UTC), time.perf_counter())
    if trained is None:
        trained = train_trial(plan, workspace, on_progress, until_step=stop_at_step)
    else:  # as if its own share of the array's training had been just now
        began = began.before(trained.own_seconds)
    evaluation_began = _Moment(datetime.now(UTC), time.perf_counter())
    evaluation = _evaluate(plan, trained, workspace, known)
    verdict = _judge(plan, trained, stop_at_step, stop_reason)
    rungs = read_rungs(checkpoints_of(plan, workspace), stop_at_step)
    return _report(plan, workspace, trained, evaluation, verdict, rungs, began=began, evaluation_began=evaluation_began)


class _Moment(NamedTuple):
    at: datetime
    seconds: float
    """Of a clock that only runs forward."""

    def before(self, seconds: float) -> "_Moment":
        return _Moment(self.at - timedelta(seconds=seconds), self.seconds - seconds)


def _report(
    plan: TrialPlan,
    workspace: Workspace,
    trained: TrainedTrial,
    evaluation: Evaluation,
    verdict: "_Verdict",
    rungs: tuple[Rung, ...],
    *,
    began: _Moment,
    evaluation_began: _Moment,
) -> TrialResult:
    """The result of a trial that has just ended."""
    finished = time.perf_counter()
    device, summary = select_device(workspace.device), trained.summary
    return TrialResult(
        trial_id=plan.trial_id,
        status=verdict.status,
        reason=verdict.reason,
        started_at=began.at.isoformat(),
        wall_seconds=finished - began.seconds,
        train_seconds=summary.train_seconds,
        evaluate_seconds=finished - evaluation_began.seconds,
        num_steps=summary.num_steps,
        final_train_loss=summary.final_train_loss,
        source_dev_score=summary.source_dev_score,
        stages=trained.costs,
        scores=evaluation.scores,
        predictions=evaluation.predictions,
        perturbation=summary.perturbation,
        versions=list_versions(),
        device=describe_device(device),
        host=platform.node(),
        arm=trained.arm,
        rungs=rungs,
        micro_batch_size=summary.micro_batch_size,
        peak_bytes=measure_peak_bytes(device),
    )


def _evaluate(plan: TrialPlan, trained: TrainedTrial, workspace: Workspace, known: Set[tuple[str, str]]) -> Evaluation:
    """Scores of the last weights under every condition, and of the other weights that are asked for."""
    if trained.model is None:
        return explain_divergence(plan, f"training diverged: {trained.reason}")
    scored = score_trial(plan, trained.model, workspace, known)
    if trained.candidates is None:
        return scored
    num_steps = trained.summary.num_steps
    others = score_selections(plan, trained.model, trained.candidates, num_steps, scored.scores, workspace, known)
    return Evaluation(_by_test_set((*scored.scores, *others)), scored.predictions)


def _by_test_set(scores: Sequence[LanguageScore]) -> tuple[LanguageScore, ...]:
    """Scores of one language and condition together, so that a trial scored in parts has the rows of a whole one."""
    places: dict[tuple[str, str], int] = {}
    for score in scores:
        places.setdefault((score.language, score.condition), len(places))
    return tuple(sorted(scores, key=lambda score: places[score.language, score.condition]))


class _Verdict(NamedTuple):
    status: Status
    reason: str | None


def _judge(plan: TrialPlan, trained: TrainedTrial, stop_at_step: int | None, stop_reason: str | None) -> _Verdict:
    """Status of a trial, which may have been stopped before its end."""
    settings, num_steps = plan.target_stage.settings, trained.summary.num_steps
    optim = settings.optim if settings else None
    if stop_at_step is None or trained.status == "diverged" or optim is None or num_steps >= optim.num_steps:
        return _Verdict(trained.status, trained.reason)
    stopped = stop_reason or f"stopped at step {num_steps} of {optim.num_steps}"
    return _Verdict("stopped_early", "; ".join(filter(None, (stopped, trained.reason))))


class TrialAnswers(NamedTuple):
    """What a trial answers on test sets that may have no labels."""

    status: Status
    reason: str | None
    """Why the status is not `ok`."""
    predictions: tuple[Predictions, ...]
    """One a language; none where training diverged."""
    missing: dict[str, str]
    """Languages without predictions, and why."""


def predict_trial(plan: TrialPlan, workspace: Workspace, on_progress: OnProgress | None = None) -> TrialAnswers:
    """Run the stages as `run_trial` does, and answer the whole test set of every language, labelled or not."""
    trained = train_trial(plan, workspace, on_progress)
    if trained.model is None:
        return TrialAnswers(trained.status, trained.reason, (), dict.fromkeys(plan.languages, "training diverged"))
    settings, split = plan.spec.target, plan.spec.evaluation.split
    data = settings.data_of(split)
    found = load_task(settings.task).find_languages(data, split)
    missing = {language: f"no {split} data in '{data}'" for language in plan.languages if language not in found}
    predictor = Predictor(trained.model, settings, plan.spec, workspace)
    predictions: list[Predictions] = []
    for language in plan.languages:
        if language in missing:
            continue
        try:
            predictions.append(predictor.predict(split, language, needs_labels=False).predictions)
        except EncoderError as error:  # the encoder does not know this language
            missing[language] = str(error)
    return TrialAnswers(trained.status, trained.reason, tuple(predictions), missing)


def discard_checkpoints(plan: TrialPlan, workspace: Workspace) -> None:
    """Delete a trial's unfinished training; called when its result is stored."""
    checkpoints_of(plan, workspace).clear()
