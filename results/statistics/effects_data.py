"""Deltas of a design as an array, and what is known of its languages: what models of effects are fitted to.

In: a panel, a design. Out: `EffectData`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results.statistics.panel import Panel

Outcome = Literal["delta", "logit"]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class CorpusSizes:
    """How much of each language the encoder has read."""

    sizes: Mapping[str, float]
    unit: str

    @classmethod
    def of(cls, languages: pa.Table) -> "CorpusSizes":
        """Read them from the table of languages; those not in the corpus have no size."""
        rows = [row for row in languages.to_pylist() if row["corpus_size"]]
        units = sorted({row["corpus_unit"] or "" for row in rows})
        return cls(sizes={row["language"]: float(row["corpus_size"]) for row in rows}, unit=units[0] if units else "")


@dataclass(frozen=True, kw_only=True)
class EffectData:
    """Deltas of C cells in L languages under B seed blocks."""

    deltas: Array
    """Shape (C, L, B); NaN where a cell has no scores under a seed, then in all languages."""
    languages: tuple[str, ...]
    log_corpus: Array | None
    """log10 of the corpus over its geometric mean, shape (L,); None: too few languages have one."""
    stage_runs: tuple[tuple[str | None, ...], ...]
    """Intermediate run of a cell under each block; shape (C, B)."""
    num_seeds: int
    num_stage_runs: int | None
    notes: tuple[str, ...]

    def without(self, language: str) -> "EffectData":
        """Leave one language out; what log_corpus is 0 at stays."""
        kept = [place for place, one in enumerate(self.languages) if one != language]
        return replace(
            self,
            deltas=self.deltas[:, kept],
            languages=tuple(self.languages[place] for place in kept),
            log_corpus=None if self.log_corpus is None else self.log_corpus[kept],
        )


def gather_effects(
    panel: Panel,
    cell_ids: Sequence[str],
    baseline_id: str,
    corpus: CorpusSizes,
    outcome: Outcome,
    *,
    min_languages: int,
) -> EffectData | None:
    """Lay out the deltas of some cells against one baseline; None where there are none.

    The source language is left out: transfer is what is asked about. Where `min_languages` have a corpus size, those
    that have none are left out as well, else `log_corpus` is None and all stay in.

    Args:
        outcome: `delta` in points, `logit` in log odds of the scores.
    """
    seeds = [seed for seed in panel.seeds if any((baseline_id, seed, one) in panel.scores for one in panel.languages)]
    blocks = panel.blocks([baseline_id, *cell_ids], seeds)
    values = _deltas_by_seed(panel, cell_ids, baseline_id, seeds, outcome)  # (C, L, S)
    is_scored: npt.NDArray[np.bool_] = ~np.isnan(values)
    is_run = np.any(is_scored, axis=1, keepdims=True)  # (C, 1, S): in some language
    is_whole = np.asarray(np.all(is_scored | ~is_run, axis=(0, 2))).tolist()
    values = values[:, is_whole]
    languages = [one for one, kept in zip(panel.transfer_languages, is_whole, strict=True) if kept]
    if not languages or not is_run.any():
        return None
    notes = (
        [] if panel.source_language not in panel.languages else [f"without the source language {panel.source_language}"]
    )
    if partly := [one for one, kept in zip(panel.transfer_languages, is_whole, strict=True) if not kept]:
        notes.append(f"not scored in every run, left out: {' '.join(partly)}")
    known = [one for one in languages if one in corpus.sizes]
    log_corpus = None
    if len(known) >= min_languages:
        if unknown := [one for one in languages if one not in corpus.sizes]:
            notes.append(f"size of the corpus not known, or none of it: left out {' '.join(unknown)}")
        values = values[:, [one in corpus.sizes for one in languages]]
        languages = known
        logs = np.log10([corpus.sizes[one] for one in known])
        log_corpus = logs - logs.mean()
        notes.append(f"log_corpus is 0 at {10 ** logs.mean():.3g} {corpus.unit}".rstrip())
    columns = {seed: place for place, seed in enumerate(seeds)}
    with np.errstate(invalid="ignore"):
        parts = [_mean_of_known(values[:, :, [columns[seed] for seed in block]]) for block in blocks.seeds]
    runs = [[panel.stage_runs.get((one, block[0])) for block in blocks.seeds] for one in cell_ids]
    return EffectData(
        deltas=np.stack(parts, axis=2),
        languages=tuple(languages),
        log_corpus=log_corpus,
        stage_runs=tuple(tuple(row) for row in runs),
        num_seeds=len(seeds),
        num_stage_runs=len({run for row in runs for run in row if run is not None}) or None,
        notes=(*notes, *([blocks.note] if blocks.note else [])),
    )


def _deltas_by_seed(
    panel: Panel, cell_ids: Sequence[str], baseline_id: str, seeds: Sequence[int], outcome: Outcome
) -> Array:
    languages = panel.transfer_languages

    def scores(cell_id: str) -> Array:
        found = [[panel.scores.get((cell_id, seed, one), np.nan) for seed in seeds] for one in languages]
        values = np.array(found, float).reshape(len(languages), len(seeds))
        if outcome == "delta":
            return values
        inside = np.where((values > 0) & (values < 100), values, np.nan)
        log_odds: Array = np.log(inside / (100 - inside))
        return log_odds

    base = scores(baseline_id)
    return np.array([scores(one) - base for one in cell_ids])


def _mean_of_known(values: Array) -> Array:
    """Mean over the last axis of what is not NaN."""
    known = ~np.isnan(values)
    counts: Array = np.where(known.any(axis=-1), known.sum(axis=-1), np.nan)
    return np.asarray(np.where(known, values, 0.0).sum(axis=-1) / counts)
