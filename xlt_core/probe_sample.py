"""A part of a data set that stands for the whole where only time and memory are asked for. In: examples. Out: tokens.

Ordinary examples, drawn at random, and the longest ones that there are.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from xlt_core.data.batches import Indices
from xlt_core.data.token_cache import TokenRequest
from xlt_core.data.tokenizing import build_token_table
from xlt_core.data.tokens import TokenTable
from xlt_core.edits.base import Edit
from xlt_core.edits.copies import measure_changes
from xlt_core.encoders.base import Encoder
from xlt_core.streams import numpy_generator
from xlt_core.tasks.base import Examples
from xlt_core.tasks.examples import select_examples

_SEED = 0
_NUM_SAMPLED = 10_000
_VOCABULARY_MARGIN = 2
"""Times as many tokens as the sample has are taken to occur where it is not the whole data set; our choice."""


@dataclass(frozen=True, kw_only=True)
class SampledTokens:
    """Tokens of a sample, and which rows are what."""

    table: TokenTable
    ordinary: Indices
    """Rows of examples that were drawn."""
    longest: Indices
    """The longest rows, the longest last."""
    token_ids: Indices
    """As many as occur in the whole data set, or more."""


def sample_tokens(
    request: TokenRequest,
    encoder: Encoder,
    *,
    num_longest: int,
    num_sampled: int = _NUM_SAMPLED,
    max_examples: int | None = None,
    edit: Edit | None = None,
) -> SampledTokens:
    """Read a data set and tokenize a part of it.

    Args:
        request: of the whole.
        encoder: has the tokenizer.
        num_longest: rows that are wanted of the longest.
        num_sampled: examples that are drawn, where there are more.
        max_examples: of the data set that are used at all.
        edit: done to the examples before they are tokenized.

    Raises:
        DataError: the examples cannot be read.
    """
    examples = request.read()
    generator = numpy_generator(_SEED, "probe_sample")
    used = generator.permutation(len(examples))[:max_examples]
    drawn = used[:num_sampled]
    num_characters = count_characters(examples)[used]
    longest = used[np.argsort(num_characters, kind="stable")[-num_longest:]]
    chosen = select_examples(examples, np.concatenate([drawn, longest[~np.isin(longest, drawn)]]))
    edited = edit.apply(chosen) if edit else chosen
    table = build_token_table(edited, request.text_language, tokenizer=encoder.tokenizer, cut=request.cut)
    if edit is not None:
        table = replace(table, changes=measure_changes(chosen, edited))
    owners = np.arange(len(table)) if table.row_examples is None else table.row_examples
    token_ids = np.unique(table.input_ids).astype(np.int64)
    if len(drawn) < len(used):
        others = np.setdiff1d(np.arange(encoder.word_embedding.num_embeddings), token_ids)
        token_ids = np.concatenate([token_ids, others[: (_VOCABULARY_MARGIN - 1) * len(token_ids)]])
    return SampledTokens(
        table=table,
        ordinary=np.flatnonzero(owners < len(drawn)),
        longest=np.argsort(table.lengths, kind="stable")[-num_longest:],
        token_ids=token_ids,
    )


def count_characters(examples: Examples) -> npt.NDArray[np.int64]:
    """Characters in all texts of each example, shape (N,)."""
    columns = [getattr(examples, field.name) for field in fields(examples)]
    total = np.zeros(len(examples), np.int64)
    for column in columns:
        if column is not None:
            total += np.fromiter(map(_count, column), np.int64, len(examples))
    return total


def _count(value: object) -> int:
    """Characters of a text, or of all texts in a tuple; anything else has none."""
    if isinstance(value, str):
        return len(value)
    return sum(map(_count, value)) if isinstance(value, tuple) else 0
