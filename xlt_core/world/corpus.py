"""Pre-training text: documents of two sentences, most in one language, some in two. In: a world, a generator.

Half of the monolingual documents join related sentences with a connective ("that-is", "but", "also"). They are weak
supervision of the relations that the task asks for, in every language; `docs/embedded_world.md` has the ablation.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from xlt_core.world.languages import LANGUAGES, SOURCE, WorldLanguage
from xlt_core.world.meanings import CONNECTIVES, Meaning
from xlt_core.world.rewrites import MeaningPair, Relation, digress, is_plain, rewrite
from xlt_core.world.world import World


class Sentence(NamedTuple):
    """A sentence as text."""

    language: str
    text: str


class Document(NamedTuple):
    """Two sentences that belong together."""

    first: Sentence
    second: Sentence


class _Link(NamedTuple):
    """Two related meanings and the word between them."""

    meanings: MeaningPair
    connective: str


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Endless text of a world, drawn in parts."""

    world: World
    discourse_share: float = 0.5
    """Of the monolingual documents: those with a connective."""
    translation_share: float = 0.7
    """Of the bilingual documents: translations (TLM, Conneau and Lample 2019); the rest have a connective."""
    hard_share: float = 0.4
    """Of the related sentences: those by hard operators, where easy ones apply, too."""

    def draw(self, generator: np.random.Generator, num_documents: int) -> list[Document]:
        """Draw documents whose meanings are not held out."""
        held_out = self.world.held_out_cores
        meanings = self.world.sampler.draw(generator, 2 * num_documents)
        meanings = [meaning for meaning in meanings if meaning.core not in held_out]
        by_subject: dict[int, list[Meaning]] = defaultdict(list)
        for meaning in meanings:
            by_subject[meaning.subject].append(meaning)
        weights = np.array([language.text_weight for language in LANGUAGES])
        languages = generator.choice(len(LANGUAGES), size=num_documents, p=weights / weights.sum()).tolist()
        places = (generator.random(num_documents) * len(meanings)).astype(int).tolist()
        return [
            self._compose(LANGUAGES[language], meanings[place], by_subject, generator)
            for language, place in zip(languages, places, strict=True)
        ]

    def _compose(
        self,
        language: WorldLanguage,
        meaning: Meaning,
        by_subject: dict[int, list[Meaning]],
        generator: np.random.Generator,
    ) -> Document:
        """Continue a meaning, and choose which side is said in which language."""
        first = second = language.code
        is_bilingual = generator.random() < language.bilingual_share
        if is_bilingual:
            first, second = (SOURCE, second) if generator.random() < 0.5 else (first, SOURCE)
        connected_share = 1.0 - self.translation_share if is_bilingual else self.discourse_share
        if generator.random() < connected_share:
            link = self._continue(meaning, generator)
            if link is not None:
                premise, hypothesis = link.meanings
                return Document(self._say(first, premise), self._say(second, hypothesis, link.connective))
        others = [meaning] if is_bilingual else by_subject[meaning.subject]
        other = others[int(generator.random() * len(others))]
        return Document(self._say(first, meaning), self._say(second, other))

    def _continue(self, meaning: Meaning, generator: np.random.Generator) -> _Link | None:
        """Find a related meaning; None where the operator drawn does not apply or leads to what is held out."""
        connective = CONNECTIVES[int(generator.random() * len(CONNECTIVES))]
        meanings: MeaningPair | None
        if connective == "also":
            meanings = MeaningPair(meaning, digress(meaning, generator))
        else:
            hard = not is_plain(meaning) or generator.random() < self.hard_share
            relation: Relation = "entails" if connective == "that-is" else "contradicts"
            meanings = rewrite(meaning, "hard" if hard else "easy", relation, generator)
        if meanings is None or any(side.core in self.world.held_out_cores for side in meanings):
            return None
        return _Link(meanings, connective)

    def _say(self, code: str, meaning: Meaning, connective: str | None = None) -> Sentence:
        lexicon = self.world.lexicons[code]
        text = lexicon.realise(meaning)
        return Sentence(code, f"{lexicon.function[connective]} {text}" if connective else text)
