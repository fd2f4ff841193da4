"""One world: its languages, words, preferences and held-out pairs, all fixed by one seed. Light."""

from collections.abc import Iterable
from dataclasses import dataclass

from xlt_core.world.languages import LANGUAGES
from xlt_core.world.lexicon import Lexicon, build_lexicons
from xlt_core.world.meanings import Meaning, MeaningSampler, build_sampler
from xlt_core.world.pairs import HARD_SHARE, LabelledPair, draw_pairs

DEFAULT_WORLD_SEED = 0
NUM_HELD_OUT_PAIRS = 500


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything that does not depend on a pre-training or a trial seed."""

    seed: int
    lexicons: dict[str, Lexicon]
    """By language code."""
    sampler: MeaningSampler
    dev_pairs: tuple[LabelledPair, ...]
    test_pairs: tuple[LabelledPair, ...]
    held_out_cores: frozenset[Meaning]
    """Meanings of the dev and test pairs: never said in pre-training text, never trained on."""


def build_world(seed: int = DEFAULT_WORLD_SEED) -> World:
    """Make a world; equal seeds make equal worlds."""
    sampler = build_sampler(seed)
    test_pairs = draw_pairs(sampler, NUM_HELD_OUT_PAIRS, seed=seed, stream="world_test", hard_share=HARD_SHARE)
    dev_pairs = draw_pairs(
        sampler,
        NUM_HELD_OUT_PAIRS,
        seed=seed,
        stream="world_dev",
        hard_share=HARD_SHARE,
        excluded=_collect_cores(test_pairs),
    )
    return World(
        seed=seed,
        lexicons=build_lexicons(seed, LANGUAGES),
        sampler=sampler,
        dev_pairs=dev_pairs,
        test_pairs=test_pairs,
        held_out_cores=_collect_cores(dev_pairs + test_pairs),
    )


def _collect_cores(pairs: Iterable[LabelledPair]) -> frozenset[Meaning]:
    return frozenset(core for pair in pairs for core in pair.cores)
