"""Whether a trial's settings have a meaning beside each other: tasks, languages, perturbations, conditions.

In: a canonical spec. Out: what is wrong, by key. Light; no data are looked at.
"""

from collections.abc import Iterator
from typing import NamedTuple

from xlt_core.conditions.checks import check_conditions, list_asked_languages
from xlt_core.conditions.spec import CleanSpec
from xlt_core.difficulty import misfits as difficulty_misfits
from xlt_core.encoders.configuration import EncoderFacts, read_encoder_facts
from xlt_core.encoders.families import explain_slow_tokenizer
from xlt_core.errors import SpecError
from xlt_core.perturbations import checks as perturbation_checks
from xlt_core.recipe import ModelSpec
from xlt_core.spec import DisturbanceSpec, TrialSpec
from xlt_core.tasks import load_task
from xlt_core.tasks.base import FROZEN_SHAPES


class Misfit(NamedTuple):
    """A setting that does not go with others."""

    path: tuple[str, ...]
    message: str
    """What was given, what is allowed, what to do."""


def check_settings(spec: TrialSpec) -> None:
    """Refuse a combination of settings that has no meaning.

    Raises:
        SpecError: a line for each thing that is wrong.
    """
    messages = [misfit.message for misfit in find_misfits(spec)]
    if messages:
        raise SpecError("\n".join(messages))


def find_misfits(spec: TrialSpec) -> Iterator[Misfit]:
    """Say what of a trial has no meaning."""
    for name, stage in (("intermediate", spec.intermediate), ("target", spec.target)):
        if stage is None:
            continue
        for misfit in difficulty_misfits.find_misfits(stage, spec.encoder):
            yield Misfit((name, *misfit.field), misfit.message)
        found = (
            misfit
            for task in stage.tasks
            for misfit in perturbation_checks.find_misfits(stage.perturbation, task, spec.encoder, spec.model)
        )
        for field, message in dict.fromkeys(found):
            yield Misfit((name, "perturbation", field), message)
    yield from _find_mixture_misfits(spec)
    said: set[str] = set()
    for path, check in (
        (("evaluation", "languages"), check_languages),
        (("evaluation", "conditions"), _check_conditions),
        (("evaluation", "embedding"), _check_embedding),
        (("evaluation", "selections"), _check_selections),
        (("evaluation", "max_examples"), _check_max_examples),
        (("intermediate", "task"), _check_trains),
    ):
        try:
            check(spec)
        except SpecError as error:
            if str(error) not in said:  # languages that cannot be told are in the way of checking conditions, too
                said.add(str(error))
                yield Misfit(path, str(error))
    facts = read_encoder_facts(spec.encoder.source)
    yield from _find_room_misfits(spec)
    if facts is not None:
        yield from _find_encoder_misfits(spec, facts)


def _find_mixture_misfits(spec: TrialSpec) -> Iterator[Misfit]:
    """Say what cannot be trained beside a stage's own task."""
    for field in ("beside", "masked_lm"):
        if getattr(spec.target, field):
            yield Misfit(
                ("target", field),
                f"{field}: the target stage trains its own task and nothing else; give it to the intermediate stage",
            )
    stage = spec.intermediate
    if stage is None or not (stage.beside or stage.masked_lm):
        return
    if stage.curriculum is not None:
        yield Misfit(
            ("intermediate", "curriculum"),
            "curriculum: its pace is counted in steps of one task, and here other steps come between; leave it out, or "
            "'beside' and 'masked_lm'",
        )
    known = {(stage.task, stage.data_of("train"))}
    for beside in stage.beside:
        if load_task(beside.task).shape in FROZEN_SHAPES:
            yield Misfit(("intermediate", "beside"), f"beside: task '{beside.task}' trains nothing; leave it out")
        if (beside.task, beside.data) in known:
            yield Misfit(
                ("intermediate", "beside"),
                f"beside: task '{beside.task}' on '{beside.data}' is named twice; once will do",
            )
        known.add((beside.task, beside.data))


def _find_room_misfits(spec: TrialSpec) -> Iterator[Misfit]:
    """Say where a question that is cut as asked would leave no token of its context to be read."""
    tasks = [task for stage in (spec.intermediate, spec.target) if stage for task in stage.tasks]
    if all(load_task(task).shape != "span" for task in tasks):
        return
    length, question_length = spec.model.max_length, spec.model.questions.max_question_length
    if question_length >= length:
        yield Misfit(
            ("model", "questions", "max_question_length"),
            f"questions of up to {question_length} tokens leave no room for a context in {length}; lower "
            "model.questions.max_question_length (XTREME: 64), or raise model.max_length (XTREME: 384)",
        )


