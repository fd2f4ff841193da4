"""What a trial is: a frozen, strict model of every setting that can change its result.

In: JSON (from a space, a file, a store). Out: `TrialSpec`. Reading it back gives an equal value.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from xlt_core.conditions.spec import (
    CleanSpec,
    ConditionSettings,
    TextConditionSpec,
    name_condition,
    read_condition,
    settle_conditions,
)
from xlt_core.errors import UnknownNameError
from xlt_core.perturbations import METHODS
from xlt_core.recipe import EncoderSpec as EncoderSpec
from xlt_core.recipe import ModelSpec as ModelSpec
from xlt_core.recipe import OptimSpec as OptimSpec
from xlt_core.recipe import PretrainSpec as PretrainSpec
from xlt_core.settings import (
    LISTS_TOO,
    Count,
    LanguageList,
    LanguageSet,
    NonNegative,
    Positive,
    Seed,
    UnitInterval,
    field_error,
)
from xlt_core.settings import Settings as Settings
from xlt_core.tasks import TASKS


class PerturbationSpec(Settings):
    """What disturbs a training step. A magnitude means nothing without the fields beside it.

    A field that is not given has the method's own default (`xlt list perturbations`); one that the method does not read
    is ignored.
    """

    method: str = "none"
    """A name from `xlt list perturbations`."""
    magnitude: Annotated[float, Field(ge=0.0, le=1e6, allow_inf_nan=False)] = 0.0
    """Size of the disturbance, in `unit`s of `norm` per `granularity`, or what the method's summary says."""
    site: Literal["word_embedding", "embedding_output", "last_hidden"] = "word_embedding"
    """Where it is added: to the word embeddings before positions, layer norm and dropout; behind these; or to the last
    hidden states."""
    norm: Literal["l2", "linf"] = "l2"
    granularity: Literal["token", "sequence", "batch"] = "token"
    """What the norm is taken over."""
    unit: Literal["absolute", "relative"] = "relative"
    """`relative`: multiples of the mean L2 norm of what it is added to, when the stage starts."""
    mask: Literal["content", "non_pad"] = "content"
    """`content`: not the special tokens; `non_pad`: these too. Padding is never disturbed."""
    num_samples: Count = 1
    """Draws of noise a step, whose losses are averaged."""
    num_ascent_steps: Count = 3
    """Inner gradient steps."""
    step_ratio: Positive = 0.5
    """Length of an inner step as a share of the magnitude."""
    init: Literal["zero", "uniform", "gaussian"] = "zero"
    """Where the ascent starts."""
    init_ratio: NonNegative = 1.0
    """Size of the random start as a share of the magnitude."""
    clean_weight: NonNegative = 0.0
    """Weight of the undisturbed loss beside the disturbed one, whose weight is 1."""
    regularizer_weight: NonNegative = 1.0
    """Weight of the divergence between disturbed and undisturbed predictions beside the loss."""
    noise_law: Literal["uniform", "gaussian"] = "uniform"
    """How noise is drawn (r3f, r4f)."""
    dropout: Literal["fresh", "same"] = "fresh"
    """Whether the passes of one step draw dropout masks of their own."""
    num_copies: Count = 1
    """Copies of every training example (rs_da, ear, copies)."""
    neighbors: str | None = None
    """JSON file of a word's synonyms (rs_da, ear)."""
    match_capitalized: bool = False
    """Exchange capitalised words, too, by their lower-case entry (rs_da, ear)."""
    strip_punctuation: bool = False
    """Exchange words with punctuation attached, too (rs_da, ear)."""
    push_weight: NonNegative = 0.1
    """Weight of the push apart of mean embeddings (ear)."""
    pull_weight: NonNegative = 1.0
    """Weight of the pull together of attention (ear)."""
    attention_layer: Annotated[int, Field(ge=0)] = 5
    """Layer, from 0, whose attention is pulled together (ear)."""

    @model_validator(mode="before")
    @classmethod
    def _with_the_methods_defaults(cls, value: Any) -> Any:
        entry = METHODS.get(value.get("method", "none")) if isinstance(value, dict) else None
        return {**entry.settings, **entry.fixed, **value} if entry else value

    @field_validator("method")
    @classmethod
    def _known_method(cls, value: str) -> str:
        if value not in METHODS:
            raise ValueError(str(UnknownNameError("perturbation method", value, METHODS)))
        return value

    @model_validator(mode="after")
    def _has_a_meaning(self) -> Self:
        entry = METHODS[self.method]
        for name, value in entry.fixed.items():
            if getattr(self, name) != value:
                others = [other for other, one in METHODS.items() if name in one.settings]
                raise field_error(
                    name,
                    f"'{self.method}' has {name} '{value}' by definition; given '{getattr(self, name)}'. "
                    f"Leave '{name}' out, or take a method that reads it: {', '.join(others)}",
                )
        if self.magnitude > entry.max_magnitude:
            raise field_error(
                "magnitude",
                f"magnitude {self.magnitude:g}: allowed for '{self.method}' are 0 to {entry.max_magnitude:g} "
                f"({entry.magnitude})",
            )
        if "neighbors" in entry.settings and self.neighbors is None:
            raise field_error(
                "neighbors", f"'{self.method}' needs 'neighbors': a JSON file that maps words to lists of synonyms"
            )
        if self.init_ratio == 0.0 and {"init_ratio", "regularizer_weight"} <= entry.settings.keys():
            raise field_error(
                "init_ratio",
                f"init_ratio 0: '{self.method}' ascends a divergence, which has no slope where nothing is disturbed. "
                f"Give a share of the magnitude above 0, such as {entry.settings['init_ratio']:g}",
            )
        return self


