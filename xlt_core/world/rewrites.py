"""How one meaning entails or contradicts another: the operators behind every labelled pair. Light, no randomness
but the generator given.

Presuppositions hold in every pair (Strawson entailment, von Fintel 1999): nouns are not empty, `the S` picks the same
S throughout. Where opposites are used, one individual acts once, and antonyms and categories exclude each other.
`tests/xlt_core/world/test_rewrites.py` checks every operator against models.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeVar

import numpy as np

from xlt_core.world.meanings import (
    NOUNS_PER_CATEGORY,
    NUM_CATEGORIES,
    NUM_LEAVES,
    NUM_VERBS,
    Meaning,
    Quantifier,
    antonym,
    category,
    hypernym,
    is_leaf,
    is_name,
)

Difficulty = Literal["easy", "hard"]
Relation = Literal["entails", "contradicts"]
RELATIONS: tuple[Relation, ...] = ("entails", "contradicts")


class MeaningPair(NamedTuple):
    """First and second sentence of a pair."""

    premise: Meaning
    hypothesis: Meaning


Rewrite = Callable[[Meaning, np.random.Generator], MeaningPair | None]
"""Build a pair around a meaning, which may become either side; None where the operator does not apply."""


_Form = tuple[Quantifier, bool]
"""Quantifier and negation."""

_ENTAILED: dict[_Form, tuple[_Form, ...]] = {
    ("the", False): (("some", False),),
    ("the", True): (("some", True),),
    ("all", False): (("the", False), ("some", False)),
    ("all", True): (("the", True), ("some", True), ("no", False)),
    ("some", False): (),
    ("some", True): (),
    ("no", False): (("the", True), ("all", True)),
}
_EXCLUDED: dict[_Form, tuple[_Form, ...]] = {
    ("the", False): (("the", True), ("all", True), ("no", False)),
    ("the", True): (("the", False), ("all", False)),
    ("all", False): (("the", True), ("all", True), ("some", True), ("no", False)),
    ("all", True): (("the", False), ("all", False), ("some", False)),
    ("some", False): (("all", True), ("no", False)),
    ("some", True): (("all", False),),
    ("no", False): (("the", False), ("all", False), ("some", False)),
}


_Choice = TypeVar("_Choice")


def _only(table: dict[_Form, tuple[_Form, ...]], *, negated: bool) -> dict[_Form, tuple[_Form, ...]]:
    """The part of a table that leads to (un)negated forms."""
    return {form: tuple(to for to in forms if to[1] == negated) for form, forms in table.items()}


def is_plain(meaning: Meaning) -> bool:
    """Whether easy operators apply: an affirmative sentence on a given subject or on all."""
    return not meaning.negated and meaning.quantifier in ("the", "all")


def is_predicate_upward(meaning: Meaning) -> bool:
    """Whether a wider object keeps the sentence true."""
    return not meaning.negated and meaning.quantifier != "no"


def is_subject_upward(meaning: Meaning) -> bool:
    """Whether a wider subject keeps the sentence true."""
    return meaning.quantifier in ("the", "some")


def _swap_synonym(meaning: Meaning, generator: np.random.Generator) -> MeaningPair | None:
    del generator
    return MeaningPair(meaning, meaning._replace(synonym=1 - meaning.synonym))


def _widen_object(meaning: Meaning, generator: np.random.Generator) -> MeaningPair | None:
    del generator
    if not is_leaf(meaning.object):
        return None
    wide = meaning._replace(object=hypernym(meaning.object))
    return _from_narrow_to_wide(meaning, wide, is_upward=is_predicate_upward(meaning))


def _widen_subject(meaning: Meaning, generator: np.random.Generator) -> MeaningPair | None:
    del generator
    if not is_leaf(meaning.subject):
        return None
    wide = meaning._replace(subject=hypernym(meaning.subject))
    return _from_narrow_to_wide(meaning, wide, is_upward=is_subject_upward(meaning))


def _drop_adjective(meaning: Meaning, generator: np.random.Generator) -> MeaningPair | None:
    del generator
    if meaning.adjective is None:
        return None
    wide = meaning._replace(adjective=None)
    return _from_narrow_to_wide(meaning, wide, is_upward=is_predicate_upward(meaning))


def _from_narrow_to_wide(narrow: Meaning, wide: Meaning, *, is_upward: bool) -> MeaningPair:
    return MeaningPair(narrow, wide) if is_upward else MeaningPair(wide, narrow)


def _weaken_quantifier(meaning: Meaning, generator: np.random.Generator) -> MeaningPair | None:
    return _requantify(meaning, _ENTAILED, generator)


def _swap_antonym_verb(meaning: Meaning, generator: np.random.Generator) -> Meaning | None:
    """Say the opposite, half the time of a wider object: a hypernym must not betray an entailment."""
    opposite = meaning._replace(verb=antonym(meaning.verb))
    if is_leaf(meaning.object) and generator.random() < 0.5:
        opposite = opposite._replace(object=hypernym(meaning.object))
    return opposite


def _swap_antonym_adjective(meaning: Meaning, generator: np.random.Generator) -> Meaning | None:
    del generator
    return None if meaning.adjective is None else meaning._replace(adjective=antonym(meaning.adjective))


def _swap_object(meaning: Meaning, generator: np.random.Generator) -> Meaning | None:
    """Another leaf of the object's category, or the name of another category."""
    if is_leaf(meaning.object) and generator.random() < 0.5:
        return meaning._replace(object=_other_leaf(meaning.object, generator))
    shift = 1 + int(generator.random() * (NUM_CATEGORIES - 1))
    return meaning._replace(object=NUM_LEAVES + (category(meaning.object) + shift) % NUM_CATEGORIES)


