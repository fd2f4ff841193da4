"""What a sweep set out to test, as its space declared it. In: sweep.json. Out: contrasts and families of hypotheses.

A store without a declaration gets the defaults: nothing is primary, every delta is exploratory.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

Role = Literal["primary", "secondary", "exploratory"]
Unit = Literal["macro", "language", "group"]
Adjustment = Literal["holm", "bh", "none"]

ALPHA = 0.05
MARGIN = 0.5


@dataclass(frozen=True)
class Term:
    """A cell's mean score times a weight."""

    cell_id: str
    weight: float


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """A difference of cells that was declared before anything ran; its weights sum to 0."""

    name: str
    terms: tuple[Term, ...]
    hypothesis: str | None = None
    """In words."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """Hypotheses that are tested together."""

    name: str
    role: Role
    contrasts: Literal["declared", "deltas"]
    """`declared`: the contrasts of the analysis; `deltas`: every cell against its baseline."""
    units: tuple[Unit, ...]
    adjustment: Adjustment
    is_split: bool = False
    """Whether each contrast is a family of its own."""
    only: tuple[str, ...] = ()
    """Names of the declared contrasts that it takes in; none: all that no family before it has taken."""


DEFAULT_FAMILIES = (
    Family(name="primary", role="primary", contrasts="declared", units=("macro",), adjustment="holm"),
    Family(
        name="by language",
        role="secondary",
        contrasts="declared",
        units=("language",),
        adjustment="holm",
        is_split=True,
    ),
    Family(name="by group", role="secondary", contrasts="declared", units=("group",), adjustment="holm", is_split=True),
    Family(
        name="all cells",
        role="exploratory",
        contrasts="deltas",
        units=("macro", "language", "group"),
        adjustment="bh",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What is tested, and how."""

    question: str | None = None
    metric: str | None = None
    """None: the primary metric of each task."""
    alpha: float = ALPHA
    margin: float = MARGIN
    """Points within which a difference is none (`no loss`, `equivalent`)."""
    contrasts: tuple[Contrast, ...] = ()
    families: tuple[Family, ...] = DEFAULT_FAMILIES
    declared_at: str | None = None
    num_finished_when_declared: int | None = None
    """Trials that had finished when this took its present form; more than 0: it was not all declared before."""

    @classmethod
    def from_sweep(cls, sweep: Mapping[str, Any]) -> Self:
        """Read the declaration of a sweep (`analysis` in sweep.json); the defaults where it has none."""
        given = dict(sweep.get("analysis") or {})
        contrasts = tuple(
            Contrast(
                name=one["name"],
                hypothesis=one.get("hypothesis"),
                terms=tuple(Term(term["cell_id"], float(term["weight"])) for term in one["terms"]),
            )
            for one in given.pop("contrasts", ())
        )
        families = tuple(
            Family(**{**one, "units": tuple(one["units"]), "only": tuple(one.get("only", ()))})
            for one in given.pop("families", None) or ()
        )
        return cls(contrasts=contrasts, families=families or DEFAULT_FAMILIES, **given)
