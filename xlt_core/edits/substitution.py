"""Synonym substitution as RS-DA draws it (Huang et al. 2021, released code: `perturb.py`), seeded.

A text is cut at single spaces. A word that has neighbours becomes, with equal chances, itself or one of them; any
other word stays. So the chance of an exchange is n / (n + 1) for n neighbours: the released code has no other rate.
"""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xlt_core.edits.base import edit_words
from xlt_core.edits.candidates import Candidates
from xlt_core.tasks.base import Examples

VERSION = 1
"""Raised when the same settings give other texts; part of every identity."""
_PUNCTUATION = string.punctuation + "«»“”„‘’‚…–—¡¿。，、！？；：（）「」『』،؛؟।॥"


@dataclass(frozen=True, kw_only=True)
class WordLookup:
    """How a word of a text is looked up."""

    match_capitalized: bool = False
    """Look up the lower-cased word where the word itself is not known, and give the candidate its capitals."""
    strip_punctuation: bool = False
    """Look up the bare word where the word itself is not known, and put the punctuation around it back."""

    def find(self, candidates: Candidates, word: str) -> tuple[str, ...]:
        """The words that may stand for `word`, written as it is; nothing where it is not known."""
        known = candidates.words.get(word)
        if known is not None:
            return known
        head, bare, tail = self._strip(word)
        spelled = [bare, bare.lower()] if self.match_capitalized else [bare]
        for spelling in spelled:
            if spelling in candidates.words:
                restore = spelling != bare
                return tuple(
                    head + (_capitalize_like(bare, each) if restore else each) + tail
                    for each in candidates.words[spelling]
                )
        return ()

    def _strip(self, word: str) -> tuple[str, str, str]:
        if not self.strip_punctuation:
            return "", word, ""
        right = word.lstrip(_PUNCTUATION)
        bare = right.rstrip(_PUNCTUATION)
        return word[: len(word) - len(right)], bare, right[len(bare) :]


RAW_LOOKUP = WordLookup()
"""Words as they stand, as in the released code."""


@dataclass(frozen=True, kw_only=True)
class Substitution:
    """The edit: draws every word of every text from itself and its neighbours."""

    neighbors: Candidates
    seed: int
    share: float = 1.0
    """Chance that a word is drawn at all; 1: the released law. A larger share draws the same words and more."""
    lookup: WordLookup = RAW_LOOKUP
    copy: int = 0
    """Which of several draws on the same examples."""

    def identity(self) -> dict[str, Any]:
        """See `Edit`."""
        return {
            "edit": "substitution",
            "version": VERSION,
            "neighbors": self.neighbors.digest,
            "seed": self.seed,
            "share": self.share,
            "lookup": [self.lookup.match_capitalized, self.lookup.strip_punctuation],
            "copy": self.copy,
        }

    def apply(self, examples: Examples) -> Examples:
        """Draw every word; a word's draw depends on its place alone."""
        found: dict[str, tuple[str, ...]] = {}

        def draw(words: Sequence[str], generator: np.random.Generator) -> Sequence[str]:
            chances = generator.random((len(words), 2)).tolist()
            drawn = []
            for word, (is_drawn, which) in zip(words, chances, strict=True):
                if word not in found:
                    found[word] = self.lookup.find(self.neighbors, word)
                others = found[word]
                # Place 0 is the word itself. `which` < 1, and its product with a whole number is rounded below it.
                place = int(which * (len(others) + 1)) if others and is_drawn < self.share else 0
                drawn.append(others[place - 1] if place else word)
            return drawn

        return edit_words(examples, draw, seed=self.seed, stream="augment", copy=self.copy)


def _capitalize_like(model: str, word: str) -> str:
    """Write `word` in capitals where `model` is (and longer than a letter), else with a capital at the start."""
    if model.isupper() and len(model) > 1:
        return word.upper()
    return word[:1].upper() + word[1:] if model[:1].isupper() else word
