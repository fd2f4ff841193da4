"""Words and sentences of each language. In: a meaning. Out: a sentence, words with spaces between them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xlt_core.streams import numpy_generator
from xlt_core.world.languages import LATIN, SOURCE, WorldLanguage
from xlt_core.world.meanings import (
    FIRST_NAME,
    FUNCTION_WORDS,
    NUM_ADJECTIVES,
    NUM_NAMES,
    NUM_SYNONYMS,
    NUM_VERBS,
    Meaning,
)

_CONSONANTS, _VOWELS = "bcdfghjklmnprstvz", "aeiou"


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """All words of one language."""

    language: WorldLanguage
    nouns: tuple[str, ...]
    """Leaves, hypernyms, names."""
    verbs: tuple[tuple[str, ...], ...]
    """Synonyms of each verb."""
    adjectives: tuple[str, ...]
    function: dict[str, str]

    @property
    def words(self) -> tuple[str, ...]:
        """Every word once."""
        synonyms = (word for words in self.verbs for word in words)
        return (*self.function.values(), *self.nouns, *synonyms, *self.adjectives)

    def realise(self, meaning: Meaning) -> str:
        """Say a meaning: five or six words."""
        function = self.function
        subject = f"{function[meaning.quantifier]} {self.nouns[meaning.subject]}"
        auxiliary = function["not" if meaning.negated else "does"]
        verb = self.verbs[meaning.verb][meaning.synonym]
        obj = self.nouns[meaning.object]
        if meaning.adjective is not None:
            adjective = self.adjectives[meaning.adjective]
            obj = f"{adjective} {obj}" if self.language.adjective_first else f"{obj} {adjective}"
        match self.language.order:
            case "SVO":
                return f"{subject} {auxiliary} {verb} {obj}"
            case "SOV":
                return f"{subject} {obj} {auxiliary} {verb}"
            case "VSO":
                return f"{auxiliary} {verb} {subject} {obj}"


def build_lexicons(seed: int, languages: Sequence[WorldLanguage]) -> dict[str, Lexicon]:
    """Invent every language's words. Two languages share a string only by overlap, and proper names."""
    generator = numpy_generator(seed, "world_words")
    taken: set[str] = set()
    names = tuple(_invent_word(generator, LATIN, taken) for _ in range(NUM_NAMES))
    num_content = FIRST_NAME + NUM_VERBS * NUM_SYNONYMS + NUM_ADJECTIVES
    lexicons: dict[str, Lexicon] = {}
    source_content: list[str] = []
    for language in languages:
        content = [_invent_word(generator, language.first_letter, taken) for _ in range(num_content)]
        if language.code == SOURCE:
            source_content = content
        else:
            num_shared = round(language.overlap * num_content)
            for place in generator.permutation(num_content)[:num_shared].tolist():
                content[place] = source_content[place]
        function = {word: _invent_word(generator, language.first_letter, taken) for word in FUNCTION_WORDS}
        lexicons[language.code] = _arrange(language, content, names, function)
    return lexicons


def _arrange(language: WorldLanguage, content: list[str], names: tuple[str, ...], function: dict[str, str]) -> Lexicon:
    first_adjective = FIRST_NAME + NUM_VERBS * NUM_SYNONYMS
    verbs = content[FIRST_NAME:first_adjective]
    return Lexicon(
        language=language,
        nouns=(*content[:FIRST_NAME], *names),
        verbs=tuple(tuple(verbs[i : i + NUM_SYNONYMS]) for i in range(0, len(verbs), NUM_SYNONYMS)),
        adjectives=tuple(content[first_adjective:]),
        function=function,
    )


def _invent_word(generator: np.random.Generator, first_letter: int, taken: set[str]) -> str:
    """Two or three open syllables, perhaps a final consonant, in the letters of a script; new to `taken`."""
    while True:
        syllables = ["".join(generator.choice(list(part)) for part in (_CONSONANTS, _VOWELS)) for _ in range(3)]
        word = "".join(syllables[: generator.integers(2, 4)])
        word += generator.choice(["", *_CONSONANTS]) if generator.random() < 0.5 else ""
        word = "".join(chr(first_letter + ord(letter) - LATIN) for letter in word)
        if word not in taken:
            taken.add(word)
            return word