def _find_encoder_misfits(spec: TrialSpec, facts: EncoderFacts) -> Iterator[Misfit]:
    """Say what of a trial asks of its encoder what its configuration says that it cannot do."""
    length = spec.model.max_length
    # As many tokens as the default says are a wish that nobody uttered: texts are cut where the encoder ends.
    if facts.max_length is not None and length > facts.max_length and length != ModelSpec().max_length:
        yield Misfit(
            ("model", "max_length"),
            f"max_length {length}: this encoder reads at most {facts.max_length} tokens, special ones included; "
            f"set model.max_length to {facts.max_length} or less, or take an encoder with more positions",
        )
    if spec.evaluation.embedding is not None and facts.num_layers is not None:
        try:
            spec.evaluation.embedding.find_layer(facts.num_layers)
        except SpecError as error:
            yield Misfit(("evaluation", "embedding", "layer"), str(error))
    for name, stage in (("intermediate", spec.intermediate), ("target", spec.target)):
        if stage is None or not facts.has_slow_tokenizer:
            continue
        if any(load_task(task).shape == "span" for task in stage.tasks):
            tokenizer = f"the tokenizer of an encoder of the type '{facts.model_type}'"
            yield Misfit((name, "task"), explain_slow_tokenizer(tokenizer))


def check_languages(spec: TrialSpec) -> None:
    """Refuse languages that the target task does not have, whatever its data hold.

    Raises:
        SpecError: names them; or none is asked for.
    """
    task, asked = load_task(spec.target.task), list_asked_languages(spec)
    if not asked:
        raise SpecError("no language to be scored; allowed: 'all', or a list of at least one language of the task")
    unknown = [language for language in asked if language not in task.languages]
    if unknown:
        raise SpecError(f"task '{task.name}' has no language {', '.join(unknown)}; it has {', '.join(task.languages)}")


def _check_conditions(spec: TrialSpec) -> None:
    """Refuse conditions without a meaning, those that disturb a site included.

    Raises:
        SpecError: names the condition.
    """
    check_conditions(spec)
    for condition in spec.evaluation.conditions:
        if isinstance(condition, DisturbanceSpec):
            for _, message in perturbation_checks.find_misfits(
                condition.perturbation, spec.target.task, spec.encoder, spec.model
            ):
                raise SpecError(f"condition '{condition.name}': {message}")


def _check_embedding(spec: TrialSpec) -> None:
    """Refuse to score an encoder's vectors without being told which they are, and to be told so for nothing.

    Raises:
        SpecError: says what XTREME took.
    """
    task, embedding = load_task(spec.target.task), spec.evaluation.embedding
    if task.shape in FROZEN_SHAPES and embedding is None:
        raise SpecError(
            f"task '{task.name}' compares vectors of an encoder that it does not train; say which: "
            "embedding: {layer: 8, pooling: mean, special_tokens: true}, for example. XTREME's scripts take the output "
            "of block 8 of mBERT and 14 of XLM-R large for tatoeba, and of block 8 for bucc2018; choose on other data "
            "than the test sets"
        )
    if task.shape not in FROZEN_SHAPES and embedding is not None:
        raise SpecError(
            f"embedding: read only by tasks of the shapes {' and '.join(FROZEN_SHAPES)}; '{task.name}' is of shape "
            f"'{task.shape}'. Leave it out"
        )


def _check_selections(spec: TrialSpec) -> None:
    """Refuse to choose among weights where nothing is trained, and to score those that are chosen on nothing.

    Raises:
        SpecError: names the rules.
    """
    task, names = load_task(spec.target.task), spec.evaluation.other_selections
    if not names:
        return
    if task.shape in FROZEN_SHAPES:
        raise SpecError(
            f"selections {', '.join(names)}: task '{task.name}' trains nothing, so that there is one set of weights "
            "and none to choose; leave evaluation.selections out"
        )
    if all(condition.name != CleanSpec().name for condition in spec.evaluation.conditions):
        raise SpecError(
            f"selections {', '.join(names)}: weights other than the last are scored on clean data, which is not among "
            "the conditions; add 'clean' to evaluation.conditions"
        )


def _check_max_examples(spec: TrialSpec) -> None:
    """Refuse to mine a part of the sentences: margins are among all of them, so that fewer are another task.

    Raises:
        SpecError: names the task.
    """
    task, max_examples = load_task(spec.target.task), spec.evaluation.max_examples
    if task.shape == "mining" and max_examples is not None:
        raise SpecError(
            f"max_examples {max_examples}: task '{task.name}' looks for pairs among all sentences; fewer of them "
            "would be an easier task. Leave it out"
        )


def _check_trains(spec: TrialSpec) -> None:
    """Refuse an intermediate stage that would train nothing.

    Raises:
        SpecError: names the task.
    """
    if spec.intermediate is not None and load_task(spec.intermediate.task).shape in FROZEN_SHAPES:
        raise SpecError(f"task '{spec.intermediate.task}' trains nothing, so it cannot be an intermediate task")
