"""Scores of a sweep as one panel a measure: cells by seeds by languages, with outcomes by example where there are any.

In: a snapshot. Out: `Panel`s, which give the paired difference of any cells in any language or in the mean.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.analysis import Analysis
from results.means import score_frame
from results.schema import MACRO
from results.snapshot import Snapshot
from results.statistics.differences import PairedDifference, Scored, average, contrast
from results.statistics.estimates import CI_METHOD, CI_METHOD_SEEDS
from results.statistics.families import choose_metrics
from results.statistics.measured import LAST, SCORE_TOLERANCE
from results.statistics.outcomes import Outcomes, Place

Key = tuple[str, int, str]
"""Cell id, seed, language."""

Float = TypeVar("Float", np.float32, np.float64)

logger = logging.getLogger(__name__)

_NUM_CELLS_KEPT = 24
"""With all that examples add in each language: a few arrays of seeds by examples."""

_RUN = ["trial_id", "cell_id", "seed", "is_seeded", "intermediate_key", "target_task", "source_language"]


class Measure(NamedTuple):
    """What is measured, and how."""

    target_task: str
    metric: str
    selection: str
    condition: str


class Blocks(NamedTuple):
    """Which seeds stand together."""

    seeds: tuple[tuple[int, ...], ...]
    """By block; a block is one replicate."""
    note: str | None
    """What is to be said of them; None: every seed is a block."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Scores of the runs that ended well, under one measure."""

    measure: Measure
    source_language: str
    languages: tuple[str, ...]
    """Those scored in any run, by code; the source language among them."""
    seeds: tuple[int, ...]
    scores: Mapping[Key, float]
    """0 to 100. A cell that depends on no seed has its scores under each."""
    stage_runs: Mapping[tuple[str, int], str | None]
    """Key of the intermediate run by cell and seed; None: no intermediate stage."""
    outcomes: Mapping[Key, Outcomes] = field(default_factory=dict)
    """Of each example; empty where the metric is no ratio of sums."""

    @cached_property
    def transfer_languages(self) -> tuple[str, ...]:
        """All but the source language: what `macro` is over."""
        return tuple(language for language in self.languages if language != self.source_language)

    def shared_seeds(self, cell_ids: Iterable[str], languages: Sequence[str]) -> tuple[int, ...]:
        """Seeds with which all these cells have scores in all these languages."""
        needed = [(cell_id, language) for cell_id in cell_ids for language in languages]
        return tuple(seed for seed in self.seeds if all((one, seed, other) in self.scores for one, other in needed))

    def blocks(self, cell_ids: Iterable[str], seeds: Sequence[int]) -> Blocks:
        """Put seeds together that share an intermediate run in one of the cells: they are no replicates of each other.

        Where one run stands behind all seeds, each seed is a block: what is found then is about that run.
        """
        return self._remembered_blocks(tuple(cell_ids), tuple(seeds))

    @cached_property
    def _remembered_blocks(self) -> Callable[[tuple[str, ...], tuple[int, ...]], Blocks]:
        """`_find_blocks`, keeping what was found last: it is asked for in each language."""
        return lru_cache(maxsize=1)(self._find_blocks)

    def _find_blocks(self, cell_ids: tuple[str, ...], seeds: tuple[int, ...]) -> Blocks:
        block = {seed: seed for seed in seeds}
        has_stage = False
        for cell_id in cell_ids:
            first: dict[str, int] = {}
            for seed in seeds:
                if (run := self.stage_runs.get((cell_id, seed))) is not None:
                    has_stage = True
                    old, new = block[seed], block[first.setdefault(run, seed)]
                    block = {one: new if name == old else name for one, name in block.items()}
        members = [tuple(seed for seed in seeds if block[seed] == name) for name in dict.fromkeys(block.values())]
        if len(members) == len(seeds) or not has_stage:
            return Blocks(tuple((seed,) for seed in seeds), None)
        if len(members) == 1:
            note = "all seeds share one intermediate run, and nothing is said of others"
            return Blocks(tuple((seed,) for seed in seeds), note)
        return Blocks(tuple(members), f"one value an intermediate run ({len(members)} of {len(seeds)} seeds)")

    def languages_of(self, cell_ids: Sequence[str], language: str) -> tuple[str, ...]:
        """Languages that a unit is made of: itself, or for `macro` those that every run of these cells has."""
        if language != MACRO:
            return (language,)
        of_runs = [found for cell_id in cell_ids for found in self._languages_by_run.get(cell_id, ())]
        return tuple(code for code in self.transfer_languages if all(code in found for found in of_runs))

    def scored(self, cell_id: str, languages: Sequence[str], blocks: Blocks) -> Scored:
        """Scores of a cell by block, averaged over languages; with contributions of examples where there are any."""
        return self._remembered(cell_id, tuple(languages), blocks)

    def difference(
        self, cell_ids: Sequence[str], weights: Sequence[float], languages: Sequence[str], blocks: Blocks
    ) -> PairedDifference:
        """Weighted sum of cells, paired by block, averaged over languages."""
        return contrast(self._alike(cell_ids, languages, blocks), weights, [block[0] for block in blocks.seeds])

    def weighted(
        self, cell_ids: Sequence[str], weights: Sequence[float], languages: Sequence[str], blocks: Blocks
    ) -> Scored:
        """As `difference`, block by block and example by example."""
        return average(self._alike(cell_ids, languages, blocks), weights)

    @cached_property
    def _languages_by_run(self) -> Mapping[str, list[set[str]]]:
        """By cell: the languages that each of its runs has scores in."""
        found: dict[str, dict[int, set[str]]] = {}
        for cell_id, seed, language in self.scores:
            found.setdefault(cell_id, {}).setdefault(seed, set()).add(language)
        return {cell_id: list(by_seed.values()) for cell_id, by_seed in found.items()}

    def _alike(self, cell_ids: Sequence[str], languages: Sequence[str], blocks: Blocks) -> list[Scored]:
        """Cells with contributions of the same examples, or all without."""
        scored = [self.scored(one, languages, blocks) for one in cell_ids]
        is_alike = all(one.contributions.keys() == scored[0].contributions.keys() for one in scored)
        return scored if is_alike else [Scored(one.scores, {}) for one in scored]

    @cached_property
    def _remembered(self) -> Callable[[str, tuple[str, ...], Blocks], Scored]:
        """`_score`, keeping the last cells that were asked for: a baseline is asked for with every cell."""
        return lru_cache(maxsize=_NUM_CELLS_KEPT * (len(self.languages) + 1))(self._score)

    def _score(self, cell_id: str, languages: tuple[str, ...], blocks: Blocks) -> Scored:
        if len(languages) > 1:
            return average([self._remembered(cell_id, (language,), blocks) for language in languages])
        (language,) = languages
        found = [self.outcomes.get((cell_id, seed, language)) for block in blocks.seeds for seed in block]
        sizes = [len(block) for block in blocks.seeds]
        scores = _block_means(
            np.array([self.scores[cell_id, seed, language] for block in blocks.seeds for seed in block]), sizes
        )
        hashes = {one.examples_hash if one is not None else None for one in found}
        known = [added for one in found if one is not None and (added := one.contributions()) is not None]
        if len(known) < len(found) or len(hashes) > 1 or None in hashes:
            return Scored(scores, {})
        means = _block_means(np.array(known), sizes)
        return Scored(scores, {f"{self.measure.target_task}:{hashes.pop()}": means})


