"""An independent reading of the world's sentences, to check rewrites against: truth in small models.

In: two meanings. Out: whether the first entails or excludes the second in every model that meets both sentences'
presuppositions. An individual is the leaf noun that it is and the deeds that it does: (verb, object leaf, adjective).

Three individuals decide: the one that `the` picks, and for either sentence one that makes it true or false, or meets
its presupposition that its subject noun is not empty.
"""

from collections.abc import Iterator
from itertools import combinations_with_replacement, product
from typing import NamedTuple

from xlt_core.world.meanings import NOUNS_PER_CATEGORY, NUM_LEAVES, Meaning, is_name


class Individual(NamedTuple):
    """What matters of an individual for two sentences."""

    is_subject: tuple[bool, bool]
    does_predicate: tuple[bool, bool]


def entails(first: Meaning, second: Meaning, *, acts_once: bool = False) -> bool:
    """Whether no model makes the first true and the second false, and some makes both true."""
    verdicts = list(_judge_all(first, second, acts_once))
    return (True, True) in verdicts and (True, False) not in verdicts


def excludes(first: Meaning, second: Meaning, *, acts_once: bool = False) -> bool:
    """Whether no model makes both true, and some make either."""
    verdicts = list(_judge_all(first, second, acts_once))
    return (True, True) not in verdicts and (True, False) in verdicts and (False, True) in verdicts


def _judge_all(first: Meaning, second: Meaning, acts_once: bool) -> Iterator[tuple[bool, bool]]:
    """Truth of both sentences in every model of at most three individuals."""
    kinds = _list_individuals((first, second), acts_once)
    for picked in kinds:
        for others in combinations_with_replacement(kinds, 2):
            domain = (picked, *others)
            truths = tuple(_judge(sentence, number, domain) for number, sentence in enumerate((first, second)))
            if None not in truths:
                yield truths


def _judge(sentence: Meaning, number: int, domain: tuple[Individual, ...]) -> bool | None:
    """Truth of a sentence, or None where a presupposition fails. The first of the domain is the one picked."""
    if sentence.quantifier == "the":
        picked = domain[0]
        return picked.does_predicate[number] != sentence.negated if picked.is_subject[number] else None
    deeds = [one.does_predicate[number] != sentence.negated for one in domain if one.is_subject[number]]
    if not deeds:
        return None
    return {"all": all(deeds), "some": any(deeds), "no": not any(deeds)}[sentence.quantifier]


def _list_individuals(sentences: tuple[Meaning, Meaning], acts_once: bool) -> list[Individual]:
    """Every kind of individual that the two sentences can tell apart."""
    leaves = {leaf for one in sentences for noun in (one.subject, one.object) for leaf in _leaves_near(noun)}
    deeds = product({one.verb for one in sentences}, leaves, {None, 0, *(one.adjective for one in sentences)})
    single = {tuple(_is_described(deed, one) for one in sentences) for deed in deeds}
    nothing = (False, False)
    doings = single | {nothing}
    if not acts_once:
        doings |= {(one[0] or other[0], one[1] or other[1]) for one in doings for other in doings}
    subjects = {tuple(_is_a(leaf, one.subject) for one in sentences) for leaf in leaves}
    subjects |= {tuple(is_name(one.subject) for one in sentences), nothing}
    return [Individual(subject, doing) for subject in subjects for doing in doings]


def _is_described(deed: tuple[int, int, int | None], sentence: Meaning) -> bool:
    verb, leaf, adjective = deed
    return verb == sentence.verb and _is_a(leaf, sentence.object) and sentence.adjective in (None, adjective)


def _is_a(leaf: int, noun: int) -> bool:
    return leaf == noun or noun == NUM_LEAVES + leaf // NOUNS_PER_CATEGORY


def _leaves_near(noun: int) -> set[int]:
    """The leaves of the noun's category; of a name none."""
    if is_name(noun):
        return set()
    category = noun // NOUNS_PER_CATEGORY if noun < NUM_LEAVES else noun - NUM_LEAVES
    return set(range(category * NOUNS_PER_CATEGORY, (category + 1) * NOUNS_PER_CATEGORY))
