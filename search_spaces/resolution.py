"""Whether what a space names is there: data, languages, encoder. In: `SearchSpace`. Out: gaps, or an error."""

from collections.abc import Iterable

from search_spaces.cell_checks import count_target_steps
from search_spaces.expand import SpaceTrial, expand_space, list_shown_specs, list_trials
from search_spaces.problems import Problem, SpaceError
from search_spaces.space import SearchSpace
from xlt_core.errors import XltError
from xlt_core.fingerprints import Fingerprints
from xlt_core.plan import plan_trial
from xlt_core.spec import TrialSpec
from xlt_core.tasks import load_task


def check_data(space: SearchSpace) -> dict[str, tuple[str, ...]]:
    """Plan every cell once, which reads its data and its encoder's files.

    Returns:
        Languages that will have no score, by the task and data that lack them.

    Raises:
        SpaceError: what cannot be found or used, each thing once, with the first cell that needs it.
    """
    fingerprints = Fingerprints()
    first_cells: dict[str, str] = {}
    absent: dict[str, tuple[str, ...]] = {}
    trials = _trials_to_check(space.model_copy(update={"seeds": 1}))
    for trial in trials:
        try:
            plan = plan_trial(trial.spec, fingerprints)
            target, split = plan.spec.target, plan.spec.evaluation.split
            data = target.data_of(split)
            place = f"{target.task}, {split} data in '{data}'"
            if place not in absent:
                found = load_task(target.task).find_languages(data, split)
                absent[place] = tuple(code for code in plan.languages if code not in found)
        except XltError as error:
            first_cells.setdefault(str(error), trial.cell)
    if first_cells:
        problems = [Problem((), f"cell '{cell}': {message}") for message, cell in first_cells.items()]
        raise SpaceError(problems, lambda _: f"space '{space.name}'")
    check_dev_sets(space, (trial.spec for trial in trials))
    return {place: languages for place, languages in absent.items() if languages}


def check_dev_sets(space: SearchSpace, specs: Iterable[TrialSpec]) -> None:
    """See that a scheduler has something to judge every trial by that it looks at.

    Raises:
        SpaceError: a target stage is trained whose task has no score on a dev set of its source language.
    """
    if space.scheduler.chosen is None:
        return
    looked_at = {(spec.target.task, spec.target.data_of("dev")) for spec in specs if count_target_steps(spec)}
    for name, data in sorted(looked_at):
        task = load_task(name)
        if task.shape != "dual" and task.source_language in task.find_languages(data, "dev"):
            continue
        lacking = (
            "its candidates would have to be ranked at every look"
            if task.shape == "dual"
            else f"'{data}' has none; expected: {task.describe_files(data, 'dev', task.source_language)}"
        )
        message = (
            f"a scheduler judges trials by the dev set of the source language, and task '{name}' is not scored on one: "
            f"{lacking}. Give data with a dev split, or scheduler: none"
        )
        raise SpaceError([Problem(("scheduler",), message)], lambda _: f"space '{space.name}'")


def _trials_to_check(space: SearchSpace) -> tuple[SpaceTrial, ...]:
    """Trials that read all that the space's trials may read."""
    trials = expand_space(space)
    if space.search.optuna is None:
        return trials
    return trials + list_trials(space, {spec: spec for spec in list_shown_specs(space)})