def _block_means(rows: npt.NDArray[Float], sizes: Sequence[int]) -> npt.NDArray[Float]:
    """Mean of the rows of each block, which stand together; as they are where each is a block."""
    if max(sizes) == 1:
        return rows
    return np.array([part.mean(axis=0) for part in np.split(rows, np.cumsum(sizes)[:-1])], rows.dtype)


def describe_interval(difference: PairedDifference, note: str | None) -> str:
    """How the interval of a difference was made."""
    if len(difference.deltas) < 2:
        return "no interval: one seed"
    return "; ".join(filter(None, [CI_METHOD if difference.influences else CI_METHOD_SEEDS, note]))


def gather_panels(
    snapshot: Snapshot,
    analysis: Analysis,
    *,
    selections: Collection[str] = (LAST,),
    conditions: Collection[str] | None = None,
    with_outcomes: bool = True,
) -> list[Panel]:
    """Read one panel a task, selection and condition, of the task's primary metric or the one that was declared.

    Pairs of languages are left out. Runs scored on other examples than most are left out in that language.

    Args:
        snapshot: of the store.
        analysis: says which metric counts.
        selections: of checkpoints; predictions are of `last` alone.
        conditions: of evaluation; none given: all.
        with_outcomes: read predictions, so that intervals hold for other test examples, too.
    """
    runs = snapshot.plan.select(_RUN).to_pandas()
    statuses = snapshot.trials.select(["trial_id", "status"]).to_pandas()
    runs = runs[runs["trial_id"].isin(statuses.loc[statuses["status"] == "ok", "trial_id"])]
    frame = score_frame(snapshot.scores)
    frame = frame[frame["value"].notna() & (frame["condition_language"] == "") & frame["selection"].isin(selections)]
    frame = frame if conditions is None else frame[frame["condition"].isin(conditions)]
    frame = frame.merge(runs, on="trial_id")
    primary = _primary_metrics(snapshot, analysis)
    frame = frame[frame["metric"] == frame["target_task"].map(primary)]
    if frame.empty:
        return []
    outcomes = _read_outcomes(snapshot, frame) if with_outcomes else {}
    groups = frame.groupby([*Measure._fields], sort=False)
    return [_make_panel(Measure(*map(str, key)), rows, outcomes) for key, rows in groups]


