"""The stages of a trial and their keys: everything that can change a stage's result, and nothing that cannot. Light.

In: a canonical `TrialSpec`. Out: `Stage`s, each after those that it needs.
"""

from collections.abc import Sequence
from typing import Any, Literal

from xlt_core.canonical import content_key
from xlt_core.data import TOKENS_VERSION
from xlt_core.difficulty import MEASURES
from xlt_core.difficulty.controls import MADE_UP
from xlt_core.difficulty.controls import VERSION as CONTROLS_VERSION
from xlt_core.difficulty.spec import DifficultySpec, ScorerSpec
from xlt_core.errors import DataError, SpecError
from xlt_core.fingerprints import Fingerprints
from xlt_core.perturbations import METHODS
from xlt_core.recipe import EncoderSpec, ModelSpec, keep_read, list_read
from xlt_core.settings import Settings
from xlt_core.spec import StageSpec, TrialSpec
from xlt_core.tasks import load_task
from xlt_core.tasks.base import FROZEN_SHAPES, Shape
from xlt_core.world import WORLD_VERSION

StageKind = Literal["pretrain", "score", "intermediate", "target"]

CODE_VERSIONS: dict[str, int] = {
    "pretrain": 1,
    "score": 1,
    "arms": 1,
    "mixture": 1,
    "intermediate": 2,
    "target": 2,
    "evaluate": 1,
    "select": 1,
}
"""Raised when the code of a stage gives other results for the same settings; part of every key."""
_NOT_AS_WRITTEN = {"task", "data", "difficulty", "beside", "masked_lm"}
"""Of a stage's settings, those that enter its key by what they stand for."""


class Stage(Settings):
    """One unit of training or scoring. Its key names its artifact; equal keys, equal artifact."""

    kind: StageKind
    key: str
    encoder: EncoderSpec | None
    """Read where `parent` is none and the stage trains from a given encoder; none: nothing is trained."""
    parent: str | None = None
    """Key of the stage whose encoder this one starts from."""
    settings: StageSpec | None = None
    """None for `pretrain`; of `score` the task and its data."""
    scorer: ScorerSpec | None = None
    """Of `score` only."""
    scores: str | None = None
    """Key of the stage that says how hard the examples are, where an arm is drawn of them."""
    independent_scores: str | None = None
    """Key of the stage by whose scores the arm is checked."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Keys of the stages that must be there before this one."""
        return tuple(key for key in (self.parent, self.scores, self.independent_scores) if key is not None)


def plan_stages(spec: TrialSpec, fingerprints: Fingerprints) -> tuple[Stage, ...]:
    """Every stage of a trial; each training starts from the encoder of the one before it.

    Args:
        spec: canonical, with whole paths.
        fingerprints: of what the stages read.

    Raises:
        DataError, EncoderError: what a stage reads cannot be used.
        SpecError: a scorer is the model under test, or the other scorer.
    """
    stages: dict[str, Stage] = {}
    parent: str | None = None
    if spec.encoder.pretrain is not None:
        pretraining = _plan_pretraining(spec.encoder)
        stages[pretraining.key], parent = pretraining, pretraining.key
    kinds: tuple[tuple[StageKind, StageSpec | None], ...] = (
        ("intermediate", spec.intermediate),
        ("target", spec.target),
    )
    for kind, settings in kinds:
        if settings is None:
            continue
        scores: list[str | None] = []
        for scorer in _list_scorers(settings.difficulty):
            found = plan_scoring(scorer, settings, fingerprints) if scorer else ()
            stages |= {stage.key: stage for stage in found}
            scores.append(found[-1].key if found else None)
            _check_scorer(scorer, kind, spec, fingerprints)
        if settings.difficulty is not None:
            _check_pool(settings, kind, fingerprints)
        if scores[0] is not None and scores[0] == scores[1]:
            raise SpecError(
                f"{kind}.difficulty.independent: it gives the very scores of the scorer (stage {scores[0]}), so that a "
                "check by it would always pass; give it another encoder, another measure, or at least another seed"
            )
        stage = Stage(
            kind=kind,
            key="",
            encoder=spec.encoder,
            parent=parent,
            settings=settings,
            scores=scores[0],
            independent_scores=scores[1],
        )
        parent = content_key(identify_stage(stage, spec, parent, fingerprints))
        stages[parent] = stage.model_copy(update={"key": parent})
    return tuple(stages.values())


