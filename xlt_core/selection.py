"""Scores of a trial's other weights than the last: chosen on dev sets, or averaged. In: candidates. Out: scores.

Labels of target languages are looked at by `target_oracle` alone, whose rows say so (Keung et al. 2020, 2004.15001);
means of weights are those of Schmidt et al. 2023 (2305.16834). Nothing of it reaches training.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from xlt_core.candidates import Candidates
from xlt_core.errors import EncoderError, ScoreError
from xlt_core.evaluate import explain_missing_scores
from xlt_core.metrics import compute_metric
from xlt_core.model import TrialModel
from xlt_core.plan import TrialPlan
from xlt_core.predict import Predictor
from xlt_core.result import LanguageScore
from xlt_core.scoring import CLEAN, score_clean
from xlt_core.spec import Selection
from xlt_core.tasks import load_task
from xlt_core.workspace import Workspace

DevScores = Mapping[int, Mapping[str, float | str]]
"""By step and language the primary metric on its dev set, 0 to 100, or the reason why there is none."""


def score_selections(
    plan: TrialPlan,
    model: TrialModel,
    candidates: Candidates,
    num_steps: int,
    last: Sequence[LanguageScore],
    workspace: Workspace,
    known: Collection[tuple[str, str]] = (),
) -> tuple[LanguageScore, ...]:
    """Score every language on clean data under every rule but `last`; each distinct set of weights once.

    Args:
        plan: of the trial.
        model: trained; has its last weights again in the end.
        candidates: of its training.
        num_steps: that were taken.
        last: scores of the last weights.
        workspace: where tokens are.
        known: language and name of the condition of what is not scored again.
    """
    languages = tuple(language for language in plan.languages if (language, CLEAN) not in known)
    steps = candidates.finish(num_steps)
    dev = _score_dev(plan, model, candidates, steps, languages, workspace)
    chosen = {
        name: {language: _choose(dev, _read_language(plan, name, language)) for language in languages}
        for name in plan.spec.evaluation.other_selections
        if name != "averaged"
    }
    found = {num_steps: [score for score in last if score.condition == CLEAN]}
    for step in steps[:-1]:
        asked = {language for each in chosen.values() for language, choice in each.items() if choice == step}
        if asked:
            candidates.load(step)
            found[step] = list(score_clean(plan, model, workspace, asked))
    scores: list[LanguageScore] = []
    for name in plan.spec.evaluation.other_selections:
        if name == "averaged":
            candidates.load_mean(steps)
            scores += _rename(score_clean(plan, model, workspace, languages), name)
            continue
        for language, choice in chosen[name].items():
            if isinstance(choice, str):
                scores += _rename(explain_missing_scores(load_task(plan.spec.target.task), language, choice), name)
            else:
                scores += _rename((score for score in found[choice] if score.language == language), name)
        steps_taken = {language: choice for language, choice in chosen[name].items() if isinstance(choice, int)}
        workspace.tell("selected", selection=name, steps=steps_taken)
    candidates.load(num_steps)
    return tuple(scores)


def _score_dev(
    plan: TrialPlan,
    model: TrialModel,
    candidates: Candidates,
    steps: Iterable[int],
    languages: Iterable[str],
    workspace: Workspace,
) -> DevScores:
    """Score the dev sets that the rules look at, with the weights after each step."""
    names = [name for name in plan.spec.evaluation.other_selections if name != "averaged"]
    read = dict.fromkeys(_read_language(plan, name, language) for name in names for language in languages)
    dev: dict[int, dict[str, float | str]] = {}
    for step in steps if read else ():
        candidates.load(step)
        predictor = Predictor(model, plan.spec.target, plan.spec, workspace)
        dev[step] = {language: _measure_dev(plan, predictor, language) for language in read}
    return dev


def _read_language(plan: TrialPlan, name: Selection, language: str) -> str:
    """Whose dev set a rule looks at to choose the weights for a language."""
    return language if name == "target_oracle" else load_task(plan.spec.target.task).source_language


def _measure_dev(plan: TrialPlan, predictor: Predictor, language: str) -> float | str:
    settings = plan.spec.target
    task, data = load_task(settings.task), settings.data_of("dev")
    if language not in task.find_languages(data, "dev"):
        return f"no dev data of '{language}' in '{data}' to choose the weights by"
    try:
        return compute_metric(task.metrics[0], predictor.predict("dev", language).predictions).value
    except (EncoderError, ScoreError) as error:  # the encoder, or the metric, does not know this language
        return f"the dev set of '{language}' has no score to choose the weights by: {error}"


def _choose(dev: DevScores, language: str) -> int | str:
    """The step with the best score, of several the earliest; or the reason why there is none."""
    scores = {step: values[language] for step, values in dev.items()}
    numbers = {step: score for step, score in scores.items() if isinstance(score, float)}
    if not numbers:
        return str(next(iter(scores.values())))
    return max(numbers, key=lambda step: (numbers[step], -step))


def _rename(scores: Iterable[LanguageScore], name: Selection) -> list[LanguageScore]:
    return [replace(score, selection=name) for score in scores]
