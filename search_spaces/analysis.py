"""What a space sets out to test: contrasts of its cells, and families of hypotheses that are tested together.

In: YAML values. Out: a frozen `AnalysisSpec`, never part of an identity. Which cells it means: `contrasts`.
"""

from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, field_validator, model_validator

from search_spaces.settings import SettingPath
from xlt_core.settings import LISTS_TOO, Settings, field_error

CellSettings = dict[SettingPath, JsonValue]
"""Settings of a cell, nested or by dotted keys, as in `base`."""

Units = Annotated[tuple[Literal["macro", "language", "group"], ...], LISTS_TOO, Field(min_length=1)]


class DifferenceSpec(Settings):
    """Cells against cells."""

    cell: CellSettings = Field(default_factory=dict)
    """Names settings: every planned cell that has them is meant, with equal weight; none given: every cell."""
    against: CellSettings = Field(min_length=1)
    """Laid over each of these to get the cell that it is compared with, which must be planned, too. A cell that stays
    as it is has nothing to be compared with and is left out."""


class ContrastSpec(DifferenceSpec):
    """One hypothesis: that the mean over the cells differs from the mean over those that they are compared with."""

    name: str = Field(min_length=1)
    hypothesis: str | None = None
    """In words."""
    minus: DifferenceSpec | None = None
    """Another difference that is taken off: an interaction."""


class FamilySpec(Settings):
    """Hypotheses that are tested together."""

    name: str = Field(min_length=1)
    role: Literal["primary", "secondary", "exploratory"]
    contrasts: Literal["declared", "deltas"] = "declared"
    """`declared`: the contrasts of the analysis; `deltas`: every cell against its baseline."""
    units: Units = ("macro",)
    """What each contrast is tested in: the mean over languages, every language, or every group of languages."""
    adjustment: Literal["holm", "bh", "none"] = "holm"
    """Of p and of intervals, for the number of hypotheses in the family."""
    is_split: bool = False
    """Whether each contrast is a family of its own."""
    only: Annotated[tuple[str, ...], LISTS_TOO] = ()
    """Names of the declared contrasts that it takes in; none given: all that no family before it has taken."""


class AnalysisSpec(Settings):
    """What is tested, and how; declared with the space, before anything has run."""

    question: str | None = None
    """In words."""
    metric: str | None = None
    """None given: the primary metric of each task."""
    alpha: Annotated[float, Field(gt=0.0, lt=0.5)] = 0.05
    margin: Annotated[float, Field(gt=0.0)] = 0.5
    """Points within which a difference counts as none."""
    contrasts: tuple[ContrastSpec, ...] = ()
    families: tuple[FamilySpec, ...] = ()
    """None given: the contrasts on the mean over languages are primary (Holm); by language and by group of languages
    each is a family of its own (secondary, Holm); every delta is exploratory (Benjamini-Hochberg)."""

    @model_validator(mode="before")
    @classmethod
    def _lists_too(cls, value: object) -> object:
        """Take lists for tuples, as YAML and JSON have them."""
        if not isinstance(value, dict):
            return value
        listed = {key: tuple(value[key]) for key in ("contrasts", "families") if isinstance(value.get(key), list)}
        return {**value, **listed}

    @field_validator("contrasts", "families")
    @classmethod
    def _different_names(cls, value: tuple[ContrastSpec, ...] | tuple[FamilySpec, ...]) -> object:
        counts = Counter(one.name for one in value)
        if twice := [name for name, number in counts.items() if number > 1]:
            raise ValueError(f"the name '{twice[0]}' is given {counts[twice[0]]} times; each needs a name of its own")
        return value

    @model_validator(mode="after")
    def _families_of_contrasts(self) -> Self:
        names = [contrast.name for contrast in self.contrasts]
        whole: dict[tuple[str, str], str] = {}
        taken: dict[tuple[str, str], str] = {}
        for family in self.families:
            if family.only and family.contrasts == "deltas":
                raise field_error("families", f"'{family.name}': 'only' names declared contrasts, and it is of deltas")
            if unknown := [name for name in family.only if name not in names]:
                message = f"'{family.name}': no contrast '{unknown[0]}'; declared are {', '.join(names) or 'none'}"
                raise field_error("families", message)
            for unit in family.units:
                before = whole.get((family.contrasts, unit))
                named = [taken.get((name, unit)) for name in family.only]
                if before is not None or (named and all(named)):
                    what = f"all {family.contrasts} contrasts" if before else ", ".join(dict.fromkeys(family.only))
                    message = (
                        f"'{family.name}' would be empty by {unit}: '{before or named[0]}' before it takes in {what} "
                        "by it. A hypothesis is in one family; say which with 'only'"
                    )
                    raise field_error("families", message)
                if not family.only:
                    whole[family.contrasts, unit] = family.name
                for name in family.only:
                    taken.setdefault((name, unit), family.name)
        return self