def _find_opposite(meaning: Meaning, generator: np.random.Generator) -> Meaning:
    """A deed that excludes the meaning's deed, with all other words the same."""
    for swap in _rotate((_swap_antonym_verb, _swap_antonym_adjective, _swap_object), generator):
        opposite = swap(meaning, generator)
        if opposite is not None:
            return opposite
    raise AssertionError("every verb has an antonym")


def _oppose(meaning: Meaning, generator: np.random.Generator) -> MeaningPair | None:
    return MeaningPair(meaning, _find_opposite(meaning, generator))


def _oppose_requantified(meaning: Meaning, generator: np.random.Generator) -> MeaningPair | None:
    """Where a denial says "not V", say the opposite of V: a contradiction without a negation."""
    if not is_predicate_upward(meaning):
        return None
    denial = _requantify(meaning, _only(_EXCLUDED, negated=True), generator)
    opposite = _find_opposite(meaning, generator)
    return denial and MeaningPair(meaning, opposite._replace(quantifier=denial.hypothesis.quantifier))


def _deny_opposite(meaning: Meaning, generator: np.random.Generator) -> MeaningPair | None:
    """Who does one thing does not do its opposite: an entailment with a negation."""
    if not is_predicate_upward(meaning):
        return None
    negation = _find_opposite(meaning, generator)._replace(negated=True)
    weaker = _requantify(negation, _ENTAILED, generator) if generator.random() < 0.5 else None
    return MeaningPair(meaning, weaker.hypothesis if weaker else negation)


def _deny(meaning: Meaning, generator: np.random.Generator) -> MeaningPair | None:
    return _requantify(meaning, _EXCLUDED, generator)


def _requantify(
    meaning: Meaning, table: dict[_Form, tuple[_Form, ...]], generator: np.random.Generator
) -> MeaningPair | None:
    """Pair the meaning with itself in another form that the table allows; a name only ever takes `the`."""
    forms = table[meaning.quantifier, meaning.negated]
    if is_name(meaning.subject):
        forms = tuple(form for form in forms if form[0] == "the")
    if not forms:
        return None
    quantifier, negated = forms[int(generator.random() * len(forms))]
    return MeaningPair(meaning, meaning._replace(quantifier=quantifier, negated=negated))


def _other_leaf(leaf: int, generator: np.random.Generator) -> int:
    """Another leaf of the same category."""
    first = category(leaf) * NOUNS_PER_CATEGORY
    shift = 1 + int(generator.random() * (NOUNS_PER_CATEGORY - 1))
    return first + (leaf - first + shift) % NOUNS_PER_CATEGORY


OPERATORS: dict[tuple[Difficulty, Relation], tuple[tuple[Rewrite, ...], ...]] = {
    ("easy", "entails"): ((_swap_synonym, _widen_object),),
    ("easy", "contradicts"): ((_oppose,),),
    ("hard", "entails"): ((_widen_subject, _widen_object, _drop_adjective, _weaken_quantifier), (_deny_opposite,)),
    ("hard", "contradicts"): ((_deny,), (_oppose_requantified,)),
}
"""Groups of operators, each group as likely. The first group of the hard ones rests on logic alone; the second also on
opposites, so that neither a negation nor an opposite gives the relation away, only both together do."""


def rewrite(
    meaning: Meaning, difficulty: Difficulty, relation: Relation, generator: np.random.Generator
) -> MeaningPair | None:
    """Build a pair by a random operator that applies; None where none does."""
    if difficulty == "easy" and not is_plain(meaning):
        return None
    for group in _rotate(OPERATORS[difficulty, relation], generator):
        for operator in _rotate(group, generator):
            pair = operator(meaning, generator)
            if pair is not None:
                return pair
    return None


def _rotate(choices: tuple[_Choice, ...], generator: np.random.Generator) -> tuple[_Choice, ...]:
    """Begin at a random one."""
    first = int(generator.random() * len(choices))
    return choices[first:] + choices[:first]


def digress(meaning: Meaning, generator: np.random.Generator) -> Meaning:
    """A meaning that neither follows nor is excluded: a subject of another category, or a verb
    that is no antonym."""
    if generator.random() < 0.5:
        shift = 2 + int(generator.random() * (NUM_VERBS - 2))
        return meaning._replace(verb=((meaning.verb & ~1) + shift) % NUM_VERBS)
    near = None if is_name(meaning.subject) else category(meaning.subject)
    far = [leaf for leaf in range(NUM_LEAVES) if category(leaf) != near]
    return meaning._replace(subject=far[int(generator.random() * len(far))])
