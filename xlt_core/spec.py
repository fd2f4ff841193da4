"""What a trial is: a frozen, strict model of every setting that can change its result.

In: JSON (from a space, a file, a store). Out: `TrialSpec`. Reading it back gives an equal value.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from xlt_core.errors import UnknownNameError
from xlt_core.perturbations import METHODS
from xlt_core.tasks import TASKS

UnitInterval = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Decay = Annotated[float, Field(ge=0.0, lt=1.0, allow_inf_nan=False)]
Dropout = Annotated[float, Field(ge=0.0, le=0.99, allow_inf_nan=False)]
"""Masks are drawn in steps of 1/65536: a share nearer to 1 could leave nothing."""
NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0)]
_LISTS_TOO = Field(strict=False)
"""For tuples: below a validator in Python, pydantic no longer knows that a list came from JSON."""


class Settings(BaseModel):
    """Base of every settings model: unknown keys are errors, values are frozen, types are not coerced."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class PretrainSpec(Settings):
    """How the embedded world's encoder is made (`xlt_core/world`)."""

    num_steps: Count = 2600
    """Optimiser steps of masked language modelling."""
    seed: Seed = 0
    """Fixes corpus sample, initialisation and batch order. Not the trial's seed: all trials share the encoder."""


class EncoderSpec(Settings):
    """The pre-trained encoder a trial starts from. In YAML a bare string is its `source`."""

    source: str = Field(min_length=1)
    """`mini` (embedded, pre-trained on the spot), a local folder, or a hub id, `@revision` allowed."""
    pretrain: PretrainSpec | None = None
    """Only for `mini`."""

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        value = {"source": value} if isinstance(value, str) else value
        if isinstance(value, dict) and value.get("source") == "mini":
            value = {**value, "pretrain": value.get("pretrain") or {}}
        return value

    @model_validator(mode="after")
    def _only_mini_is_pretrained(self) -> Self:
        if self.pretrain is not None and self.source != "mini":
            raise ValueError(f"'pretrain' is for the encoder 'mini'; '{self.source}' is already pre-trained")
        return self


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
                raise ValueError(
                    f"'{self.method}' has {name} '{value}' by definition; given '{getattr(self, name)}'. "
                    f"Leave '{name}' out, or take a method that reads it: {', '.join(others)}"
                )
        if self.magnitude > entry.max_magnitude:
            raise ValueError(
                f"magnitude {self.magnitude:g}: allowed for '{self.method}' are 0 to {entry.max_magnitude:g}"
            )
        if "neighbors" in entry.settings and self.neighbors is None:
            raise ValueError(f"'{self.method}' needs 'neighbors': a JSON file that maps words to lists of synonyms")
        return self


class OptimSpec(Settings):
    """One fine-tuning recipe: AdamW with bias correction, linear warm-up and decay, a fixed number of steps."""

    learning_rate: Positive = 2.0e-5
    num_steps: Count = 2000
    """Optimiser steps; never epochs, so that no axis changes the amount of training."""
    batch_size: Count = 32
    """Examples a step."""
    warmup_ratio: UnitInterval = 0.1
    weight_decay: NonNegative = 0.0
    """Not applied to biases and layer norms."""
    max_grad_norm: Positive = 1.0
    betas: Annotated[tuple[Decay, Decay], _LISTS_TOO] = (0.9, 0.999)
    epsilon: Positive = 1.0e-8


class ModelSpec(Settings):
    """What is put on top of the encoder."""

    pooling: Literal["first", "mean"] = "first"
    """How a pair becomes one vector: its first token, or the mean of all its tokens."""
    dropout: Dropout | None = None
    """Dropout inside the encoder; none given: the encoder's own configuration."""
    head_dropout: Dropout = 0.1
    max_length: Annotated[int, Field(ge=8)] = 128
    """Tokens; longer inputs are cut."""


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


def _languages(value: Any) -> Any:
    return [value] if isinstance(value, str) and value != "all" else value


class EvaluationSpec(Settings):
    """What is scored after training, always without training noise."""

    languages: Annotated[Literal["all"] | Annotated[tuple[str, ...], _LISTS_TOO], BeforeValidator(_languages)] = "all"
    """Canonical codes, or `all` the task has."""
    split: Literal["dev", "test"] = "test"
    max_examples: Count | None = None
    """Score the first so many examples of every language; none given: all."""


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
    """Reset what cannot change the result: everything at magnitude 0, else the fields that are not read.

    An L-infinity ball bounds each number by itself, so that it has no granularity; a start at zero has no size.
    """
    entry = METHODS[spec.method]
    if spec.method == "none" or (entry.has_magnitude and spec.magnitude == 0.0):
        return PerturbationSpec()
    unread = {"granularity"} if spec.norm == "linf" else set()
    unread |= {"init_ratio"} if spec.init == "zero" else set()
    read = {"method", *entry.reads} - unread
    return PerturbationSpec.model_validate({name: getattr(spec, name) for name in read})


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
