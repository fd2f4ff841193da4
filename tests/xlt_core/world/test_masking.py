"""Masked batches."""

import numpy as np
import pytest

from xlt_core.world.corpus import Corpus
from xlt_core.world.languages import LANGUAGES
from xlt_core.world.masking import MaskedText
from xlt_core.world.tokenizer import SPECIAL_TOKENS
from xlt_core.world.world import build_world

CORPUS = Corpus(world=build_world())
BATCH_SIZE = 8


def make_text(seed=0):
    return MaskedText(CORPUS, seed=seed, batch_size=BATCH_SIZE)


def equal(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in vars(one))


def test_a_batch_depends_on_its_step_and_seed_alone():
    forward, backward = make_text(), make_text()
    steps = (0, 1, 99, 100, 250)
    batches = {step: forward.batch(step) for step in steps}
    for step in reversed(steps):
        assert equal(backward.batch(step), batches[step])
    assert not equal(batches[0], batches[1])
    assert not equal(batches[0], make_text(seed=1).batch(0))


@pytest.fixture(scope="module")
def batches():
    text = make_text()
    return text, [text.batch(step) for step in range(150)]


def test_batches_are_padded_to_their_longest_document(batches):
    text, drawn = batches
    for batch in drawn:
        assert len(batch.input_ids) == BATCH_SIZE
        assert batch.attention_mask[:, -1].any()
        assert np.array_equal(batch.attention_mask, batch.input_ids != text.vocabulary["<pad>"])
        assert (np.diff(batch.attention_mask.astype(int), axis=1) <= 0).all()


def test_targets_are_words_of_the_language_of_their_sentence(batches):
    text, drawn = batches
    for batch in drawn:
        assert len(batch.targets) == len(batch.target_languages) == batch.is_masked.sum()
        for target, language in zip(batch.targets, batch.target_languages, strict=True):
            assert target in text.language_words[language]
    assert {language for batch in drawn for language in batch.target_languages} == set(range(len(LANGUAGES)))


def test_three_words_in_ten_are_targets_and_four_in_five_of_them_hidden(batches):
    text, drawn = batches
    specials = [text.vocabulary[token] for token in SPECIAL_TOKENS if token != "<mask>"]
    num_words = sum((~np.isin(batch.input_ids, specials)).sum() for batch in drawn)
    targets = np.concatenate([batch.targets for batch in drawn])
    shown = np.concatenate([batch.input_ids[batch.is_masked] for batch in drawn])
    assert len(targets) / num_words == pytest.approx(0.3, abs=0.015)
    assert np.mean(shown == text.vocabulary["<mask>"]) == pytest.approx(0.8, abs=0.02)
    assert np.mean(shown == targets) == pytest.approx(0.1, abs=0.02)


def test_a_wrong_word_is_of_the_right_language(batches):
    text, drawn = batches
    for batch in drawn:
        shown = batch.input_ids[batch.is_masked]
        for word, language in zip(shown, batch.target_languages, strict=True):
            assert word == text.vocabulary["<mask>"] or word in text.language_words[language]
