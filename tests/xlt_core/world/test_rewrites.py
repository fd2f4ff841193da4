"""Every operator, checked against models that know nothing of operators."""

import numpy as np
import pytest

from tests.xlt_core.world.semantics import entails, excludes
from xlt_core.world.meanings import FIRST_NAME, NUM_LEAVES, Meaning, build_sampler
from xlt_core.world.rewrites import OPERATORS, RELATIONS, digress, is_plain, rewrite

DOG, CAT, ANIMAL, NAME = 0, 1, NUM_LEAVES, FIRST_NAME


def say(quantifier, subject=DOG, *, negated=False, verb=0, adjective=None, obj=CAT):
    return Meaning(quantifier, subject, negated, verb, 0, adjective, obj)


def draw_rewrites(difficulty, relation, num_pairs):
    generator = np.random.default_rng(0)
    meanings = build_sampler(0).draw(generator, 4 * num_pairs)
    pairs = [rewrite(meaning, difficulty, relation, generator) for meaning in meanings]
    return [pair for pair in pairs if pair is not None][:num_pairs]


def by_group(difficulty, relation, group, num_pairs=150):
    """Pairs by the operators of one group, each as often."""
    generator = np.random.default_rng(0)
    operators = OPERATORS[difficulty, relation][group]
    for operator in operators:
        meanings = filter(is_plain if difficulty == "easy" else None, build_sampler(0).draw(generator, num_pairs))
        pairs = [operator(meaning, generator) for meaning in meanings]
        yield from [pair for pair in pairs if pair is not None][: num_pairs // len(operators)]


@pytest.mark.parametrize("difficulty", ["easy", "hard"])
def test_entailments_by_logic_hold_in_every_model(difficulty):
    pairs = list(by_group(difficulty, "entails", 0))
    assert len(pairs) > 50
    for pair in pairs:
        assert entails(*pair), pair


def test_contradictions_by_logic_are_true_together_in_no_model():
    pairs = list(by_group("hard", "contradicts", 0))
    assert len(pairs) > 50
    for pair in pairs:
        assert excludes(*pair), pair


@pytest.mark.parametrize(("difficulty", "group"), [("easy", 0), ("hard", 1)])
def test_contradictions_by_opposites_are_true_together_in_no_model_where_each_acts_once(difficulty, group):
    pairs = list(by_group(difficulty, "contradicts", group))
    assert len(pairs) > 50
    for pair in pairs:
        assert excludes(*pair, acts_once=True), pair
    assert not any(excludes(*pair) for pair in pairs)  # that each acts once is needed


def test_entailments_by_opposites_hold_in_every_model_where_each_acts_once():
    pairs = list(by_group("hard", "entails", 1))
    assert len(pairs) > 50
    for pair in pairs:
        assert entails(*pair, acts_once=True), pair
    assert not any(entails(*pair) for pair in pairs)


def test_neither_a_negation_nor_an_opposite_gives_a_hard_relation_away():
    counts = {}
    for relation in RELATIONS:
        for premise, hypothesis in draw_rewrites("hard", relation, 2000):
            if premise.negated or premise.quantifier == "no":
                continue
            is_negated = hypothesis.negated or hypothesis.quantifier == "no"
            counts.setdefault(is_negated, []).append(relation)
    for relations in counts.values():
        assert 0.35 < relations.count("entails") / len(relations) < 0.65


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (say("some"), say("all")),
        (say("some"), say("the")),
        (say("the", negated=True), say("the", negated=True, obj=ANIMAL)),
        (say("all"), say("all", ANIMAL)),
        (say("no", obj=CAT), say("no", obj=ANIMAL)),
        (say("the"), say("the", adjective=3)),
        (say("some"), say("some", negated=True)),
    ],
)
def test_the_models_refuse_what_does_not_follow(first, second):
    assert not entails(first, second)
    assert not excludes(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (say("all"), say("some")),
        (say("no"), say("all", negated=True)),
        (say("the"), say("the", ANIMAL)),
        (say("no", ANIMAL), say("no", DOG)),
        (say("the", NAME), say("the", NAME, obj=ANIMAL)),
    ],
)
def test_the_models_accept_textbook_entailments(first, second):
    assert entails(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (say("all"), say("no")),
        (say("some"), say("all", negated=True)),
        (say("the", NAME), say("the", NAME, negated=True)),
    ],
)
def test_the_models_accept_textbook_contradictions(first, second):
    assert excludes(first, second)


def test_easy_pairs_are_affirmative_and_about_one_or_all():
    for relation in RELATIONS:
        for pair in draw_rewrites("easy", relation, 200):
            assert is_plain(pair.premise)
            assert is_plain(pair.hypothesis)


def test_a_digression_neither_follows_nor_is_excluded():
    generator = np.random.default_rng(1)
    for meaning in build_sampler(0).draw(generator, 120):
        other = digress(meaning, generator)
        assert not entails(meaning, other), (meaning, other)
        assert not excludes(meaning, other), (meaning, other)


def test_a_name_takes_no_other_quantifier():
    generator = np.random.default_rng(2)
    for meaning in build_sampler(0).draw(generator, 2000):
        for relation in RELATIONS:
            pair = rewrite(meaning, "hard", relation, generator)
            if pair is not None and meaning.subject >= FIRST_NAME:
                assert {side.quantifier for side in pair} == {"the"}
