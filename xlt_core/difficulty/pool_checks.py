"""What is known of a pool before any scorer is trained: whether arms can be drawn of it at all. In: settings. Light.

Strata are of lengths in tokens, which planning does not know: only what no length could change is refused here, the
rest when the arm is drawn.
"""

from xlt_core.difficulty import MEASURES, load_measure
from xlt_core.difficulty.pool import POOL_SEED, build_pool, count_words, list_labels
from xlt_core.difficulty.spec import DifficultySpec
from xlt_core.difficulty.strata import build_strata
from xlt_core.edits.hiding import HiddenTexts
from xlt_core.errors import DataError
from xlt_core.spec import StageSpec
from xlt_core.tasks import load_task
from xlt_core.tasks.examples import select_examples


def check_pool(settings: StageSpec) -> None:
    """Read a stage's training examples and refuse what scoring or drawing them would refuse later.

    Raises:
        DataError: examples cannot be grouped; a file or column of scores lacks some; too few examples for the strata or
            for the arms, with the numbers.
        SpecError: a measure has no meaning for such examples.
    """
    difficulty = settings.difficulty
    assert difficulty is not None, "without it there is no pool"
    examples = load_task(settings.task).load_train(settings.data_of("train"), dose=None, data_seed=POOL_SEED)
    pool = build_pool(examples)
    for scorer in (difficulty.scorer, difficulty.independent):
        if scorer is None:
            continue
        measure = load_measure(scorer.measure)(scorer)
        if not MEASURES[scorer.measure].trains:
            measure.combine(pool, (), ())
        for hidden in {run.hidden for run in measure.list_runs(pool)} - {"nothing"}:
            HiddenTexts(which=hidden).apply(select_examples(examples, [0]))  # type: ignore[arg-type]
    if settings.dose is None:
        return
    genres = getattr(pool.examples, "genres", None)
    build_strata(
        list_labels(pool.examples),
        genres,
        count_words(pool.examples),
        num_length_bins=difficulty.num_length_bins,
        min_stratum=difficulty.min_stratum,
    )
    _check_size(len(pool), difficulty)


def _check_size(num_pooled: int, difficulty: DifficultySpec) -> None:
    """An arm is made of thirds: no parting into strata gives it more than a third of the pool."""
    most = num_pooled // 3
    if difficulty.num_examples is not None and difficulty.num_examples > most:
        raise DataError(
            f"num_examples {difficulty.num_examples:,}: the pool has {num_pooled:,} examples and an arm at most a "
            f"third of them, {most:,}; ask for fewer, leave num_examples out, or give a larger pool"
        )
