"""Whether conditions have a meaning for the task and the languages beside them, and what is scored under them.

In: a trial's settings; no data are looked at.
"""

from collections.abc import Sequence

from xlt_core.conditions import CONDITIONS
from xlt_core.conditions.base import TestSets
from xlt_core.conditions.spec import CodeSwitchSpec, ConditionSettings, SynonymsSpec
from xlt_core.edits.units import UNSPACED_SCRIPTS
from xlt_core.errors import SpecError
from xlt_core.languages import LANGUAGES
from xlt_core.spec import TrialSpec
from xlt_core.tasks import load_task


def check_conditions(spec: TrialSpec) -> None:
    """Refuse conditions that mean nothing for what is scored.

    Raises:
        SpecError: a kind for another shape of task, a language that is not scored, words of a language without spaces.
    """
    task, asked = load_task(spec.target.task), spec.evaluation.languages
    scored = task.languages if asked == "all" else asked
    for condition in spec.evaluation.conditions:
        shapes = CONDITIONS[condition.kind].shapes
        if task.shape not in shapes:
            raise SpecError(
                f"condition '{condition.name}' has no meaning for task '{task.name}' of shape '{task.shape}'; "
                f"it is for tasks of shape {' or '.join(shapes)}"
            )
        unscored = [language for language in condition.chosen_languages or () if language not in scored]
        if unscored:
            raise SpecError(
                f"condition '{condition.name}' is for {', '.join(unscored)}, which is not scored; "
                f"scored are {', '.join(scored)}"
            )
        if isinstance(condition, SynonymsSpec | CodeSwitchSpec) and task.shape == "pair":
            _check_spaces(condition)


def select_test_sets(condition: ConditionSettings, spec: TrialSpec, languages: Sequence[str]) -> TestSets:
    """The test sets that are scored under a condition, languages in the order of all `languages` of the trial."""
    chosen = condition.chosen_languages
    return TestSets(
        task=load_task(spec.target.task),
        data=spec.target.data,
        split=spec.evaluation.split,
        languages=tuple(language for language in languages if chosen is None or language in chosen),
    )


def _check_spaces(condition: SynonymsSpec | CodeSwitchSpec) -> None:
    language = LANGUAGES.get(condition.language)
    if language is not None and language.script in UNSPACED_SCRIPTS:
        raise SpecError(
            f"condition '{condition.name}': words of {language.name} are not parted by spaces, so that none of a text "
            "would be found in the file; allowed for tagging tasks, whose words are given, and for other languages"
        )
