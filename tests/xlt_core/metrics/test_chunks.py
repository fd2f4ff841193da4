"""Chunks against a walk over the words, one rule at a time, as seqeval 0.0.12 states them."""

from collections import Counter
from dataclasses import astuple

import numpy as np
from hypothesis import given

from tests.contracts.metric_contract import drawn_labels, make_labels
from xlt_core.metrics.chunks import Tag, count_chunks

LABELS = ("O", "B-PER", "I-PER", "E-PER", "S-PER", "B-LOC", "I-LOC", "E-LOC", "S-LOC", ".", "NOUN", "SYM", "INTJ", "X")


def split_sentences(units, num_units, labels):
    """Labels' names by sentence; what was cut off is outside."""
    names, sentences = [labels[unit] if unit >= 0 else "O" for unit in units.tolist()], []
    for count in num_units.tolist():
        sentences.append(names[:count])
        names = names[count:]
    return sentences


def last_part(label):
    return label.split("-")[-1]


def walk_chunks(sentences):
    """Chunks as (type, first, last), positions counted over all sentences with an O after each."""
    words = [label for sentence in sentences for label in [*sentence, "O"]]
    chunks, first = set(), 0
    letter_before, type_before = "O", ""
    for position, label in enumerate([*words, "O"]):
        letter, type_ = label[0], last_part(label)
        letters = letter_before + letter
        has_other_type = type_before != type_
        if (
            letter_before == "E"
            or letter_before == "S"
            or letters in {"BB", "BS", "BO", "IB", "IS", "IO"}
            or (letter_before not in {"O", "."} and has_other_type)
        ):
            chunks.add((type_before, first, position - 1))
        if (
            letter == "B"
            or letter == "S"
            or letters in {"EE", "EI", "SE", "SI", "OE", "OI"}
            or (letter not in {"O", "."} and has_other_type)
        ):
            first = position
        letter_before, type_before = letter, type_
    return chunks


def measure_sets(gold, predicted):
    """Precision, recall and F1 of two sets as the scripts compute them, 0 to 100."""
    num_right = len(gold & predicted)
    precision = num_right / len(predicted) if predicted else 0.0
    recall = num_right / len(gold) if gold else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return 100 * precision, 100 * recall, 100 * f1


@given(drawn_labels(LABELS, 8))
def test_chunks_are_those_of_the_walk(predictions):
    counts = count_chunks(predictions, [Tag(label[0], last_part(label)) for label in LABELS])
    gold = walk_chunks(split_sentences(predictions.gold, predictions.num_units, LABELS))
    predicted = walk_chunks(split_sentences(predictions.predicted, predictions.num_units, LABELS))
    # The walk counts an O after each sentence as a position, too.
    ends = np.cumsum(predictions.num_units)
    places = np.arange(len(predictions.gold)) + np.searchsorted(ends, np.arange(len(predictions.gold)), side="right")
    for counted, chunks in ((counts.gold, gold), (counts.predicted, predicted), (counts.right, gold & predicted)):
        begun = Counter(first for _, first, _ in chunks)
        assert counted.tolist() == [begun[place] for place in places.tolist()]


def test_a_chunk_ends_with_its_sentence():
    labels = ("B-PER", "I-PER")
    tags = [Tag("B", "PER"), Tag("I", "PER")]
    together, apart = make_labels(labels, [[0, 1]], [[0, 1]]), make_labels(labels, [[0], [1]], [[0], [1]])
    assert count_chunks(together, tags).gold.tolist() == [1, 0]
    assert count_chunks(apart, tags).gold.tolist() == [1, 1]


def test_a_sentence_without_words_changes_nothing():
    labels, tags = ("B-PER", "O"), [Tag("B", "PER"), Tag("O", "O")]
    with_empty = make_labels(labels, [[], [0], [], [], [0, 1], []], [[], [0], [], [], [1, 1], []])
    without = make_labels(labels, [[0], [0, 1]], [[0], [1, 1]])
    assert np.array_equal(astuple(count_chunks(with_empty, tags)), astuple(count_chunks(without, tags)))
    assert count_chunks(make_labels(labels, [[]], [[]]), tags).gold.size == 0
