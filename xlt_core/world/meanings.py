"""What a sentence of the world can mean, and how meanings are drawn. In: a generator. Out: `Meaning`s.

"Q S (does|not) V [A] O": Q over subjects has scope over negation, the object is existential inside it.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xlt_core.streams import numpy_generator

Quantifier = Literal["the", "all", "some", "no"]
QUANTIFIERS: tuple[Quantifier, ...] = ("the", "all", "some", "no")
CONNECTIVES = ("that-is", "but", "also")
FUNCTION_WORDS = (*QUANTIFIERS, "does", "not", *CONNECTIVES)

NUM_CATEGORIES, NOUNS_PER_CATEGORY = 4, 4
NUM_LEAVES = NUM_CATEGORIES * NOUNS_PER_CATEGORY
NUM_NAMES = 6
FIRST_NAME = NUM_LEAVES + NUM_CATEGORIES
NUM_NOUNS = FIRST_NAME + NUM_NAMES
"""Nouns are numbered: leaves, then the hypernym of each category, then proper names."""
NUM_VERBS, NUM_SYNONYMS = 8, 2
NUM_ADJECTIVES = 8


class Meaning(NamedTuple):
    """One sentence without a language. Verbs and adjectives 2k and 2k+1 are antonyms."""

    quantifier: Quantifier
    """`the` stands before names, too: it picks one individual."""
    subject: int
    negated: bool
    """Never with `no`."""
    verb: int
    synonym: int
    """Which of the verb's two words; the same meaning in strict logic."""
    adjective: int | None
    """Of the object."""
    object: int

    @property
    def core(self) -> "Meaning":
        """What synonyms share."""
        return self._replace(synonym=0)


def is_leaf(noun: int) -> bool:
    """Whether a noun is neither a hypernym nor a name."""
    return noun < NUM_LEAVES


def is_name(noun: int) -> bool:
    """Whether a noun is a proper name."""
    return noun >= FIRST_NAME


def category(noun: int) -> int:
    """Category of a leaf or a hypernym."""
    return noun // NOUNS_PER_CATEGORY if is_leaf(noun) else noun - NUM_LEAVES


def hypernym(leaf: int) -> int:
    """The noun that covers a leaf's whole category."""
    return NUM_LEAVES + category(leaf)


def antonym(word: int) -> int:
    """Of a verb or of an adjective."""
    return word ^ 1


@dataclass(frozen=True, kw_only=True)
class MeaningSampler:
    """Who does what to which: every verb prefers some nouns, every noun some adjectives.

    Masked language modelling can learn what words mean only because of these preferences.
    """

    verbs: NDArray[np.float64]
    """Probabilities, shape (verbs,)."""
    subjects: NDArray[np.float64]
    """Rows sum to 1, shape (verbs, leaves)."""
    objects: NDArray[np.float64]
    """Rows sum to 1, shape (verbs, leaves)."""
    adjectives: NDArray[np.float64]
    """Rows sum to 1, shape (leaves, adjectives)."""

    quantifiers: tuple[float, ...] = (0.4, 0.2, 0.2, 0.2)
    negated_share: float = 0.2
    name_share: float = 0.2
    hypernym_share: float = 0.1
    adjective_share: float = 0.5

    def draw(self, generator: np.random.Generator, num_meanings: int) -> list[Meaning]:
        """Draw meanings independently of each other."""
        count = num_meanings
        quantifier = generator.choice(len(QUANTIFIERS), size=count, p=self.quantifiers)
        verb = generator.choice(NUM_VERBS, size=count, p=self.verbs)
        subject = _draw_from_rows(generator, self.subjects, verb)
        leaf = _draw_from_rows(generator, self.objects, verb)
        adjective = _draw_from_rows(generator, self.adjectives, leaf)
        adjective[generator.random(count) >= self.adjective_share] = -1
        subject = self._generalise(generator, subject)
        obj = self._generalise(generator, leaf)
        named = generator.random(count) < self.name_share
        subject = np.where(named, FIRST_NAME + generator.integers(NUM_NAMES, size=count), subject)
        quantifier[named] = QUANTIFIERS.index("the")
        negated = generator.random(count) < self.negated_share
        negated &= quantifier != QUANTIFIERS.index("no")
        synonym = generator.integers(NUM_SYNONYMS, size=count)
        columns = (quantifier, subject, negated, verb, synonym, adjective, obj)
        return [
            Meaning(QUANTIFIERS[q], s, n, v, y, None if a < 0 else a, o)
            for q, s, n, v, y, a, o in zip(*(column.tolist() for column in columns), strict=True)
        ]

    def _generalise(self, generator: np.random.Generator, leaves: NDArray[np.int64]) -> NDArray[np.int64]:
        """Say a share of nouns by their category."""
        general = generator.random(len(leaves)) < self.hypernym_share
        return np.where(general, NUM_LEAVES + leaves // NOUNS_PER_CATEGORY, leaves)


def build_sampler(seed: int) -> MeaningSampler:
    """Draw the preferences of one world."""
    generator = numpy_generator(seed, "world_preferences")
    verbs = np.arange(1.0, NUM_VERBS + 1) ** -0.4
    return MeaningSampler(
        verbs=verbs / verbs.sum(),
        subjects=_draw_noun_preferences(generator),
        objects=_draw_noun_preferences(generator),
        adjectives=_normalise(generator.gamma(0.4, size=(NUM_LEAVES, NUM_ADJECTIVES)) + 0.02),
    )


def _draw_noun_preferences(generator: np.random.Generator) -> NDArray[np.float64]:
    """Each verb likes some nouns, nearly all of them in two categories; shape (verbs, leaves)."""
    weights = generator.gamma(0.5, size=(NUM_VERBS, NUM_LEAVES)) + 0.03
    for row in weights.reshape(NUM_VERBS, NUM_CATEGORIES, NOUNS_PER_CATEGORY):
        row[generator.permutation(NUM_CATEGORIES)[2:]] *= 0.05
    return _normalise(weights)


def _normalise(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    normalised: NDArray[np.float64] = weights / weights.sum(axis=-1, keepdims=True)
    return normalised


def _draw_from_rows(
    generator: np.random.Generator, probabilities: NDArray[np.float64], rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Draw one column for each of `rows`, by inverting the cumulative distribution; shape of `rows`."""
    cumulative = probabilities.cumsum(axis=1)
    cumulative[:, -1] = 1.0  # rounding must not leave a gap that a draw can fall through
    columns: NDArray[np.int64] = (generator.random(len(rows))[:, None] >= cumulative[rows]).sum(axis=1)
    return columns
