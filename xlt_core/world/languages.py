"""The world's languages: one literal table. What differs between them is all that transfer can depend on."""

from dataclasses import dataclass
from typing import Literal

WordOrder = Literal["SVO", "SOV", "VSO"]

LATIN = ord("a")
"""First letter of the block in which a language's words are written."""


@dataclass(frozen=True, kw_only=True)
class WorldLanguage:
    """What makes one language of the world."""

    code: str
    order: WordOrder = "SVO"
    adjective_first: bool = True
    first_letter: int = LATIN
    """Code point that stands for `a`: the script."""
    overlap: float = 0.0
    """Share of content words that are the source language's strings."""
    text_weight: float
    """Amount of pre-training text, relative to the other languages."""
    bilingual_share: float
    """Share of its documents whose other half is in the source language."""


SOURCE = "src"

LANGUAGES: tuple[WorldLanguage, ...] = (
    WorldLanguage(code=SOURCE, overlap=1.0, text_weight=2.0, bilingual_share=0.0),
    # Relatives: script and many words shared; only the amount of text differs.
    WorldLanguage(code="kin-hi", overlap=0.5, text_weight=1.0, bilingual_share=0.5),
    WorldLanguage(code="kin-mid", overlap=0.5, text_weight=0.5, bilingual_share=0.5),
    WorldLanguage(code="kin-lo", overlap=0.5, text_weight=0.2, bilingual_share=0.5),
    # Strangers: own script, no shared word but names; again only the amount of text differs.
    WorldLanguage(code="far-hi", first_letter=0x10D0, text_weight=1.0, bilingual_share=0.5),
    WorldLanguage(code="far-mid", first_letter=0x1200, text_weight=0.5, bilingual_share=0.5),
    WorldLanguage(code="far-lo", first_letter=0x0561, text_weight=0.2, bilingual_share=0.5),
    # As much text as `far-hi`, another word order.
    WorldLanguage(code="adj-hi", adjective_first=False, first_letter=0x03B1, text_weight=1.0, bilingual_share=0.5),
    WorldLanguage(code="sov-hi", order="SOV", first_letter=0x0430, text_weight=1.0, bilingual_share=0.5),
    WorldLanguage(code="vso-hi", order="VSO", first_letter=0x0905, text_weight=1.0, bilingual_share=0.5),
)
