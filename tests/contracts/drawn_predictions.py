"""Predictions of any task's examples, drawn at random; some are right. In: examples. Out: `Predictions`."""

import numpy as np

from xlt_core.result import AnswerPredictions, LabelPredictions, MinedPredictions, Predictions, RankedPredictions
from xlt_core.tasks.base import Examples, Task
from xlt_core.tasks.examples import BitextExamples, Candidates, QueryExamples, SpanExamples, TaggedExamples

_CUT_OFF = 20


def draw_predictions(
    task: Task, language: str, examples: Examples, candidates: Candidates | None, generator: np.random.Generator
) -> Predictions:
    """Answer every example as no model would.

    Args:
        task: of the examples.
        language: of the examples.
        examples: to be scored.
        candidates: of a task that has some for all languages.
        generator: drawn from.
    """
    if isinstance(examples, SpanExamples):
        return _draw_answers(language, examples, generator)
    if isinstance(examples, QueryExamples):
        assert candidates is not None
        relevant = [[target in targets for targets in candidates.targets] for target in examples.targets]
        return _draw_ranking(language, examples.ids, candidates.ids, np.array(relevant), generator)
    if isinstance(examples, BitextExamples):
        if task.shape == "mining":
            return _draw_pairs(language, examples, generator)
        relevant = np.zeros((len(examples), len(examples.candidate_ids)), np.bool_)
        relevant[tuple(np.array(examples.gold).T)] = True
        return _draw_ranking(language, examples.ids, examples.candidate_ids, relevant, generator)
    return _draw_labels(task, language, examples, generator)


def _draw_labels(task: Task, language: str, examples: Examples, generator: np.random.Generator) -> LabelPredictions:
    labels = examples.labels if isinstance(examples, TaggedExamples) else tuple((each,) for each in examples.labels)
    gold = np.concatenate(labels).astype(np.int16)
    drawn = generator.integers(-1, len(task.labels), len(gold)).astype(np.int16)
    return LabelPredictions(
        language=language,
        labels=task.labels,
        example_ids=examples.ids,
        num_units=np.array([len(each) for each in labels], np.int32),
        gold=gold,
        predicted=np.where(generator.random(len(gold)) < 0.5, gold, drawn),
        groups=getattr(examples, "groups", None),
    )


def _draw_answers(language: str, examples: SpanExamples, generator: np.random.Generator) -> AnswerPredictions:
    gold = tuple(tuple(answer.text for answer in answers) or ("",) for answers in examples.answers)
    said = tuple(generator.choice([answers[0], answers[0][:4], "nothing"]) for answers in gold)
    return AnswerPredictions(language=language, example_ids=examples.ids, gold=gold, predicted=said)


def _draw_ranking(
    language: str,
    ids: tuple[str, ...],
    candidate_ids: tuple[str, ...],
    is_relevant: np.ndarray,
    generator: np.random.Generator,
) -> RankedPredictions:
    """Rank candidates of which `is_relevant` says which are right, shape (queries, candidates)."""
    ranked = generator.random(is_relevant.shape).argsort(axis=1)[:, :_CUT_OFF]
    return RankedPredictions(
        language=language,
        example_ids=ids,
        candidate_ids=candidate_ids,
        num_candidates=len(candidate_ids),
        ranked=ranked,
        is_relevant=np.take_along_axis(is_relevant, ranked, axis=1),
        num_targets=is_relevant.sum(axis=1).astype(np.int32),
        gold=tuple(candidate_ids[place] for place in is_relevant.argmax(axis=1)),
    )


def _draw_pairs(language: str, examples: BitextExamples, generator: np.random.Generator) -> MinedPredictions:
    gold = {(examples.ids[query], examples.candidate_ids[candidate]) for query, candidate in examples.gold}
    drawn = {(identifier, str(generator.choice(examples.candidate_ids))) for identifier in examples.ids}
    found = {pair for pair in sorted(gold) if generator.random() < 0.5} | drawn
    return MinedPredictions(
        language=language, example_ids=examples.ids, gold=frozenset(gold), predicted=frozenset(found)
    )
