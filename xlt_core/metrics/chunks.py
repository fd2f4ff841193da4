"""Chunks of tagged words: stretches with a type, such as names. In: labels of words and their meaning. Out: their
counts, word by word.

The rules are those of seqeval 0.0.12 without a scheme, which are conlleval's for tags as `B-PER`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from xlt_core.result import LabelPredictions


class Tag(NamedTuple):
    """What a label says about a word."""

    prefix: str
    """B begins a chunk, I and E go on, S stands alone, O is outside; others go on where the type is the same."""
    type: str


OUTSIDE = Tag("O", "O")
_NO_CHUNK = ("O", ".")


@dataclass(frozen=True, kw_only=True)
class ChunkCounts:
    """Chunks that begin at each word, shape (N,): all, and those of the predicted ones that are right.

    Right is what has the same type, first and last word.
    """

    gold: npt.NDArray[np.int64]
    predicted: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]


def count_chunks(predictions: LabelPredictions, tags: Sequence[Tag], *, must_begin: bool = False) -> ChunkCounts:
    """Compare the chunks of all sentences; none crosses from one sentence into the next.

    Args:
        predictions: labels of words; -1 is outside of all chunks.
        tags: what each label means.
        must_begin: leave out chunks whose first word has no B.
    """
    sentences = np.repeat(np.arange(len(predictions.num_units), dtype=np.int32), predictions.num_units)
    new_sentences = np.flatnonzero(sentences[1:] != sentences[:-1]) + 1
    rules = _ChunkRules(tags)
    gold = rules.find_chunks(predictions.gold, new_sentences, must_begin)
    predicted = rules.find_chunks(predictions.predicted, new_sentences, must_begin)
    is_right = gold.is_last & predicted.is_last & (gold.first == predicted.first) & (gold.types == predicted.types)

    def count_beginnings(chunks: _Chunks, is_counted: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        return np.bincount(chunks.first[is_counted], minlength=len(is_counted))

    return ChunkCounts(
        gold=count_beginnings(gold, gold.is_last),
        predicted=count_beginnings(predicted, predicted.is_last),
        right=count_beginnings(gold, is_right),
    )


class _Chunks(NamedTuple):
    """Columns, one entry a word of all sentences."""

    is_last: npt.NDArray[np.bool_]
    """Whether a chunk ends with the word."""
    first: npt.NDArray[np.int32]
    """Position of the word that the chunk started with."""
    types: npt.NDArray[np.int16]


class _ChunkRules:
    """What two labels in a row say, as tables over (label before, label); the last row and column are `OUTSIDE`."""

    def __init__(self, tags: Sequence[Tag]) -> None:
        tags = (*tags, OUTSIDE)
        names = sorted({tag.type for tag in tags})
        self._outside = len(tags) - 1
        self._types = np.array([names.index(tag.type) for tag in tags], np.int16)
        self._is_begin = np.array([tag.prefix == "B" for tag in tags])
        # Flat: looking up in one dimension is several times quicker.
        self._starts = np.array([_starts(before, tag) for before in tags for tag in tags])
        self._ends = np.array([_ends(before, tag) for before in tags for tag in tags])

    def find_chunks(
        self, labels: npt.NDArray[np.int16], new_sentences: npt.NDArray[np.int64], must_begin: bool
    ) -> _Chunks:
        """Chunks of words with `labels`, shape (N,); all sentences but the first start at `new_sentences`."""
        ids = np.where(labels < 0, self._outside, labels).astype(np.int32)
        before = np.concatenate([[self._outside], ids], dtype=np.int32)[:-1]
        after = np.concatenate([ids, [self._outside]], dtype=np.int32)[1:]
        # Between two sentences there might as well be a word outside of all chunks.
        before[new_sentences] = self._outside
        after[new_sentences - 1] = self._outside
        num_tags = self._outside + 1
        is_last = self._ends[ids * num_tags + after]
        starts = np.where(self._starts[before * num_tags + ids], np.arange(len(ids), dtype=np.int32), 0)
        first = np.maximum.accumulate(starts)
        if must_begin:
            is_last &= self._is_begin[ids[first]]
        return _Chunks(is_last, first, self._types[ids])


def _starts(before: Tag, tag: Tag) -> bool:
    """Whether a chunk starts with the second of two words."""
    if tag.prefix in ("B", "S") or (tag.prefix in ("I", "E") and before.prefix in ("O", "E", "S")):
        return True
    return tag.prefix not in _NO_CHUNK and before.type != tag.type


def _ends(before: Tag, tag: Tag) -> bool:
    """Whether a chunk ends with the first of two words."""
    if before.prefix in ("E", "S") or (before.prefix in ("B", "I") and tag.prefix in ("B", "S", "O")):
        return True
    return before.prefix not in _NO_CHUNK and before.type != tag.type
