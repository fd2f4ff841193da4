"""Many small worlds at once in which nothing is left to guess: how far apart two cells truly are is known in each."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from results.statistics.differences import PairedDifference, Scored, average, subtract


@dataclass(frozen=True, kw_only=True)
class World:
    """Two cells, or one and its baseline, in some languages of a parallel test set."""

    num_seeds: int
    num_examples: int = 500
    num_languages: int = 1
    base: float = 70.0
    """Expected accuracy of the baseline."""
    effect: float = 0.0
    """Points that are truly between them."""
    seed_sd: float = 1.0
    """Of a run's accuracy about its cell's; half of the variance is shared by runs of one seed. Points."""
    churn: float = 0.2
    """Share of the variance of an example's difficulty that is new in every run."""
    method_share: float = 0.1
    """Share that is new in every cell, and the same in all its runs: what one method finds hard, another not."""
    language_share: float = 0.5
    """Share of all of this, and of what seeds do, that languages have in common."""


def simulate(world: World, generator: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Right or wrong, shape (cell and baseline, languages, seeds, examples); new examples and seeds each time."""
    k, n, num_languages = world.num_seeds, world.num_examples, world.num_languages

    def draw(*shape: int) -> npt.NDArray[np.float64]:
        """Standard normals with languages on the second axis, as alike as they are."""
        common = generator.standard_normal((shape[0], 1, *shape[2:]), dtype=np.float32)
        own = generator.standard_normal(shape, dtype=np.float32)
        return np.sqrt(world.language_share) * common + np.sqrt(1 - world.language_share) * own

    example = draw(1, num_languages, 1, n) * np.sqrt(1 - world.churn - world.method_share)
    method = draw(2, num_languages, 1, n) * np.sqrt(world.method_share)
    run = draw(2, num_languages, k, n) * np.sqrt(world.churn)
    offset = draw(1, num_languages, k, 1) + draw(2, num_languages, k, 1)
    effect = np.array([world.effect, 0.0]).reshape(2, 1, 1, 1)
    share = (world.base + effect + world.seed_sd * np.sqrt(0.5) * offset) / 100
    return example + method + run < ndtri(np.clip(share, 0.001, 0.999))


def score(is_right: npt.NDArray[np.bool_], examples: str = "shared") -> Scored:
    """Accuracy of runs, shape (seeds, examples)."""
    outcomes = is_right.astype(np.float32) * 100
    scores = outcomes.mean(axis=1, dtype=np.float64)
    influences = (outcomes - scores[:, None]) / outcomes.shape[1]
    return Scored(scores, {examples: influences.astype(np.float32)})


def simulate_difference(world: World, generator: np.random.Generator, examples: str = "shared") -> PairedDifference:
    """The mean over the world's languages of cell minus baseline."""
    cell, baseline = (
        average([score(rows, examples) for rows in languages]) for languages in simulate(world, generator)
    )
    return subtract(cell, baseline, range(world.num_seeds))


def simulate_languages(world: World, generator: np.random.Generator) -> list[PairedDifference]:
    """Cell minus baseline in each of the world's languages."""
    cells, baselines = simulate(world, generator)
    pairs = zip(cells, baselines, strict=True)
    return [subtract(score(cell), score(baseline), range(world.num_seeds)) for cell, baseline in pairs]
