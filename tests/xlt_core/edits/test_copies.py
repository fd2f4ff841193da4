"""Copies with substituted words: the originals follow them, and what changed is counted."""

import json
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binomtest

from xlt_core.edits.candidates import read_neighbors
from xlt_core.edits.copies import SynonymCopies, concatenate_copies, measure_changes
from xlt_core.edits.substitution import Substitution
from xlt_core.errors import DataError
from xlt_core.tasks.base import PairExamples, TaggedExamples

NEIGHBORS = {"film": ["movie"], "good": ["fine", "nice"], "a": list("bcdefghi"), "x": []}
PAIRS = PairExamples(
    ids=tuple(f"e{place}" for place in range(40)),
    first=("a a a a a a",) * 40,
    second=("good film",) * 40,
    labels=tuple(place % 2 for place in range(40)),
)
SENTENCES = TaggedExamples(ids=("x", "y"), words=(("film", "z"), ("good",)), labels=((0, 1), (2,)))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "neighbors.json"
    path.write_text(json.dumps(NEIGHBORS), encoding="utf-8")
    return path


def test_copies_follow_each_other_are_drawn_apart_and_the_originals_come_last(path):
    edited = SynonymCopies(neighbors=path, num_copies=3, seed=0).apply(PAIRS)
    assert edited.ids == tuple(f"e{place}#{copy}" for copy in range(4) for place in range(40))
    assert edited.labels == PAIRS.labels * 4
    assert (edited.first[120:], edited.second[120:]) == (PAIRS.first, PAIRS.second)
    blocks = [edited.first[start : start + 40] for start in (0, 40, 80)]
    assert all(one != other for one, other in pairwise(blocks))
    single = Substitution(neighbors=read_neighbors(path), seed=0, copy=2).apply(PAIRS)
    assert blocks[2] == single.first


def test_copies_of_sentences_keep_their_labels(path):
    edited = SynonymCopies(neighbors=path, num_copies=2, seed=0).apply(SENTENCES)
    assert edited.labels == SENTENCES.labels * 3
    assert edited.words[4:] == SENTENCES.words
    assert all(len(words) == len(labels) for words, labels in zip(edited.words, edited.labels, strict=True))


def test_the_share_of_changed_words_is_counted_and_is_that_of_the_law(path):
    edited = SynonymCopies(neighbors=path, num_copies=200, seed=0).apply(SENTENCES)
    changes = measure_changes(SENTENCES, edited).reshape(201, 2)
    assert changes.dtype == np.float32
    assert set(changes[:, 0].tolist()) == {0.0, 0.5}, "'z' has no neighbour"
    assert not changes[-1].any(), "originals"
    num_exchanged = sum(words != ("good",) for words in edited.words[1::2])
    assert changes[:, 1].sum() == num_exchanged
    assert binomtest(num_exchanged, 200, 2 / 3).pvalue > 1e-4


def test_both_texts_of_a_pair_are_counted():
    copy = PairExamples(ids=("x",), first=("a b a a a a",), second=("fine movie",), labels=(0,))
    original = PairExamples(ids=("x",), first=PAIRS.first[:1], second=PAIRS.second[:1], labels=(0,))
    assert measure_changes(original, copy).tolist() == [pytest.approx(3 / 8)]


def test_nothing_changes_without_a_share(path):
    edited = SynonymCopies(neighbors=path, num_copies=2, seed=0, share=0.0).apply(PAIRS)
    assert edited == concatenate_copies([PAIRS] * 3)


def test_the_same_file_elsewhere_makes_the_same_edit_and_another_file_another(path, tmp_path):
    elsewhere = tmp_path / "copy.json"
    elsewhere.write_bytes(path.read_bytes())
    edits = [SynonymCopies(neighbors=file, num_copies=2, seed=0) for file in (path, elsewhere)]
    assert edits[0].identity() == edits[1].identity()
    elsewhere.write_text(json.dumps({"a": ["b"]}), encoding="utf-8")
    assert edits[0].identity() != edits[1].identity()


@pytest.mark.parametrize("change", [{"num_copies": 3}, {"seed": 1}, {"share": 0.5}])
def test_every_setting_is_part_of_the_identity(path, change):
    settings = {"neighbors": path, "num_copies": 2, "seed": 0}
    assert SynonymCopies(**settings).identity() != SynonymCopies(**settings | change).identity()


def test_a_file_that_is_no_neighbour_file_is_named(tmp_path):
    path = tmp_path / "list.json"
    path.write_text("[1]", encoding="utf-8")
    with pytest.raises(DataError, match=r"list\.json"):
        SynonymCopies(neighbors=path, num_copies=2, seed=0).apply(PAIRS)
