"""What an edit of texts is, and how one is laid over examples. In: `Examples`. Out: `Examples` of the same kind.

Every text has a random stream of its own, keyed by the place of its example: what happens to it does not depend on
the other examples, and the two texts of a pair are changed independently.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from xlt_core.streams import numpy_generator
from xlt_core.tasks.base import Examples, PairExamples

EditWords = Callable[[Sequence[str], np.random.Generator], Sequence[str]]
"""Words of a text and its random stream to as many other words."""
EditText = Callable[[str, np.random.Generator], str]


class Edit(Protocol):
    """A change of examples before they are tokenised."""

    def identity(self) -> dict[str, Any]:
        """JSON values; everything that decides what comes out, for the key of the edited tokens."""
        ...

    def apply(self, examples: Examples) -> Examples:
        """Change the examples."""
        ...


def edit_words(examples: Examples, edit: EditWords, *, seed: int, stream: str, copy: int = 0) -> Examples:
    """Change texts word by word; a pair's texts are cut at single spaces, a sentence's words are given.

    Args:
        examples: to be changed; ids, labels, and the number of words stay.
        edit: gives as many words as it is given.
        seed: of all draws.
        stream: what they are for.
        copy: where the same examples are changed several times.
    """
    if isinstance(examples, PairExamples):
        return edit_texts(
            examples,
            lambda text, generator: " ".join(edit(text.split(" "), generator)),
            seed=seed,
            stream=stream,
            copy=copy,
        )
    edited = tuple(
        tuple(edit(words, numpy_generator(seed, stream, place, copy))) for place, words in enumerate(examples.words)
    )
    return replace(examples, words=edited)


def edit_texts(examples: PairExamples, edit: EditText, *, seed: int, stream: str, copy: int = 0) -> PairExamples:
    """Change both texts of every pair, each with a stream of its own."""

    def edit_side(texts: Sequence[str], side: int) -> tuple[str, ...]:
        return tuple(edit(text, numpy_generator(seed, stream, place, copy, side)) for place, text in enumerate(texts))

    return replace(examples, first=edit_side(examples.first, 0), second=edit_side(examples.second, 1))
