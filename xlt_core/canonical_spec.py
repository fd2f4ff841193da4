"""The one spec that stands for all specs with the same meaning. In, out: `TrialSpec`. Light.

Equal meaning is equal identity: what no stage reads has its default, and what is said in several ways is said in one.
"""

from pathlib import Path

from xlt_core.difficulty import list_scorer_settings
from xlt_core.difficulty.spec import CurriculumSpec, DifficultySpec, ScorerSpec
from xlt_core.difficulty.strata import SMALLEST_STRATUM
from xlt_core.encoders.configuration import read_encoder_facts
from xlt_core.perturbations.spec import canonical_perturbation
from xlt_core.recipe import ModelSpec, OptimSpec, keep_read, list_read
from xlt_core.spec import EvaluationSpec, StageSpec, TrialSpec
from xlt_core.tasks import load_task
from xlt_core.tasks.base import FROZEN_SHAPES


def depends_on_seed(spec: TrialSpec) -> bool:
    """Whether anything in a trial is random: something is trained. Of an encoder as it is, one trial says all."""
    has_seeded_stage = spec.intermediate is not None and spec.intermediate_seed is None
    return has_seeded_stage or load_task(spec.target.task).shape not in FROZEN_SHAPES


def canonical_trial_spec(spec: TrialSpec) -> TrialSpec:
    """Give the one spec that stands for all specs with the same meaning; equal meaning, equal result.

    A target task that trains nothing has no recipe, and without a stage before it no seed either. What no stage reads
    of the model's settings has its default.
    """

    def canonical_stage(stage: StageSpec) -> StageSpec:
        return stage.model_copy(
            update={
                "perturbation": canonical_perturbation(stage.perturbation),
                "optim": stage.optim or spec.optim,
                "difficulty": _canonical_difficulty(stage),
                "curriculum": stage.curriculum and _canonical_curriculum(stage.curriculum),
            }
        )

    target = canonical_stage(spec.target)
    assert target.optim is not None
    if load_task(target.task).shape in FROZEN_SHAPES:
        target = target.model_copy(update={"optim": OptimSpec(), "max_train_examples": None})
    intermediate = canonical_stage(spec.intermediate) if spec.intermediate else None
    return spec.model_copy(
        update={
            "target": target,
            "intermediate": intermediate,
            "optim": target.optim,
            "model": _canonical_model(spec),
            "evaluation": _canonical_evaluation(spec),
            "seed": spec.seed if depends_on_seed(spec) else 0,
            "intermediate_seed": spec.intermediate_seed if intermediate else None,
        }
    )


def _canonical_difficulty(stage: StageSpec) -> DifficultySpec | None:
    """What is read of it: all by a dose, by a curriculum alone the scorer, else nothing."""
    difficulty = stage.difficulty
    if difficulty is None or (stage.dose is None and stage.curriculum is None):
        return None
    scorer = _canonical_scorer(difficulty.scorer, stage)
    if stage.dose is None:
        return DifficultySpec(scorer=scorer)
    independent = difficulty.independent and _canonical_scorer(difficulty.independent, stage)
    min_stratum = max(difficulty.min_stratum, SMALLEST_STRATUM)
    return difficulty.model_copy(update={"scorer": scorer, "independent": independent, "min_stratum": min_stratum})


def _canonical_curriculum(curriculum: CurriculumSpec) -> CurriculumSpec:
    """Of a pool that is open from the first step nothing says how it opens."""
    return CurriculumSpec(start=1.0) if curriculum.start == 1.0 else curriculum


def _canonical_scorer(scorer: ScorerSpec, stage: StageSpec) -> ScorerSpec:
    """Settings that its measure does not read have their defaults."""
    names = list_scorer_settings(scorer.measure)
    kept = {name: value for name, value in scorer if name in names}
    if "model" in kept:
        kept["model"] = keep_read(scorer.model, list_read(load_task(stage.task).shape))
    return ScorerSpec(**kept)


def _canonical_model(spec: TrialSpec) -> ModelSpec:
    stages = (spec.target, spec.intermediate) if spec.intermediate else (spec.target,)
    tasks = [task for stage in stages for task in stage.tasks]
    names = set().union(*(list_read(load_task(task).shape) for task in tasks))
    if load_task(spec.target.task).shape == "span":
        names.add("max_answer_length")
    return keep_read(spec.model, names)


def _canonical_evaluation(spec: TrialSpec) -> EvaluationSpec:
    """Languages in the task's order, each once; candidates only where one is chosen; the last layer by its number.

    Of an encoder on the hub nothing is asked: whether its configuration is here already must not change an identity.
    """
    evaluation, known = spec.evaluation, load_task(spec.target.task).languages
    if isinstance(evaluation.languages, tuple):
        places = {language: place for place, language in enumerate(known)}
        asked = sorted(dict.fromkeys(evaluation.languages), key=lambda language: places.get(language, len(known)))
        evaluation = evaluation.model_copy(update={"languages": tuple(asked)})
    if not evaluation.other_selections:
        evaluation = evaluation.model_copy(update={"num_candidates": EvaluationSpec().num_candidates})
    is_local = spec.encoder.pretrain is not None or Path(spec.encoder.source).expanduser().is_dir()
    if evaluation.embedding is None or evaluation.embedding.layer != "last" or not is_local:
        return evaluation
    facts = read_encoder_facts(spec.encoder.source)
    if facts is None or facts.num_layers is None:
        return evaluation
    return evaluation.model_copy(
        update={"embedding": evaluation.embedding.model_copy(update={"layer": facts.num_layers})}
    )
