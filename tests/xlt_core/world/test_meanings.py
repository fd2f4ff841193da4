"""Drawing meanings."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from xlt_core.world.meanings import (
    FIRST_NAME,
    NUM_ADJECTIVES,
    NUM_CATEGORIES,
    NUM_LEAVES,
    NUM_NOUNS,
    NUM_VERBS,
    antonym,
    build_sampler,
    category,
    hypernym,
    is_leaf,
    is_name,
)

SAMPLER = build_sampler(0)
DRAWN = SAMPLER.draw(np.random.default_rng(0), 20_000)


def test_equal_seeds_draw_equal_meanings_and_other_seeds_others():
    draws = [build_sampler(seed).draw(np.random.default_rng(5), 200) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]
    assert SAMPLER.draw(np.random.default_rng(6), 200) != SAMPLER.draw(np.random.default_rng(7), 200)


def test_drawn_meanings_are_well_formed():
    for meaning in DRAWN:
        assert not (meaning.negated and meaning.quantifier == "no")
        assert meaning.quantifier == "the" or not is_name(meaning.subject)
        assert 0 <= meaning.subject < NUM_NOUNS
        assert 0 <= meaning.object < FIRST_NAME
        assert 0 <= meaning.verb < NUM_VERBS
        assert meaning.adjective is None or 0 <= meaning.adjective < NUM_ADJECTIVES


def test_verbs_and_their_objects_are_drawn_with_the_worlds_preferences():
    verbs = Counter(meaning.verb for meaning in DRAWN)
    expected = SAMPLER.verbs * len(DRAWN)
    assert chisquare([verbs[verb] for verb in range(NUM_VERBS)], expected).pvalue > 1e-4
    objects = Counter(meaning.object for meaning in DRAWN if meaning.verb == 0 and is_leaf(meaning.object))
    expected = SAMPLER.objects[0] * objects.total()
    assert chisquare([objects[leaf] for leaf in range(NUM_LEAVES)], expected).pvalue > 1e-4


def test_shares_are_as_documented():
    shares = {
        "name": np.mean([is_name(meaning.subject) for meaning in DRAWN]),
        "hypernym": np.mean([not is_leaf(meaning.object) for meaning in DRAWN]),
        "adjective": np.mean([meaning.adjective is not None for meaning in DRAWN]),
        "negated": np.mean([meaning.negated for meaning in DRAWN if meaning.quantifier != "no"]),
    }
    expected = {"name": 0.2, "hypernym": 0.1, "adjective": 0.5, "negated": 0.2}
    for name, share in shares.items():
        assert abs(share - expected[name]) < 0.015, name


@given(st.integers(0, NUM_LEAVES - 1))
def test_a_leaf_has_its_categorys_hypernym(leaf):
    assert is_leaf(leaf)
    assert not is_leaf(hypernym(leaf))
    assert not is_name(hypernym(leaf))
    assert category(hypernym(leaf)) == category(leaf) < NUM_CATEGORIES


@given(st.integers(0, NUM_VERBS - 1))
def test_antonyms_come_in_pairs(word):
    assert antonym(antonym(word)) == word != antonym(word)


def test_synonyms_share_their_core():
    meaning = DRAWN[0]
    assert meaning._replace(synonym=0).core == meaning._replace(synonym=1).core
    assert meaning._replace(verb=antonym(meaning.verb)).core != meaning.core
