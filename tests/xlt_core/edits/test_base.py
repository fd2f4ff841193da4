"""Laying an edit over examples: every text once, with a stream of its own."""

from tests.contracts.edit_contract import pairs_of, sentences_of
from xlt_core.edits.base import edit_texts, edit_words


def mark(words, generator):
    return [f"{word}{generator.integers(10**9)}" for word in words]


def test_both_texts_of_a_pair_and_every_copy_have_a_stream_of_their_own():
    examples = pairs_of(["a", "a"])
    drawn = [edit_words(examples, mark, seed=0, stream="test", copy=copy) for copy in (0, 1)]
    texts = [text for each in drawn for text in (*each.first, *each.second)]
    assert len(set(texts)) == 8


def test_a_seed_and_a_stream_decide_the_draws():
    examples = sentences_of(["a b", "c"])
    keys = ((0, "one"), (0, "one"), (1, "one"), (0, "other"))
    once, again, seeded, named = (edit_words(examples, mark, seed=seed, stream=stream).words for seed, stream in keys)
    assert once == again
    assert len({once, seeded, named}) == 3


def test_words_of_a_pair_are_what_single_spaces_part():
    seen = []
    edit_words(pairs_of(["a  b ", ""]), lambda words, _: seen.append(list(words)) or words, seed=0, stream="test")
    assert seen == [["a", "", "b", ""], [""], [""], ["a", "", "b", ""]]


def test_a_text_is_edited_as_a_whole():
    edited = edit_texts(pairs_of(["a b", "c"]), lambda text, _: text[::-1], seed=0, stream="test")
    assert (edited.first, edited.second) == (("b a", "c"), ("c", "b a"))
