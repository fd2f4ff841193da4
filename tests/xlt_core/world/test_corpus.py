"""Pre-training text."""

from collections import Counter

import numpy as np
import pytest

from xlt_core.world.corpus import Corpus
from xlt_core.world.languages import LANGUAGES, SOURCE
from xlt_core.world.world import build_world

WORLD = build_world()
CORPUS = Corpus(world=WORLD)
DOCUMENTS = CORPUS.draw(np.random.default_rng(0), 12_000)
CONNECTIVES = {
    code: {lexicon.function[name] for name in ("that-is", "but", "also")} for code, lexicon in WORLD.lexicons.items()
}


def strip_connective(sentence):
    first, _, rest = sentence.text.partition(" ")
    return rest if first in CONNECTIVES[sentence.language] else sentence.text


def is_connected(document):
    return document.second.text.split()[0] in CONNECTIVES[document.second.language]


def test_equal_generators_draw_equal_text():
    draws = [CORPUS.draw(np.random.default_rng(seed), 50) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_nothing_that_is_held_out_is_said():
    held_out = {
        lexicon.realise(core._replace(synonym=synonym))
        for core in WORLD.held_out_cores
        for synonym in (0, 1)
        for lexicon in WORLD.lexicons.values()
    }
    said = {strip_connective(side) for document in DOCUMENTS for side in document}
    assert len(said) > 5_000
    assert said.isdisjoint(held_out)


def test_languages_speak_in_proportion_to_their_weights():
    own = Counter(
        next((side.language for side in document if side.language != SOURCE), SOURCE) for document in DOCUMENTS
    )
    total = sum(language.text_weight for language in LANGUAGES)
    for language in LANGUAGES:
        assert own[language.code] / len(DOCUMENTS) == pytest.approx(language.text_weight / total, abs=0.012)


def test_bilingual_documents_pair_a_language_with_the_source_in_both_orders():
    for language in LANGUAGES[1:]:
        documents = [document for document in DOCUMENTS if language.code in {side.language for side in document}]
        codes = Counter(tuple(side.language for side in document) for document in documents)
        assert set(codes) == {(language.code,) * 2, (SOURCE, language.code), (language.code, SOURCE)}
        bilingual = 1 - codes[(language.code,) * 2] / len(documents)
        assert bilingual == pytest.approx(language.bilingual_share, abs=0.12)


def test_translations_say_the_same():
    lexicons = WORLD.lexicons
    words = {code: {word: place for place, word in enumerate(lexicon.words)} for code, lexicon in lexicons.items()}
    translations = [
        document
        for document in DOCUMENTS
        if document.first.language != document.second.language and not is_connected(document)
    ]
    assert len(translations) > 2_000
    for document in translations:
        meant = [sorted(words[side.language][word] for word in side.text.split()) for side in document]
        assert meant[0] == meant[1]


def test_the_share_of_connectives_can_be_set_to_none():
    silent = Corpus(world=WORLD, discourse_share=0.0, translation_share=1.0).draw(np.random.default_rng(3), 2_000)
    assert not any(is_connected(document) for document in silent)
    assert 0.3 < np.mean([is_connected(document) for document in DOCUMENTS]) < 0.5
