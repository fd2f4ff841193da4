"""Sweeps whose truth is known: every cell's effect in every language is planted, seeds and examples are noise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from results.predictions import PredictionColumns, join_prediction_tables, prediction_table
from results.store import ResultStore
from tests.results.factories import plan_row, score_row, trial_row

CORPUS_SIZES = {"en": 300.8, "de": 66.6, "tr": 20.9, "hi": 20.2, "ur": 5.7, "sw": 1.6, "yo": None}
"""GiB of CC-100."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """What is simulated."""

    magnitudes: Sequence[float] = (0.0, 0.1, 0.3)
    doses: Sequence[float | None] = (None,)
    languages: Sequence[str] = tuple(CORPUS_SIZES)
    num_seeds: int = 5
    num_examples: int = 400
    base: float = 70.0
    """Expected accuracy of the baseline."""
    seed_sd: float = 1.0
    """Of a run's accuracy about its expectation, points; runs of one seed share half of the variance."""
    churn: float = 0.3
    """Share of an example's outcome that is drawn anew in each run; the rest is the example's own difficulty."""
    effects: Mapping[tuple[float, float | None, str], float] = field(default_factory=dict)
    """Points by magnitude, dose and language; those left out have none."""
    num_intermediate_runs: int | None = None
    """Of each dose, shared by the seeds in turn; none: every seed has its own."""
    failed: Mapping[tuple[float, float | None, int], str] = field(default_factory=dict)
    """Status by magnitude, dose and seed; `degenerate` runs are scored at chance, others not at all."""


def simulate_outcomes(design: Design, seed: int = 0) -> dict[tuple[float, float | None, int], npt.NDArray[np.bool_]]:
    """Right or wrong by magnitude, dose and seed; shape (languages, examples), ids shared by all languages."""
    generator = np.random.default_rng(seed)
    own = generator.standard_normal((len(design.languages), design.num_examples)) * np.sqrt(1 - design.churn)
    outcomes = {}
    for run_seed in range(design.num_seeds):
        shared = generator.standard_normal(len(design.languages))
        for dose in design.doses:
            for magnitude in design.magnitudes:
                unshared = generator.standard_normal(len(design.languages))
                offset = design.seed_sd * np.sqrt(0.5) * (shared + unshared)
                effect = np.array([design.effects.get((magnitude, dose, one), 0.0) for one in design.languages])
                share = np.clip((design.base + offset + effect) / 100, 0.001, 0.999)
                noise = generator.standard_normal(own.shape) * np.sqrt(design.churn)
                outcomes[magnitude, dose, run_seed] = own + noise < norm.ppf(share)[:, None]
    return outcomes


def simulate_store(folder: Path, design: Design, seed: int = 0, **sweep: Any) -> ResultStore:
    """A whole store: plan, languages, trials, scores and predictions of two classes; accuracy on the `xnli` task.

    Cells are `m<magnitude>` or, with a dose, `m<magnitude>-d<dose>`; the first magnitude and dose are the baseline.
    """
    store = ResultStore.create(folder, {"name": "simulated", "sweep_id": "simulated", "versions": {}} | sweep)
    outcomes = simulate_outcomes(design, seed)
    baseline = cell_name(design.magnitudes[0], design.doses[0])
    rows = []
    for magnitude, dose, run_seed in outcomes:
        cell = cell_name(magnitude, dose)
        settings = {"method": "gaussian" if magnitude else "none", "magnitude": magnitude, "dose": dose}
        stage = f"nli-{dose}-{run_seed % (design.num_intermediate_runs or design.num_seeds)}"
        arm = {"intermediate_task": "mnli", "intermediate_key": stage, "same_task": False}
        own = {"is_baseline": cell == baseline, "baseline_cell_id": baseline, "languages": list(design.languages)}
        rows.append(plan_row(cell, run_seed, **settings, **own, **({} if dose is None else arm)))
    store.write_plan(rows)
    store.write_languages([language_row(code) for code in design.languages])
    for (magnitude, dose, run_seed), is_right in outcomes.items():
        trial_id = f"{cell_name(magnitude, dose)}-{run_seed}"
        status = design.failed.get((magnitude, dose, run_seed), "ok")
        if status == "degenerate":
            is_right = np.arange(is_right.shape[1])[None].repeat(len(is_right), 0) % 2 == 0
        scored = status in ("ok", "degenerate")
        scores = [
            score_row(trial_id, code, 100 * float(row.mean()), num_examples=len(row), chance=50.0)
            for code, row in zip(design.languages, is_right, strict=True)
        ]
        tables = [_label_rows(trial_id, code, row) for code, row in zip(design.languages, is_right, strict=True)]
        store.publish_trial(
            trial_row(trial_id, status, reason=None if status == "ok" else status),
            scores if scored else [],
            join_prediction_tables(tables) if scored else None,
        )
    return store


def cell_name(magnitude: float, dose: float | None) -> str:
    return f"m{magnitude:g}" if dose is None else f"m{magnitude:g}-d{dose:g}"


def language_row(code: str) -> dict[str, Any]:
    size = CORPUS_SIZES.get(code)
    bands = [(1.0, "very low"), (5.0, "low"), (20.0, "mid"), (np.inf, "high")]
    band = "absent" if size is None else next(name for end, name in bands if size < end)
    families = {"tr": ("Turkic", "Latn"), "hi": ("Indo-European", "Deva"), "ur": ("Indo-European", "Arab")}
    family, script = families.get(code, ("Atlantic-Congo" if code in ("sw", "yo") else "Indo-European", "Latn"))
    return {
        "language": code,
        "name": code.upper(),
        "family": family,
        "script": script,
        "corpus_size": size,
        "corpus_unit": "GiB of CC-100",
        "resource_band": band,
        "source": "arXiv 1911.02116",
    }


def _label_rows(trial_id: str, language: str, is_right: npt.NDArray[np.bool_]) -> Any:
    gold = np.arange(len(is_right)) % 2
    return prediction_table(
        PredictionColumns(
            trial_id=trial_id,
            language=language,
            example_ids=[f"x{number}" for number in range(len(is_right))],
            examples=np.arange(len(is_right)),
            positions=np.zeros(len(is_right), np.int32),
            names=["no", "yes"],
            gold=gold,
            predicted=np.where(is_right, gold, 1 - gold),
            correct=is_right,
            outcomes=is_right.astype(np.float32),
        )
    )
