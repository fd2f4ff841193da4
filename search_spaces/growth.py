"""What may grow while a sweep stays the same sweep, and whether it did. In: spaces of one sweep. Out: a space, a spec.

Axes, seeds, languages and conditions are added to; name and base are kept.
"""

import json
from typing import Any

from pydantic import JsonValue

from search_spaces.axes import written_paths
from search_spaces.expand import expand_space
from search_spaces.settings import lay_over, nest
from search_spaces.space import SearchSpace
from xlt_core.benchmarks import benchmark_languages
from xlt_core.canonical_spec import canonical_trial_spec
from xlt_core.conditions.checks import list_asked_languages
from xlt_core.conditions.spec import settle_conditions
from xlt_core.errors import SpecError
from xlt_core.spec import EvaluationSpec, TrialSpec
from xlt_core.tasks import load_task

GROWING = ("languages", "conditions")
"""Settings of the evaluation in which a sweep may grow: they say what is scored, not what is trained."""

Languages = str | tuple[str, ...]
"""Codes, or a name that stands for codes."""


def fixed_base(space: SearchSpace) -> dict[str, JsonValue]:
    """The base, nested, without what may grow: what a sweep keeps as long as it lives."""
    base = nest(space.base)
    evaluation = base.get("evaluation")
    if isinstance(evaluation, dict):
        base["evaluation"] = {key: value for key, value in evaluation.items() if key not in GROWING}
        if not base["evaluation"]:
            del base["evaluation"]
    return base


def is_same_sweep(one: SearchSpace, other: SearchSpace) -> bool:
    """Whether two spaces are of one sweep: all else may be added to."""
    return (one.name, fixed_base(one), one.seeds_from) == (other.name, fixed_base(other), other.seeds_from)


def unite_evaluations(asked: SearchSpace, held: SearchSpace) -> SearchSpace:
    """Give `asked` with what either space scores: what a sweep scores only grows, or cells could not be compared.

    Raises:
        SpecError: named sets of languages that have no union, or two conditions of one name.
    """
    new, old = read_evaluation(asked), read_evaluation(held)
    languages = unite_languages(old.languages, new.languages, asked)
    conditions = _unite_conditions(old, new)
    base = asked.base
    if languages != new.languages:
        base = lay_over(nest(base), ("evaluation", "languages"), _as_json(languages))
    if conditions != _whole(new):
        dumped: JsonValue = [condition.model_dump(mode="json") for condition in conditions]
        base = lay_over(nest(base), ("evaluation", "conditions"), dumped)
    return asked.model_copy(update={"base": base})


def widen_spec(spec: TrialSpec, space: SearchSpace) -> TrialSpec:
    """Give a planned trial's spec as the space would have it scored now, canonical; no axis' own settings change."""
    evaluation, varied = read_evaluation(space), _varied(space)
    asked = {"languages": evaluation.languages, "conditions": _whole(evaluation)}
    grown = {name: value for name, value in asked.items() if name not in varied}
    return canonical_trial_spec(spec.model_copy(update={"evaluation": spec.evaluation.model_copy(update=grown)}))


def check_grows(held: SearchSpace, asked: SearchSpace) -> None:
    """See that a space asks for all that another one asks for.

    Raises:
        SpecError: it is another sweep's, or leaves out trials, languages or conditions; says which.
    """
    if not is_same_sweep(held, asked):
        raise SpecError(
            f"sweep '{held.name}': an extension keeps the name, the base and where seeds vary from; only axes, seeds, "
            "languages, conditions, search, baseline and resources may be changed. For another base, run a space into "
            "a folder of its own: xlt sweep run SPACE --out DIR"
        )
    varied = _varied(asked)
    wanted = {_without_growing(trial.spec, varied): trial.spec for trial in expand_space(asked)}
    trials = expand_space(held)
    lost = [trial for trial in trials if _without_growing(trial.spec, varied) not in wanted]
    gone = set(held.seed_values) - set(asked.seed_values)
    if lost:
        seeds = f"; given {_list_seeds(asked)}, and the sweep has {_list_seeds(held)}" if gone else ""
        raise SpecError(
            f"{len(lost)} of {len(trials)} trials would no longer be asked for, such as '{lost[0].cell} · seed "
            f"{lost[0].spec.seed}': an extension adds and removes nothing. Give the old seeds and values beside the new"
            f"{seeds}"
        )
    for trial in trials:
        _check_scored(trial.spec, wanted[_without_growing(trial.spec, varied)])


