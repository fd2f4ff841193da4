"""What a trial is: a frozen, strict model of every setting that can change its result.

In: JSON (from a space, a file, a store). Out: `TrialSpec`. Reading it back gives an equal value.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, field_validator

from xlt_core.conditions.spec import (
    CleanSpec,
    ConditionSettings,
    TextConditionSpec,
    name_condition,
    read_condition,
    settle_conditions,
)
from xlt_core.difficulty.spec import CurriculumSpec, DifficultySpec, Dose
from xlt_core.perturbations import METHODS
from xlt_core.perturbations.spec import PerturbationSpec, canonical_perturbation
from xlt_core.recipe import EncoderSpec as EncoderSpec
from xlt_core.recipe import ModelSpec as ModelSpec
from xlt_core.recipe import OptimSpec as OptimSpec
from xlt_core.recipe import PretrainSpec as PretrainSpec
from xlt_core.retrieval.spec import EmbeddingSpec
from xlt_core.settings import (
    LISTS_TOO,
    Count,
    LanguageList,
    LanguageSet,
    Seed,
)
from xlt_core.settings import Settings as Settings
from xlt_core.sources import BesideList, Location, MaskedLmSpec, TaskName
from xlt_core.sources import SplitData as SplitData
from xlt_core.tasks.base import Split


def _data_kind(value: Any) -> str:
    return "SplitData" if isinstance(value, dict | SplitData) else "Location"


class StageSpec(Settings):
    """A task trained on in its source language: the intermediate stage or the target stage."""

    task: TaskName
    """A name from `xlt list tasks`, or the path of a task file."""
    data: Annotated[
        Annotated[Location, Tag("Location")] | Annotated[SplitData, Tag("SplitData")], Discriminator(_data_kind)
    ] = "hub"
    """`hub`, `hub:OWNER/NAME[@REVISION]`, or a local folder; or one of these for each split. Ignored by the embedded
    world."""
    dose: Dose | None = None
    """Share of the training data drawn from the hardest examples, or a named arm; none given: the task's own mix."""
    difficulty: DifficultySpec | None = None
    """How hard examples are, and how an arm is drawn; needed by a dose, but for tasks that know it themselves."""
    curriculum: CurriculumSpec | None = None
    """Order of the examples by difficulty; none given: at random. Not a dose: it changes when, not what."""
    half: Literal[0, 1] | None = None
    """Train on one half of the examples, the other being for another stage with the same training set."""
    max_train_examples: Count | None = None
    """Train on a seeded sample of this many examples (of questions: windows of their contexts); none given: all."""
    beside: BesideList = ()
    """Other tasks that an intermediate stage trains, too: each step is of one task, drawn in proportion to its number
    of training examples."""
    masked_lm: MaskedLmSpec | None = None
    """Masked language modelling in some steps of an intermediate stage; none given: in none."""
    perturbation: PerturbationSpec = PerturbationSpec()
    """Of the steps of all tasks; those of masked language modelling are plain."""
    optim: OptimSpec | None = None
    """None given: the trial's."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """All that it trains, its own first."""
        return (self.task, *(beside.task for beside in self.beside))

    def data_of(self, split: Split) -> str:
        """Where the data of a split are."""
        if isinstance(self.data, str):
            return self.data
        return (self.data.dev or self.data.train) if split == "dev" else getattr(self.data, split)


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


Selection = Literal["last", "english_dev", "target_oracle", "averaged"]
"""Which weights of the target stage are scored: those after the last step; of some candidates those that are best on
the source language's dev set, or on each language's own, which takes its labels; or the mean of the candidates."""


def _settle_selections(names: tuple[Selection, ...]) -> tuple[Selection, ...]:
    """The last weights always; each rule once, in one order."""
    return tuple(name for name in get_args(Selection) if name == "last" or name in names)


def _selections(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_LAST_ALONE: tuple[Selection, ...] = ("last",)
_NUM_CANDIDATES = 5


ConditionSpec = Annotated[
    Annotated[TextConditionSpec | NoiseSpec | AttackSpec, Field(discriminator="kind")], BeforeValidator(read_condition)
]


class EvaluationSpec(Settings):
    """What is scored after training, always without training noise."""

    languages: Literal["all", "xtreme", "xtreme-r", "xglue"] | LanguageList = "all"
    """Canonical codes, `all` the task has, or those that a benchmark scores."""
    split: Literal["dev", "test"] = "test"
    max_examples: Count | None = None
    """Score the first so many examples of every language; none given: all."""
    conditions: Annotated[
        tuple[ConditionSpec, ...], LISTS_TOO, AfterValidator(settle_conditions), BeforeValidator(_conditions)
    ] = (CleanSpec(),)
    """Under what they are scored (`xlt list conditions`); one without settings may be a bare string."""
    embedding: EmbeddingSpec | None = None
    """How an encoder that is not trained makes vectors of texts; needed by tasks of the shapes `retrieval` and
    `mining`, read by no other."""
    # At their defaults these two are not written: a trial's plan is what it was before they existed.
    selections: Annotated[
        tuple[Selection, ...], LISTS_TOO, AfterValidator(_settle_selections), BeforeValidator(_selections)
    ] = Field(default=_LAST_ALONE, exclude_if=lambda names: names == _LAST_ALONE)
    """Which weights of the target stage are scored: `last`, which always are, and `english_dev`, `target_oracle` or
    `averaged` beside them, on clean data."""
    num_candidates: Annotated[int, Field(ge=2)] = Field(
        default=_NUM_CANDIDATES, exclude_if=lambda count: count == _NUM_CANDIDATES
    )
    """Weights that the other rules choose among or average, kept at equal steps of the target stage, its last one
    included."""

    @property
    def other_selections(self) -> tuple[Selection, ...]:
        """All but the last weights."""
        return self.selections[1:]


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
    intermediate_seed: Seed | None = None
    """Of the intermediate stage alone, so that trials of several seeds may share it; none given: `seed`."""

    def seed_of(self, kind: str) -> int:
        """Seed of a stage of this kind."""
        if kind == "intermediate" and self.intermediate_seed is not None:
            return self.intermediate_seed
        return self.seed


def parse_trial_spec(value: Mapping[str, Any]) -> TrialSpec:
    """Read a spec from plain JSON values.

    Raises:
        pydantic.ValidationError: unknown key, wrong type or value; `errors()` names each place.
    """
    return TrialSpec.model_validate_json(json.dumps(value))
