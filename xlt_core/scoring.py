"""Scores of a trained trial: every language under every condition. In: a plan and a model. Out: scores, predictions."""

from collections.abc import Collection, Iterable, Iterator, Set
from dataclasses import replace
from typing import NamedTuple

from xlt_core.conditions import load_condition
from xlt_core.conditions.base import View
from xlt_core.conditions.checks import select_test_sets
from xlt_core.conditions.spec import CleanSpec
from xlt_core.errors import EncoderError
from xlt_core.evaluate import explain_missing_scores, score_predictions
from xlt_core.model import TrialModel
from xlt_core.plan import TrialPlan
from xlt_core.predict import Predictor
from xlt_core.result import LanguageScore, Predictions
from xlt_core.tasks import load_task
from xlt_core.workspace import Workspace

CLEAN = CleanSpec().name


class Evaluation(NamedTuple):
    """What scoring came to; a language that could not be scored has scores with a reason, and no predictions."""

    scores: tuple[LanguageScore, ...]
    predictions: tuple[Predictions, ...]


class _NamedView(NamedTuple):
    condition: str
    view: View


def score_trial(
    plan: TrialPlan, model: TrialModel, workspace: Workspace, known: Set[tuple[str, str]] = frozenset()
) -> Evaluation:
    """Score every planned language under every condition, one after the other.

    Args:
        plan: of the trial.
        model: trained, on the workspace's device.
        workspace: where tokens are.
        known: language and name of the condition of what is not scored again.
    """
    views = (named for named in _all_views(plan) if (named.view.language, named.condition) not in known)
    return _score_views(plan, model, workspace, views)


def score_clean(
    plan: TrialPlan, model: TrialModel, workspace: Workspace, languages: Collection[str]
) -> tuple[LanguageScore, ...]:
    """Score some languages on clean data, with other weights than the last; arguments as those of `score_trial`."""
    views = (named for named in _all_views(plan) if named.condition == CLEAN and named.view.language in languages)
    return _score_views(plan, model, workspace, views).scores


def _score_views(plan: TrialPlan, model: TrialModel, workspace: Workspace, views: Iterable["_NamedView"]) -> Evaluation:
    settings, evaluation = plan.spec.target, plan.spec.evaluation
    task, data = load_task(settings.task), settings.data_of(evaluation.split)
    found = set(task.find_languages(data, evaluation.split))
    predictor = Predictor(model, settings, plan.spec, workspace)
    scores: list[LanguageScore] = []
    predictions: list[Predictions] = []
    known_ids: dict[tuple[str, ...], tuple[str, ...]] = {}  # parallel test sets share theirs; there may be 225 views
    for condition, view in views:
        if not {view.language, view.condition_language or view.language} <= found:
            scores += _explain(plan, condition, view, f"no {evaluation.split} data in '{data}'")
            continue
        try:
            predicted, counts = predictor.predict(
                evaluation.split,
                view.language,
                edit=view.edit,
                disturbance=view.disturbance,
                max_examples=evaluation.max_examples,
            )
        except EncoderError as error:  # the encoder does not know this language
            scores += _explain(plan, condition, view, str(error))
            continue
        predicted = replace(
            predicted,
            example_ids=known_ids.setdefault(predicted.example_ids, predicted.example_ids),
            condition=condition,
            condition_language=view.condition_language,
        )
        scored = score_predictions(predicted, task, counts)
        scores += scored.scores
        if any(score.value is not None for score in scored.scores):
            predictions.append(scored.predictions)
        workspace.tell(
            "scored",
            language=view.language,
            condition=condition,
            condition_language=view.condition_language,
            value=scored.scores[0].value,
        )
    return Evaluation(tuple(scores), tuple(predictions))


def explain_divergence(plan: TrialPlan, reason: str) -> Evaluation:
    """A reason in the place of every score."""
    rows = [row for condition, view in _all_views(plan) for row in _explain(plan, condition, view, reason)]
    clean = [row for row in rows if row.condition == CLEAN]
    others = [replace(row, selection=name) for name in plan.spec.evaluation.other_selections for row in clean]
    return Evaluation((*rows, *others), ())


def _all_views(plan: TrialPlan) -> Iterator[_NamedView]:
    for spec in plan.spec.evaluation.conditions:
        sets = select_test_sets(spec, plan.spec, plan.languages)
        for view in load_condition(spec.kind)(spec).views(sets):
            yield _NamedView(spec.name, view)


def _explain(plan: TrialPlan, condition: str, view: View, reason: str) -> tuple[LanguageScore, ...]:
    return explain_missing_scores(
        load_task(plan.spec.target.task),
        view.language,
        reason,
        condition=condition,
        condition_language=view.condition_language,
    )