def _check_pool(settings: StageSpec, kind: StageKind, fingerprints: Fingerprints) -> None:
    """Refuse examples that no scoring could make arms of, under the setting's name."""
    try:
        fingerprints.check_pool_of(settings)
    except (DataError, SpecError) as error:
        raise type(error)(f"{kind}.difficulty: {error}") from error


def _check_scorer(scorer: ScorerSpec | None, kind: StageKind, spec: TrialSpec, fingerprints: Fingerprints) -> None:
    """Refuse the model under test as a scorer wherever its files lie; by its name it was refused before."""
    if scorer is None or scorer.encoder is None or not MEASURES[scorer.measure].trains:
        return
    encoder = scorer.encoder
    if encoder.pretrain or spec.encoder.pretrain:
        return
    if fingerprints.of_encoder(encoder.source) == fingerprints.of_encoder(spec.encoder.source):
        raise SpecError(
            f"{kind}.difficulty: the scorer '{encoder.source}' has the weights of '{spec.encoder.source}', the model "
            "under test: what is hard for it would be drawn by its own mistakes. Give another encoder"
        )


def list_trained(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """Those whose weights the last stage goes on from, and itself: what scorers need is in the keys of the others."""
    by_key = {stage.key: stage for stage in stages}
    lineage = [stages[-1]]
    while (parent := lineage[-1].parent) is not None:
        lineage.append(by_key[parent])
    return tuple(reversed(lineage))


def plan_scoring(scorer: ScorerSpec, settings: StageSpec, fingerprints: Fingerprints) -> tuple[Stage, ...]:
    """The stage that scores a task's training examples, after the pre-training that it may need.

    Args:
        scorer: with whole paths.
        settings: task and data are read of it.
        fingerprints: of what is read.
    """
    task, entry = load_task(settings.task), MEASURES[scorer.measure]
    before: list[Stage] = []
    parent: str | None = None
    identity: dict[str, Any] = {
        "kind": "score",
        "version": CODE_VERSIONS["score"],
        "measure": [scorer.measure, entry.version],
        "task": task.identity(),
        "train": fingerprints.of_data(task, settings.data_of("train"), "train", (task.source_language,)),
    }
    if scorer.path is not None:
        identity["file"] = fingerprints.of_file(scorer.path)
    if entry.trains:
        assert scorer.encoder is not None, "the checks of settings refuse to be without"
        if scorer.encoder.pretrain is not None:
            before.append(_plan_pretraining(scorer.encoder))
            parent = before[0].key
        else:
            identity["encoder"] = fingerprints.of_encoder(scorer.encoder.source)
        identity |= {
            "parent": parent,
            "scorer": scorer.model_dump(mode="json", exclude={"encoder", "model", "path", "measure"}),
            "model": describe_model(scorer.model, task.shape),
            "tokens": TOKENS_VERSION,
        }
    pool = StageSpec(task=settings.task, data=settings.data)
    stage = Stage(
        kind="score",
        key=content_key(identity),
        encoder=scorer.encoder if entry.trains else None,
        parent=parent,
        settings=pool,
        scorer=scorer,
    )
    return (*before, stage)


def identify_stage(stage: Stage, spec: TrialSpec, parent: str | None, fingerprints: Fingerprints) -> dict[str, Any]:
    """What the key of a stage that trains is the hash of.

    Args:
        stage: kind, settings and scores are read of it.
        spec: canonical; its seed counts.
        parent: key of the stage before it.
        fingerprints: of what it reads.
    """
    identity: dict[str, Any] = {"kind": stage.kind, "version": CODE_VERSIONS[stage.kind], "parent": parent}
    settings = stage.settings
    if settings is None:
        assert stage.encoder is not None, "pre-training makes an encoder"
        return _identify_pretraining(stage.encoder)
    if spec.encoder.pretrain is None and parent is None:
        identity["encoder"] = fingerprints.of_encoder(spec.encoder.source)
    task = load_task(settings.task)
    if task.shape in FROZEN_SHAPES:  # nothing is trained: what is scored is the encoder itself, under this model
        return identity | {"task": task.identity(), "model": {"max_length": spec.model.max_length}}
    trained_on = (task.source_language,)
    described = settings.model_dump(mode="json", exclude=_NOT_AS_WRITTEN | _list_unset(settings))
    if settings.perturbation.neighbors is not None:
        try:
            described["perturbation"]["neighbors"] = fingerprints.of_neighbors(settings.perturbation.neighbors)
        except DataError as error:
            raise DataError(f"{stage.kind}.perturbation.neighbors: {error}") from error
    if settings.difficulty is not None:  # checks decide whether a stage runs, not what comes out
        drawn = settings.difficulty.model_dump(mode="json", exclude={"scorer", "independent", "waive"})
        identity["arms"] = {"version": CODE_VERSIONS["arms"], "scores": stage.scores, **drawn}
        if settings.dose in MADE_UP:
            identity["arms"]["controls"] = CONTROLS_VERSION
    if task.shape != "dual":  # there the dev set, whose candidates may be a million, is not looked at
        identity["dev"] = fingerprints.of_data(task, settings.data_of("dev"), "dev", trained_on)
    identity |= _identify_mixture(settings, spec, fingerprints)
    return identity | {
        "task": task.identity(),
        "train": fingerprints.of_data(task, settings.data_of("train"), "train", trained_on),
        "settings": described,
        "method": METHODS[settings.perturbation.method].version,
        "tokens": TOKENS_VERSION,
        "model": describe_model(spec.model, task.shape),
        "seed": spec.seed_of(stage.kind),
    }


def _list_unset(settings: StageSpec) -> set[str]:
    """Options that a stage does without: it is what it was before they existed."""
    return {name for name in ("curriculum", "half") if getattr(settings, name) is None}


def _identify_mixture(settings: StageSpec, spec: TrialSpec, fingerprints: Fingerprints) -> dict[str, Any]:
    """What is trained beside a stage's own task; nothing where nothing is."""
    if not settings.beside and settings.masked_lm is None:
        return {}
    tasks = []
    for beside in settings.beside:
        task = load_task(beside.task)
        try:
            train = fingerprints.of_data(task, beside.data, "train", (task.source_language,))
        except DataError as error:
            raise DataError(f"intermediate.beside: {error}") from error
        tasks.append(
            {
                "task": task.identity(),
                "train": train,
                "max_train_examples": beside.max_train_examples,
                "model": describe_model(spec.model, task.shape),
            }
        )
    mixture: dict[str, Any] = {"version": CODE_VERSIONS["mixture"], "tasks": tasks}
    if settings.masked_lm is not None:
        text, languages = settings.masked_lm.text, settings.masked_lm.languages
        texts = {language: fingerprints.of_text(text, language) for language in languages}
        mixture["masked_lm"] = {"texts": texts, "ratio": settings.masked_lm.ratio}
    return {"mixture": mixture}


def describe_model(model: ModelSpec, shape: Shape) -> dict[str, Any]:
    """What of the model's settings decides the weights of a stage of this shape."""
    names = list_read(shape)
    described: dict[str, Any] = keep_read(model, names).model_dump(mode="json")
    questions = {name: value for name, value in described.pop("questions").items() if name in names}
    return described | ({"questions": questions} if questions else {})


def _list_scorers(difficulty: DifficultySpec | None) -> tuple[ScorerSpec | None, ScorerSpec | None]:
    return (None, None) if difficulty is None else (difficulty.scorer, difficulty.independent)


def _plan_pretraining(encoder: EncoderSpec) -> Stage:
    return Stage(kind="pretrain", key=content_key(_identify_pretraining(encoder)), encoder=encoder)


def _identify_pretraining(encoder: EncoderSpec) -> dict[str, Any]:
    assert encoder.pretrain is not None, "only `mini` is pre-trained on the spot"
    return {
        "kind": "pretrain",
        "version": CODE_VERSIONS["pretrain"],
        "parent": None,
        "world": WORLD_VERSION,
        "pretrain": encoder.pretrain.model_dump(mode="json"),
    }
