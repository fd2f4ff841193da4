"""Words and sentences of the languages."""

import pytest

from xlt_core.world.languages import LANGUAGES, SOURCE
from xlt_core.world.lexicon import build_lexicons
from xlt_core.world.meanings import FIRST_NAME, FUNCTION_WORDS, Meaning

LEXICONS = build_lexicons(0, LANGUAGES)
MEANING = Meaning("all", 3, True, 5, 1, 2, 9)


def content_words(code):
    lexicon = LEXICONS[code]
    return [*lexicon.nouns[:FIRST_NAME], *(word for pair in lexicon.verbs for word in pair), *lexicon.adjectives]


def gloss(code, sentence):
    """Name the slot of every word of a sentence of MEANING."""
    lexicon = LEXICONS[code]
    names = {
        lexicon.function["all"]: "Q",
        lexicon.nouns[3]: "S",
        lexicon.function["not"]: "AUX",
        lexicon.verbs[5][1]: "V",
        lexicon.adjectives[2]: "A",
        lexicon.nouns[9]: "O",
    }
    return " ".join(names[word] for word in sentence.split())


def test_equal_seeds_invent_equal_words_and_other_seeds_others():
    assert build_lexicons(0, LANGUAGES) == LEXICONS
    assert build_lexicons(1, LANGUAGES)[SOURCE].words != LEXICONS[SOURCE].words


@pytest.mark.parametrize("code", LEXICONS)
def test_the_words_of_a_language_are_distinct(code):
    words = LEXICONS[code].words
    assert len(set(words)) == len(words)
    assert set(FUNCTION_WORDS) == set(LEXICONS[code].function)


@pytest.mark.parametrize("language", LANGUAGES[1:], ids=lambda language: language.code)
def test_content_words_are_shared_by_the_documented_share(language):
    pairs = list(zip(content_words(language.code), content_words(SOURCE), strict=True))
    assert sum(own == source for own, source in pairs) == round(language.overlap * len(pairs))
    assert set(LEXICONS[language.code].function.values()).isdisjoint(LEXICONS[SOURCE].words)
    assert LEXICONS[language.code].nouns[FIRST_NAME:] == LEXICONS[SOURCE].nouns[FIRST_NAME:]


def test_a_word_means_the_same_in_every_language_that_has_it():
    meanings: dict[str, set[int]] = {}
    for code in LEXICONS:
        for place, word in enumerate(content_words(code)):
            meanings.setdefault(word, set()).add(place)
    assert {len(places) for places in meanings.values()} == {1}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("src", "Q S AUX V A O"),
        ("far-lo", "Q S AUX V A O"),
        ("adj-hi", "Q S AUX V O A"),
        ("sov-hi", "Q S A O AUX V"),
        ("vso-hi", "AUX V Q S A O"),
    ],
)
def test_word_order_is_the_languages(code, expected):
    assert gloss(code, LEXICONS[code].realise(MEANING)) == expected


def test_without_an_adjective_a_sentence_is_a_word_shorter():
    for lexicon in LEXICONS.values():
        assert len(lexicon.realise(MEANING).split()) == 6
        assert len(lexicon.realise(MEANING._replace(adjective=None)).split()) == 5
