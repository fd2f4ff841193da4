"""Examples that would score without meaning anything."""

import pytest

from xlt_core.data.readers.checks import check_examples
from xlt_core.errors import DataError
from xlt_core.tasks.base import PairExamples, TaggedExamples

LABELS = ("no", "yes")


def make_pairs(labels, ids=None):
    texts = ("text",) * len(labels)
    return PairExamples(ids=ids or tuple(map(str, range(len(labels)))), first=texts, second=texts, labels=labels)


def test_thirty_examples_with_one_label_are_placeholders():
    with pytest.raises(DataError, match=r"test.tsv: all 30 examples have the label 'yes'"):
        check_examples(make_pairs((1,) * 30), "test.tsv", LABELS)


def test_fewer_examples_may_well_have_one_label():
    check_examples(make_pairs((1,) * 29), "test.tsv", LABELS)


def test_one_word_with_another_tag_is_enough():
    columns = {"ids": tuple(map(str, range(30))), "words": (("a", "b"),) * 30}
    check_examples(TaggedExamples(**columns, labels=((0, 0),) * 29 + ((0, 1),)), "test.conllu", LABELS)
    with pytest.raises(DataError, match="all 30 examples have the label 'no'"):
        check_examples(TaggedExamples(**columns, labels=((0, 0),) * 30), "test.conllu", LABELS)


def test_ids_are_unique():
    with pytest.raises(DataError, match="the id 'a' is there 2 times"):
        check_examples(make_pairs((0, 1, 1), ids=("a", "b", "a")), "test.tsv", LABELS)
