"""Batches for masked language modelling on the world's text. In: a corpus. Out: batches, each fixed by its step."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from xlt_core.streams import numpy_generator
from xlt_core.world.corpus import Corpus, Document
from xlt_core.world.languages import LANGUAGES
from xlt_core.world.tokenizer import BOS, EOS, MASK, PAD, build_vocabulary

MASKED_SHARE = 0.3
_REPLACED_BY_MASK, _REPLACED_BY_WORD = 0.8, 0.1
_NO_LANGUAGE = -1
"""Language of special tokens and padding."""
_BATCHES_A_BLOCK = 100

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class MaskedBatch:
    """B documents, padded to the longest, L tokens; M positions are to be predicted."""

    input_ids: IntArray
    """Shape (B, L), after masking."""
    attention_mask: BoolArray
    """Shape (B, L): False at padding."""
    is_masked: BoolArray
    """Shape (B, L): M places are True, in row-major order the order of the following."""
    targets: IntArray
    """Shape (M,): token ids before masking."""
    target_languages: IntArray
    """Shape (M,): the language of the sentence that each target stands in, an index into `LANGUAGES`."""


@dataclass(frozen=True, kw_only=True)
class _Block:
    """Documents of many batches, drawn together because that is faster; one row each."""

    token_ids: IntArray
    languages: IntArray
    lengths: IntArray


class MaskedText:
    """An endless run of batches: every document is seen once."""

    def __init__(self, corpus: Corpus, *, seed: int, batch_size: int) -> None:
        self.vocabulary = build_vocabulary(corpus.world)
        self.language_words = tuple(
            np.array([self.vocabulary[word] for word in corpus.world.lexicons[language.code].words])
            for language in LANGUAGES
        )
        """Token ids of every language's words."""
        self._corpus, self._seed, self._batch_size = corpus, seed, batch_size
        self._block = lru_cache(maxsize=1)(self._draw_block)

    def batch(self, step: int) -> MaskedBatch:
        """Give the batch of a step; the same whenever it is asked for."""
        number, place = divmod(step, _BATCHES_A_BLOCK)
        block = self._block(number)
        # Not sorted by length: lengths differ little, and batches of one length learn far slower.
        rows = slice(place * self._batch_size, (place + 1) * self._batch_size)
        width = block.lengths[rows].max()
        generator = numpy_generator(self._seed, "pretrain_masking", step)
        return self._mask(block.token_ids[rows, :width], block.languages[rows, :width], generator)

    def _draw_block(self, number: int) -> _Block:
        """Draw and encode the documents of some batches."""
        generator = numpy_generator(self._seed, "pretrain_text", number)
        documents = self._corpus.draw(generator, _BATCHES_A_BLOCK * self._batch_size)
        encoded = [self._encode(document) for document in documents]
        lengths = np.array([len(tokens) for tokens, _ in encoded])
        token_ids = np.full((len(encoded), lengths.max()), self.vocabulary[PAD])
        languages = np.full(token_ids.shape, _NO_LANGUAGE)
        for row, (tokens, spoken) in enumerate(encoded):
            token_ids[row, : len(tokens)] = tokens
            languages[row, : len(spoken)] = spoken
        return _Block(token_ids=token_ids, languages=languages, lengths=lengths)

    def _encode(self, document: Document) -> tuple[list[int], list[int]]:
        """Write `<s> A </s></s> B </s>` as token ids, and the language of each."""
        bos, eos = self.vocabulary[BOS], self.vocabulary[EOS]
        first, second = ([self.vocabulary[word] for word in side.text.split()] for side in document)
        tokens = [bos, *first, eos, eos, *second, eos]
        codes = [_LANGUAGE_NUMBERS[side.language] for side in document]
        first_languages, second_languages = [codes[0]] * len(first), [codes[1]] * len(second)
        spoken = [_NO_LANGUAGE, *first_languages, _NO_LANGUAGE, _NO_LANGUAGE, *second_languages, _NO_LANGUAGE]
        return tokens, spoken

    def _mask(self, token_ids: IntArray, languages: IntArray, generator: np.random.Generator) -> MaskedBatch:
        """Hide words as BERT does: mostly by the mask, sometimes by another word of the language, or not at all."""
        is_masked = (generator.random(token_ids.shape) < MASKED_SHARE) & (languages != _NO_LANGUAGE)
        targets, target_languages = token_ids[is_masked], languages[is_masked]
        fate = generator.random(len(targets))
        shown = np.where(fate < _REPLACED_BY_MASK, self.vocabulary[MASK], targets)
        is_random = (fate >= _REPLACED_BY_MASK) & (fate < _REPLACED_BY_MASK + _REPLACED_BY_WORD)
        place = generator.random(len(targets))
        for language, words in enumerate(self.language_words):
            chosen = is_random & (target_languages == language)
            shown[chosen] = words[(place[chosen] * len(words)).astype(int)]
        input_ids = token_ids.copy()
        input_ids[is_masked] = shown
        return MaskedBatch(
            input_ids=input_ids,
            attention_mask=token_ids != self.vocabulary[PAD],
            is_masked=is_masked,
            targets=targets,
            target_languages=target_languages,
        )


_LANGUAGE_NUMBERS = {language.code: number for number, language in enumerate(LANGUAGES)}
