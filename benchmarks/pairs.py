"""Random sentence pairs with XNLI's lengths, as token ids, and what reads them; the benchmarks' training data.

In: sizes. Out: sequences, a tokenizer of numbered words, this repository's token table. Needs neither files nor hub.
"""

from collections.abc import Sequence

import numpy as np
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from xlt_core.data.tokens import TokenTable

NUM_CLASSES = 3
LONGEST = 128
_MEAN_LENGTH, _LENGTH_DEVIATION = 62.4, 21.5
"""Tokens of an XNLI pair under a 16,000-piece vocabulary."""
_SPECIALS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


def draw_pairs(num_words: int, num_examples: int, *, length: int | None = None) -> list[list[int]]:
    """Token ids of random pairs, with word frequencies after Zipf.

    Args:
        num_words: different words that may occur.
        num_examples: how many.
        length: of each; none given: as XNLI's vary, up to `LONGEST`.
    """
    generator = np.random.default_rng(0)
    shape, scale = (_MEAN_LENGTH / _LENGTH_DEVIATION) ** 2, _LENGTH_DEVIATION**2 / _MEAN_LENGTH
    drawn = generator.gamma(shape, scale, num_examples).round().clip(8, LONGEST).astype(int)
    lengths = drawn.tolist() if length is None else [length] * num_examples
    frequencies = 1.0 / np.arange(10, num_words + 10)
    words = len(_SPECIALS) + generator.choice(
        num_words, (num_examples, max(lengths)), p=frequencies / frequencies.sum()
    )
    return [[0, *words[index, : size - 2].tolist(), 2] for index, size in enumerate(lengths)]


def draw_labels(num_examples: int) -> list[int]:
    """A random class for each pair."""
    labels: list[int] = np.random.default_rng(1).integers(NUM_CLASSES, size=num_examples).tolist()
    return labels


def build_tokenizer(num_words: int) -> transformers.PreTrainedTokenizerBase:
    """A tokenizer of numbered words, for where no real one is given."""
    words = {word: index for index, word in enumerate(_SPECIALS)}
    words |= {f"w{index}": index for index in range(len(_SPECIALS), len(_SPECIALS) + num_words)}
    backend = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_max_length=LONGEST,
    )


def build_table(sequences: Sequence[Sequence[int]], labels: Sequence[int]) -> TokenTable:
    """The pairs as this repository stores them."""
    tokens = np.concatenate(sequences).astype(np.int32)
    return TokenTable(
        language="en",
        shape="pair",
        example_ids=tuple(map(str, range(len(sequences)))),
        offsets=np.cumsum([0, *map(len, sequences)]),
        input_ids=tokens,
        token_type_ids=np.zeros(len(tokens), np.int8),
        content_mask=np.ones(len(tokens), np.bool_),
        is_labelled=np.zeros(len(tokens), np.bool_),
        unit_offsets=np.arange(len(sequences) + 1),
        gold=np.array(labels, np.int16),
    )