class StageSpec(Settings):
    """A task trained on in its source language: the intermediate stage or the target stage."""

    task: str
    """A name from `xlt list tasks`."""
    data: str = Field(default="hub", min_length=1)
    """`hub`, `hub:OWNER/NAME[@REVISION]`, or a local folder. Ignored by the embedded world."""
    dose: UnitInterval | None = None
    """Share of the training data drawn from the hardest examples; none given: the task's own mix."""
    max_train_examples: Count | None = None
    """Train on a seeded sample of this many examples; none given: all."""
    perturbation: PerturbationSpec = PerturbationSpec()
    optim: OptimSpec | None = None
    """None given: the trial's."""

    @field_validator("task")
    @classmethod
    def _known_task(cls, value: str) -> str:
        if value not in TASKS:
            raise ValueError(str(UnknownNameError("task", value, TASKS)))
        return value


class DisturbanceSpec(ConditionSettings):
    """Base of the conditions that disturb embeddings as training may; settings of training alone are not read."""

    methods: ClassVar[tuple[str, ...]]
    prefix: ClassVar[str]

    perturbation: PerturbationSpec
    seed: Seed = 0
    """Of the disturbance; not the trial's."""
    languages: LanguageSet | None = None
    """To be scored under it; none given: all that are scored."""

    @field_validator("perturbation")
    @classmethod
    def _of_a_method_for_it(cls, value: PerturbationSpec) -> PerturbationSpec:
        if value.method not in cls.methods:
            raise ValueError(f"'{value.method}' is no method of this condition; allowed: {', '.join(cls.methods)}")
        if value.granularity == "batch":
            raise ValueError("granularity 'batch': an evaluation has no batches; allowed: 'token', 'sequence'")
        return value

    @property
    def name(self) -> str:
        """Method and magnitude, then what is not the method's default."""
        spec = canonical_perturbation(self.perturbation)
        defaults = METHODS[spec.method].settings
        details = {key: value for key in defaults if (value := getattr(spec, key)) != defaults[key]}
        return name_condition(f"{self.prefix}:{spec.method}", spec.magnitude, details, self.seed)

    @property
    def is_clean(self) -> bool:
        """At magnitude 0."""
        return self.perturbation.magnitude == 0.0

    @property
    def chosen_languages(self) -> tuple[str, ...] | None:
        """See the base class."""
        return self.languages

    def canonical(self) -> ConditionSettings:
        """See the base class; what only training reads has its default."""
        if self.is_clean:
            return CleanSpec()
        training = {"clean_weight", "num_samples", "dropout"}
        read = {"method", *METHODS[self.perturbation.method].reads} - training
        perturbation = PerturbationSpec(**{key: getattr(self.perturbation, key) for key in read})
        return self.model_copy(update={"perturbation": canonical_perturbation(perturbation)})


