"""Typing errors: a letter is exchanged, left out, swapped with the next one, or one too many, with equal chances.

The law is our own, a usual kind of character noise (as in Belinkov and Bisk 2018) that knows no keyboards: a wrong
letter is drawn from the letters of the same script in the same text, which works alike in every script.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from xlt_core.edits.base import edit_words
from xlt_core.edits.units import classify_letter, split_clusters
from xlt_core.tasks.base import Examples

VERSION = 1
"""Raised when the same settings give other texts; part of every identity."""


class _Draws(NamedTuple):
    """Chance of one unit, all in [0, 1)."""

    hit: float
    where: float
    kind: float
    letter: float


@dataclass(frozen=True, kw_only=True)
class Typos:
    """The edit: one error in every unit that is hit. Letters keep their combining marks, words keep a letter.

    A unit is a word that has a letter; in scripts written without spaces, each letter. A larger share hits the same
    units and more.
    """

    share: float
    """Chance that a unit is hit."""
    seed: int

    def identity(self) -> dict[str, Any]:
        """See `Edit`."""
        return {"edit": "typos", "version": VERSION, "share": self.share, "seed": self.seed}

    def apply(self, examples: Examples) -> Examples:
        """Hit every text."""
        return edit_words(examples, self._edit_words, seed=self.seed, stream="typos")

    def _edit_words(self, words: Sequence[str], generator: np.random.Generator) -> Sequence[str]:
        cut = [split_clusters(word) for word in words]
        units_of = [_find_units(clusters) for clusters in cut]
        num_units = sum(map(len, units_of))
        draws = iter([_Draws(*row) for row in generator.random((num_units, len(_Draws._fields))).tolist()])
        letters: dict[str, list[str]] | None = None
        edited = []
        for clusters, units in zip(cut, units_of, strict=True):
            hits = [
                (unit[int(drawn.where * len(unit))], drawn)
                for unit, drawn in zip(units, draws, strict=False)
                if drawn.hit < self.share
            ]
            if hits and letters is None:
                letters = _collect_letters(cut)
            # From the end on, so that the places before stay what they are.
            for place, drawn in reversed(hits):
                _misspell(clusters, place, drawn, letters or {})
            edited.append("".join(clusters))
        return edited


def _find_units(clusters: Sequence[str]) -> list[list[int]]:
    """Places of the letters of each unit of a word."""
    units: list[list[int]] = []
    is_open = False
    for place, cluster in enumerate(clusters):
        letter = classify_letter(cluster)
        if letter is None:
            is_open = is_open and not cluster.isspace()
        elif is_open and not letter.is_unspaced:
            units[-1].append(place)
        else:
            units.append([place])
            is_open = not letter.is_unspaced
    return units


def _collect_letters(cut: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """The letters of a text by script, each as often as it occurs."""
    letters: dict[str, list[str]] = {}
    for clusters in cut:
        for cluster in clusters:
            letter = classify_letter(cluster)
            if letter is not None:
                letters.setdefault(letter.script, []).append(cluster)
    return letters


def _misspell(clusters: list[str], place: int, drawn: _Draws, letters: dict[str, list[str]]) -> None:
    """Make one error at one letter of a word, of the kinds that are possible there; changes `clusters`."""
    hit = clusters[place]
    letter = classify_letter(hit)
    assert letter is not None, "only letters are hit"
    same_script = letters[letter.script]
    others = [each for each in same_script if each.lower() != hit.lower()]
    following = clusters[place + 1] if place + 1 < len(clusters) else ""
    kinds = ["insert"]
    if others:
        kinds.append("exchange")
    if len(clusters) > 1:
        kinds.append("leave_out")
    if following and following != hit and classify_letter(following):
        kinds.append("swap")
    kind = kinds[int(drawn.kind * len(kinds))]
    if kind == "swap":
        clusters[place : place + 2] = [following, hit]
    elif kind == "leave_out":
        del clusters[place]
    elif kind == "exchange":
        clusters[place] = _write_like(hit, others[int(drawn.letter * len(others))])
    else:
        clusters.insert(place + 1, same_script[int(drawn.letter * len(same_script))].lower())


def _write_like(model: str, letter: str) -> str:
    """A capital for a capital, a small letter for a small one; the same where a script knows no difference."""
    return letter.upper() if model != model.lower() else letter.lower()