def _list_seeds(space: SearchSpace) -> str:
    seeds = space.seed_values
    return f"seeds={len(seeds)}" if seeds == tuple(range(len(seeds))) else f"seeds={list(seeds)}"


def _check_scored(old: TrialSpec, new: TrialSpec) -> None:
    """Refuse languages and conditions that are left out."""
    languages = sorted(set(list_asked_languages(old)) - set(list_asked_languages(new)))
    kept = {condition.name for condition in new.evaluation.conditions}
    conditions = [condition.name for condition in old.evaluation.conditions if condition.name not in kept]
    for kind, gone in (("languages", languages), ("conditions", conditions)):
        if gone:
            raise SpecError(
                f"{kind} {', '.join(gone)} would no longer be scored: an extension adds and removes nothing. Give them "
                f"beside the new, or only the new with a plus in front, as in --{kind} +NEW"
            )


def read_evaluation(space: SearchSpace) -> EvaluationSpec:
    """What the base says of languages and conditions, or the defaults."""
    written = nest(space.base).get("evaluation")
    settings = written if isinstance(written, dict) else {}
    return EvaluationSpec.model_validate_json(json.dumps({key: settings[key] for key in GROWING if key in settings}))


def _varied(space: SearchSpace) -> set[str]:
    """Those of `GROWING` that an axis sets."""
    paths = {(*name.split("."), *path) for name, values in space.axes.items() for path in written_paths(values)}
    return {name for name in GROWING if any(path[:2] == ("evaluation", name) for path in paths)}


def _without_growing(spec: TrialSpec, varied: set[str]) -> TrialSpec:
    """The spec with the defaults of what may grow, but for what an axis varies."""
    defaults = {name: value for name, value in EvaluationSpec() if name in GROWING and name not in varied}
    return spec.model_copy(update={"evaluation": spec.evaluation.model_copy(update=defaults)})


def unite_languages(held: Languages, asked: Languages, space: SearchSpace) -> Languages:
    """Languages that either names, by a name that stands for them where one does.

    Raises:
        SpecError: two names, or a name and a list, where the space has several target tasks.
    """
    if held == asked:
        return asked
    if "all" in (held, asked):
        return "all"
    if isinstance(held, tuple) and isinstance(asked, tuple):
        return asked if set(held) <= set(asked) else tuple(dict.fromkeys((*held, *asked)))
    tasks = {trial.spec.target.task for trial in expand_space(space)}
    if len(tasks) > 1:
        raise SpecError(
            f"evaluation.languages: '{held}' and '{asked}' name other languages for each of the tasks "
            f"{', '.join(sorted(tasks))}; give 'all', or list the languages"
        )
    name = load_task(tasks.pop()).name
    lists = (benchmark_languages(each, name) if isinstance(each, str) else each for each in (held, asked))
    return tuple(dict.fromkeys(language for each in lists for language in each))


def _unite_conditions(held: EvaluationSpec, asked: EvaluationSpec) -> tuple[Any, ...]:
    try:
        return settle_conditions((*_whole(held), *_whole(asked)))
    except ValueError as error:
        raise SpecError(f"evaluation.conditions: {error}") from error


def _whole(evaluation: EvaluationSpec) -> tuple[Any, ...]:
    """Conditions with the whole paths of their files, as plans hold them."""
    return tuple(condition.with_whole_paths() for condition in evaluation.conditions)


def _as_json(languages: Languages) -> JsonValue:
    return languages if isinstance(languages, str) else list(languages)
