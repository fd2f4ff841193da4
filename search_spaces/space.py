"""What a space is: a base, axes that vary it, seeds, and the cell that deltas are measured against.

In: plain YAML or JSON values. Out: a frozen `SearchSpace`. The cells themselves are made by `expand`.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, field_validator, model_validator

from search_spaces.analysis import AnalysisSpec
from search_spaces.resources import Resources as Resources
from search_spaces.searches import Scheduler as Scheduler
from search_spaces.searches import Search as Search
from search_spaces.searches import rung_steps as rung_steps
from search_spaces.settings import SettingPath
from xlt_core.settings import Count, Seed, Settings


def _check_axis(values: JsonValue) -> JsonValue:
    if not isinstance(values, list | dict):
        raise ValueError(
            f"given {values!r}; an axis is a list of values, or a mapping of keys to lists. "
            "What does not vary belongs in 'base'"
        )
    if not values:
        raise ValueError("an axis needs at least one value")
    return values


AxisValues = Annotated[JsonValue, AfterValidator(_check_axis)]


class SearchSpace(Settings):
    """What we might try."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Letters, digits, dot, underscore and hyphen."""
    description: str = ""
    base: dict[SettingPath, JsonValue]
    """Settings that all trials share, nested or by dotted keys; what is left out has the trial's default."""
    axes: dict[SettingPath, AxisValues] = Field(default_factory=dict)
    """Dotted key to a list of values, or to a mapping whose lists are multiplied out and laid over the base."""
    seeds: Count | list[Seed] = 1
    """How many (0, 1, ...), or which."""
    seeds_from: Literal["intermediate", "target"] = "intermediate"
    """Stage from which on seeds vary. `target`: all seeds share one intermediate stage, of seed 0. That costs less, and
    leaves unknown how much another run of that stage would have changed."""
    baseline: dict[SettingPath, JsonValue] = Field(default_factory=dict)
    """Settings laid over a cell to get the cell that its deltas are measured against."""
    search: Search = Search()
    """Which cells are run, each with every seed: `factorial` (all), or as many as a search draws or proposes."""
    scheduler: Scheduler = Scheduler()
    """Whether trials are stopped on their way; never part of an identity."""
    resources: Resources = Resources()
    analysis: AnalysisSpec | None = None
    """What the sweep sets out to test; never part of an identity. None given: every delta is exploratory."""

    @field_validator("seeds", mode="before")
    @classmethod
    def _number_or_distinct_seeds(cls, value: Any) -> Any:
        values = value if isinstance(value, list) else [value]
        whole = all(isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0 for seed in values)
        if not whole or value in (0, []) or len(set(values)) < len(values):
            raise ValueError(
                f"given {value!r}; allowed: how many seeds (1, 2, ...), or a list of different seeds like [0, 1, 2]"
            )
        return value

    @model_validator(mode="after")
    def _axes_need_a_baseline(self) -> Self:
        if self.axes and not self.baseline:
            raise ValueError(
                "'baseline' is missing: say what deltas are measured against, "
                "for example  baseline: {target.perturbation.magnitude: 0.0}"
            )
        return self

    @property
    def seed_values(self) -> tuple[int, ...]:
        """The seeds themselves."""
        return tuple(range(self.seeds)) if isinstance(self.seeds, int) else tuple(self.seeds)