class NoiseSpec(DisturbanceSpec):
    """Random noise, keyed by seed and example."""

    methods = ("gaussian", "uniform")
    prefix = "noise"
    kind: Literal["noise"] = "noise"


class AttackSpec(DisturbanceSpec):
    """Gradient steps up the loss of the gold labels: an oracle."""

    methods = ("fgm", "fgsm", "pgd")
    prefix = "oracle"
    kind: Literal["attack"] = "attack"


CONDITION_SPECS: dict[str, type[ConditionSettings]] = {
    spec.model_fields["kind"].default: spec for spec in (*get_args(TextConditionSpec), NoiseSpec, AttackSpec)
}
"""The settings of each kind of condition."""


def _conditions(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


ConditionSpec = Annotated[
    Annotated[TextConditionSpec | NoiseSpec | AttackSpec, Field(discriminator="kind")], BeforeValidator(read_condition)
]


class EvaluationSpec(Settings):
    """What is scored after training, always without training noise."""

    languages: Literal["all"] | LanguageList = "all"
    """Canonical codes, or `all` the task has."""
    split: Literal["dev", "test"] = "test"
    max_examples: Count | None = None
    """Score the first so many examples of every language; none given: all."""
    conditions: Annotated[
        tuple[ConditionSpec, ...], LISTS_TOO, AfterValidator(settle_conditions), BeforeValidator(_conditions)
    ] = (CleanSpec(),)
    """Under what they are scored (`xlt list conditions`); one without settings may be a bare string."""


def _none_or_stage(value: Any) -> Any:
    return None if value == "none" else value


class TrialSpec(Settings):
    """One cell of the design with one seed."""

    encoder: EncoderSpec
    target: StageSpec
    intermediate: Annotated[StageSpec | None, BeforeValidator(_none_or_stage)] = None
    """Trained before the target; only its encoder passes on. In YAML `none` or nothing: no such stage."""
    optim: OptimSpec = OptimSpec()
    model: ModelSpec = ModelSpec()
    evaluation: EvaluationSpec = EvaluationSpec()
    seed: Seed = 0
    """A block: fixes head initialisation, data order, dropout, noise and data choice in every cell."""


def parse_trial_spec(value: Mapping[str, Any]) -> TrialSpec:
    """Read a spec from plain JSON values.

    Raises:
        pydantic.ValidationError: unknown key, wrong type or value; `errors()` names each place.
    """
    return TrialSpec.model_validate_json(json.dumps(value))


def canonical_perturbation(spec: PerturbationSpec) -> PerturbationSpec:
    """Reset what cannot change the result: everything where it is off, else the fields that are not read."""
    return PerturbationSpec.model_validate({name: getattr(spec, name) for name in find_read_fields(spec)})


def find_read_fields(spec: PerturbationSpec) -> tuple[str, ...]:
    """Name the fields that can change a result; none where the perturbation is off.

    An L-infinity ball bounds each number by itself, so that it has no granularity; a start at zero has no size.
    """
    entry = METHODS[spec.method]
    if spec.method == "none" or (entry.has_magnitude and spec.magnitude == 0.0):
        return ()
    unread = {"granularity"} if spec.norm == "linf" else set()
    unread |= {"init_ratio"} if spec.init == "zero" else set()
    return tuple(name for name in ("method", *entry.reads) if name not in unread)


def canonical_trial_spec(spec: TrialSpec) -> TrialSpec:
    """Give the one spec that stands for all specs with the same meaning; equal meaning, equal result."""

    def canonical_stage(stage: StageSpec) -> StageSpec:
        return stage.model_copy(
            update={
                "perturbation": canonical_perturbation(stage.perturbation),
                "optim": stage.optim or spec.optim,
            }
        )

    target = canonical_stage(spec.target)
    assert target.optim is not None
    intermediate = canonical_stage(spec.intermediate) if spec.intermediate else None
    return spec.model_copy(update={"target": target, "intermediate": intermediate, "optim": target.optim})