def _primary_metrics(snapshot: Snapshot, analysis: Analysis) -> dict[str, str]:
    """The metric that counts, by task; a task reports its primary one first."""
    frame = snapshot.results.select(["target_task", "metric"]).to_pandas().drop_duplicates()
    return choose_metrics({str(task): [*rows["metric"]] for task, rows in frame.groupby("target_task")}, analysis)


def _read_outcomes(snapshot: Snapshot, frame: pd.DataFrame) -> dict[tuple[str, Place], Outcomes]:
    """Outcomes by trial and place, of the trials whose scores are looked at."""
    reader = snapshot.outcomes
    trial_ids = [str(one) for one in frame.loc[frame["selection"] == LAST, "trial_id"].unique()]
    read = reader.read(trial_ids)
    return {(one, place): found for one, places in read.items() for place, found in places.items()}


def _make_panel(measure: Measure, rows: pd.DataFrame, outcomes: Mapping[tuple[str, Place], Outcomes]) -> Panel:
    seeds = [int(seed) for seed in sorted(set(rows.loc[rows["is_seeded"], "seed"]) or set(rows["seed"]))]
    scores: dict[Key, float] = {}
    found: dict[Key, Outcomes] = {}
    stage_runs: dict[tuple[str, int], str | None] = {}
    columns = ["trial_id", "cell_id", "seed", "is_seeded", "language", "value", "intermediate_key"]
    for trial_id, cell_id, seed, is_seeded, language, value, stage_run in rows[columns].values.tolist():
        one = outcomes.get((trial_id, Place(language, measure.condition, "")))
        if one is not None and not abs(one.score - value) <= SCORE_TOLERANCE:
            one = None  # of another metric, or of one that is no ratio of sums
        for block in [int(seed)] if is_seeded else seeds:
            scores[cell_id, block, language] = float(value)
            stage_runs[cell_id, block] = stage_run if isinstance(stage_run, str) else None
            if one is not None and measure.selection == LAST:
                found[cell_id, block, language] = one
    for key in _scored_on_others(found):
        del scores[key], found[key]
    return Panel(
        measure=measure,
        source_language=str(rows["source_language"].iloc[0]),
        languages=tuple(sorted({language for _, _, language in scores})),
        seeds=tuple(seeds),
        scores=scores,
        stage_runs=stage_runs,
        outcomes=found,
    )


def _scored_on_others(outcomes: Mapping[Key, Outcomes]) -> list[Key]:
    """Runs whose examples in a language are not those of most runs: they cannot be paired."""
    counts: dict[str, Counter[str]] = {}
    for (_, _, language), one in outcomes.items():
        counts.setdefault(language, Counter())[one.examples_hash] += 1
    usual = {language: min(found, key=lambda one: (-found[one], one)) for language, found in counts.items()}
    others = [key for key, one in outcomes.items() if one.examples_hash != usual[key[2]]]
    if others:
        logger.warning("left out of curves and slopes, scored on other examples than most runs: %d scores", len(others))
    return others
