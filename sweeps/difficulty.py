"""What the published scores of a sweep's folder say. In: a folder. Out: plain values, a mapping a stage. Light."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from results.store import ResultStore
from sweeps.difficulty_texts import ExampleTexts
from sweeps.planning.plan import describe_scorer
from xlt_core.artifacts import MANIFEST, is_published
from xlt_core.difficulty.arms import prepare_arms
from xlt_core.difficulty.scores import DifficultyScores, measure_agreement, read_scores
from xlt_core.difficulty.spec import DOSE_OF, DifficultySpec, Level, ScorerSpec
from xlt_core.difficulty.strata import build_strata, rank_within
from xlt_core.errors import DataError, StoreError
from xlt_core.plan import TrialPlan
from xlt_core.stage_plan import Stage
from xlt_core.streams import stream_seed
from xlt_core.tasks import load_task

Summary = dict[str, Any]

QUANTILES = (0.0, 0.05, 0.25, 1 / 3, 0.5, 2 / 3, 0.75, 0.95, 1.0)
NUM_BINS = 12
_ARM_SEED = stream_seed(stream_seed(0, "intermediate"), "data")
"""Arms are shown as an intermediate stage of seed 0 draws them."""
_SHOWN_ARMS: tuple[Level, ...] = ("easy", "half", "hard", "random", "mid")
"""The others are the examples of `random` with other texts or labels."""


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """One published score stage."""

    key: str
    manifest: Mapping[str, Any]
    scores: DifficultyScores

    @property
    def scorer(self) -> ScorerSpec:
        """What scored."""
        return ScorerSpec.model_validate_json(json.dumps(self.manifest["scorer"]))

    @property
    def stage(self) -> Stage:
        """As it was planned."""
        return Stage.model_validate_json(json.dumps(self.manifest["stage"]))


def summarise_scores(folder: Path, key: str | None = None, num_examples: int = 3) -> list[Summary]:
    """Describe every published score stage of a folder, or one.

    Args:
        folder: of a sweep.
        key: how the key of the one begins; none: all.
        num_examples: to be told of at either end.

    Raises:
        ResultsError: there is no sweep in the folder.
        StoreError: no such stage is published, or its files are damaged.
    """
    store = ResultStore.open(folder)
    published = dict(_list_manifests(folder))
    scorings = [
        Scoring(key=name, manifest=manifest, scores=read_scores(folder / "stages" / name))
        for name, manifest in published.items()
        if manifest["stage"]["kind"] == "score"
    ]
    chosen = [scoring for scoring in scorings if scoring.key.startswith(key or "")]
    if not chosen:
        known = ", ".join(scoring.key for scoring in scorings)
        raise StoreError(
            f"{folder}: no published scores whose key begins with '{key}'; there are {known}"
            if scorings
            else f"{folder}: no published scores; `xlt difficulty score SPACE --out {folder}` makes those of a space"
        )
    texts, drawn = ExampleTexts(), _find_settings(store)
    return [
        {
            **_describe(scoring),
            **_summarise_arms(scoring, drawn.get(scoring.key), scorings),
            **_pick_examples(scoring, texts, num_examples),
            "agreement": list(_compare(scoring, scorings)),
            "checks": list(_list_checks(scoring.key, published)),
        }
        for scoring in chosen
    ]


def _list_manifests(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for stage in sorted((folder / "stages").glob("*")):
        if is_published(stage):
            yield stage.name, json.loads((stage / MANIFEST).read_text(encoding="utf-8"))


def _find_settings(store: ResultStore) -> dict[str, DifficultySpec]:
    """By the key of a score stage, how planned trials draw arms by it; of several ways the first."""
    found: dict[str, DifficultySpec] = {}
    for text in store.plan()["plan"].to_pylist():
        for stage in TrialPlan.model_validate_json(text).stages:
            if stage.settings is not None and stage.settings.difficulty is not None:
                for key in filter(None, (stage.scores, stage.independent_scores)):
                    found.setdefault(key, stage.settings.difficulty)
    return found


def _describe(scoring: Scoring) -> Summary:
    """What was scored by what, and how scores are spread."""
    manifest, scorer, mean = scoring.manifest, scoring.scorer, scoring.scores.mean
    counts, edges = np.histogram(mean, bins=NUM_BINS)
    names = (
        "unit",
        "num_examples",
        "num_repetitions",
        "mean",
        "sd_over_examples",
        "mean_sd_over_repetitions",
        "health",
    )
    return {
        "key": scoring.key,
        "task": load_task(manifest["task"]).name,
        "measure": scorer.measure,
        "scorer": describe_scorer(scorer),
        **{name: manifest[name] for name in names},
        "quantiles": {f"{share:.3g}": float(np.quantile(mean, share)) for share in QUANTILES},
        "histogram": {"edges": edges.tolist(), "counts": counts.tolist()},
    }


def _summarise_arms(scoring: Scoring, difficulty: DifficultySpec | None, others: list[Scoring]) -> Summary:
    """Mean difficulty of every arm, by this scorer and by the others of the pool; or why there are none."""
    difficulty = difficulty or DifficultySpec(scorer=scoring.scorer)
    scores = scoring.scores
    try:
        strata = build_strata(
            scores.labels,
            scores.genres,
            scores.lengths,
            num_length_bins=difficulty.num_length_bins,
            min_stratum=difficulty.min_stratum,
        )
        arms = prepare_arms(
            rank_within(scores.mean, strata),
            strata,
            scores.ids,
            num_examples=difficulty.num_examples,
            noise_trim=difficulty.noise_trim,
            data_seed=_ARM_SEED,
        )
    except DataError as error:
        return {"num_strata": None, "arms": [], "no_arms_reason": str(error)}
    means = {other.key: other.scores.mean for other in others if other.scores.ids == scores.ids}
    rows = {level: arms.draw(DOSE_OF.get(level, level)) for level in _SHOWN_ARMS}
    described = [
        {
            "arm": level,
            "dose": DOSE_OF.get(level),
            "num_examples": len(chosen),
            "mean": float(scores.mean[chosen].mean()),
            "mean_by": {key: float(mean[chosen].mean()) for key, mean in means.items() if key != scoring.key},
        }
        for level, chosen in rows.items()
    ]
    return {"num_strata": len(strata), "arms": described, "no_arms_reason": None}


def _pick_examples(scoring: Scoring, texts: "ExampleTexts", num_examples: int) -> Summary:
    """The easiest and the hardest examples; of equal scores the first."""
    settings = scoring.stage.settings
    assert settings is not None, "scoring has a task"
    order = np.argsort(scoring.scores.mean, kind="stable")
    ends = {"easiest": order[:num_examples], "hardest": order[::-1][:num_examples]}
    found, reason = texts.find(
        settings, [scoring.scores.ids[place] for rows in ends.values() for place in rows.tolist()]
    )
    task = load_task(settings.task)
    labels = task.labels if task.shape in ("single", "pair", "choice") else ()  # others have several, or none
    described: Summary = {"no_texts_reason": reason}
    for end, rows in ends.items():
        described[end] = [
            {
                "id": (name := scoring.scores.ids[place]),
                "score": float(scoring.scores.mean[place]),
                "label": labels[scoring.scores.labels[place]] if labels else None,
                "texts": found.get(name),
            }
            for place in rows.tolist()
        ]
    return described


def _compare(scoring: Scoring, others: list[Scoring]) -> Iterator[Summary]:
    """How alike others rank the same pool."""
    for other in others:
        if other.key != scoring.key and set(other.scores.ids) == set(scoring.scores.ids):
            agreement = asdict(measure_agreement(scoring.scores, other.scores))
            named = {"key": other.key, "scorer": describe_scorer(other.scorer), "unit": other.manifest["unit"]}
            yield named | agreement


def _list_checks(key: str, published: Mapping[str, Mapping[str, Any]]) -> Iterator[Summary]:
    """Manipulation checks of the arms that were trained on, drawn by these scores."""
    for stage_key, manifest in published.items():
        arm = manifest.get("arm") or {}
        if arm.get("scores") == key:
            yield {
                "stage": stage_key,
                **{name: arm[name] for name in ("dose", "num_examples", "mean_difficulty", "checks")},
            }
