"""How a training step is disturbed, as settings, and which of them can change a result. Light.

In: plain values. Out: `PerturbationSpec`; a field that is not given has its method's own default.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from xlt_core.errors import UnknownNameError
from xlt_core.perturbations import METHODS
from xlt_core.settings import Count, NonNegative, Positive, Settings, field_error

NUMBERS = (
    *("magnitude", "step_ratio", "init_ratio", "clean_weight", "regularizer_weight", "push_weight", "pull_weight"),
)
"""Fields that may differ between the trials of an array; all others say what is computed and must be equal."""


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
