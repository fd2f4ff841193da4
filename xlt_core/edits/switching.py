"""Code-switching: words of a text are replaced by translations from a bilingual list, as in Qin et al. (2020)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xlt_core.edits.base import edit_words
from xlt_core.edits.candidates import Candidates
from xlt_core.edits.substitution import WordLookup
from xlt_core.tasks.base import Examples

VERSION = 1
"""Raised when the same settings give other texts; part of every identity."""


@dataclass(frozen=True, kw_only=True)
class CodeSwitch:
    """The edit: a word that the list knows is replaced by one of its translations, all equally likely.

    Words are what single spaces part: a list of a language written without spaces finds next to nothing. A larger share
    replaces the same words and more.
    """

    word_list: Candidates
    seed: int
    share: float
    """Chance that a word which the list knows is replaced."""
    lookup: WordLookup

    def identity(self) -> dict[str, Any]:
        """See `Edit`."""
        return {
            "edit": "code_switch",
            "version": VERSION,
            "word_list": self.word_list.digest,
            "seed": self.seed,
            "share": self.share,
            "lookup": [self.lookup.match_capitalized, self.lookup.strip_punctuation],
        }

    def apply(self, examples: Examples) -> Examples:
        """Switch every text."""
        found: dict[str, tuple[str, ...]] = {}

        def switch(words: Sequence[str], generator: np.random.Generator) -> Sequence[str]:
            chances = generator.random((len(words), 2)).tolist()
            switched = []
            for word, (is_replaced, which) in zip(words, chances, strict=True):
                if word not in found:
                    found[word] = self.lookup.find(self.word_list, word)
                others = found[word]
                switched.append(others[int(which * len(others))] if others and is_replaced < self.share else word)
            return switched

        return edit_words(examples, switch, seed=self.seed, stream="code_switch")
