"""Where a text can be cut without hurting a letter: grapheme clusters, and the units that noise acts on.

A unit is a word, as spaces part it; in scripts that are written without spaces it is one letter (a grapheme cluster)
with the punctuation after it, whether or not a file puts spaces between its words.
"""

import unicodedata
from functools import lru_cache
from typing import NamedTuple

import regex

UNSPACED_SCRIPTS = frozenset({"Hans", "Hant", "Jpan", "Thai", "Laoo", "Khmr", "Mymr"})
"""Scripts that are written without spaces, ISO 15924."""
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Their characters, for a character class."""
_SPACE = r"\s\x1c-\x1f"
"""What `str.isspace` takes for white space: `\\s` of `regex` leaves out four separators."""
_UNIT = regex.compile(rf"(?=[{_UNSPACED}])\X(?:(?=\p{{P}})\X)*|(?:(?![{_UNSPACED}{_SPACE}])\X)+")


class TextUnits(NamedTuple):
    """A text in pieces: `lead`, then every unit with the gap after it, give the text again."""

    lead: str
    """White space before the first unit."""
    units: list[str]
    gaps: list[str]
    """White space after each unit, often none."""


class Letter(NamedTuple):
    """What a grapheme cluster is that begins with a letter."""

    script: str
    """As Unicode names it: `LATIN`, `DEVANAGARI`, `CJK`."""
    is_unspaced: bool
    """Whether its script is written without spaces."""


def split_clusters(text: str) -> list[str]:
    """Cut a text into grapheme clusters: a letter with its combining marks is one."""
    clusters: list[str] = regex.findall(r"\X", text)
    return clusters


def split_units(text: str) -> TextUnits:
    """Cut a text into units; white space is kept beside them."""
    spans = [match.span() for match in _UNIT.finditer(text)]
    if not spans:
        return TextUnits(lead=text, units=[], gaps=[])
    ends = [start for start, _ in spans[1:]] + [len(text)]
    return TextUnits(
        lead=text[: spans[0][0]],
        units=[text[start:end] for start, end in spans],
        gaps=[text[end:following] for (_, end), following in zip(spans, ends, strict=True)],
    )


def join_units(text: TextUnits) -> str:
    """Put a text together again."""
    return text.lead + "".join(unit + gap for unit, gap in zip(text.units, text.gaps, strict=True))


@lru_cache(maxsize=1 << 14)
def classify_letter(cluster: str) -> Letter | None:
    """Say what letter a cluster is; None for digits, punctuation, symbols and spaces."""
    if not unicodedata.category(cluster[0]).startswith("L"):
        return None
    script = unicodedata.name(cluster[0], "").split(" ")[0]
    return Letter(script=script, is_unspaced=regex.match(f"[{_UNSPACED}]", cluster) is not None)
