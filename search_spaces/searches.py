"""How the cells of a sweep are chosen: all of them, drawn at random, or proposed by Optuna from what is known so far.

In: YAML values. Out: a frozen `Search`.
"""

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, field_validator, model_serializer, model_validator

from xlt_core.settings import LISTS_TOO, Count, Seed, Settings

Objective = Literal["mean_delta", "worst_delta"]
SamplerName = Literal["tpe", "gp", "nsga2", "random"]


_URL = re.compile(r"[a-z][a-z0-9+]*://\S+")


class RandomSearch(Settings):
    """Cells drawn before the sweep begins; a larger number continues the same sequence."""

    num_cells: Count
    """Different cells beside the baselines, each run with every seed."""
    seed: Seed = 0
    """Of the draws; another one draws other cells."""


class OptunaSearch(Settings):
    """Cells proposed one after the other, each from the deltas of those that have ended."""

    num_cells: Count
    """Different cells beside the baselines, each run with every seed; those already in the folder count."""
    sampler: SamplerName = "tpe"
    """`tpe`: tree-structured Parzen estimator; `gp`: Gaussian process; `nsga2`: genetic, for several objectives."""
    objectives: Annotated[tuple[Objective, ...], LISTS_TOO] = ("mean_delta",)
    """All are maximised. `mean_delta`: mean delta over the languages other than the source language; `worst_delta`: the
    lowest delta among them."""
    metric: Annotated[str | None, BeforeValidator(lambda value: None if value == "none" else value)] = None
    """Whose deltas; none given: the primary metric of each cell's target task."""
    seed: Seed = 0
    storage: str = "journal"
    """Where optuna-dashboard finds the study: `journal` or `sqlite`, files in the sweep's folder, or the URL of a
    database. It is made anew from the sweep's results where it is lost."""
    max_parallel_cells: Count | None = None
    """Cells under way at a time; none given: as many as there is room for. Few are slower and better informed."""

    @field_validator("objectives")
    @classmethod
    def _some_and_different(cls, value: tuple[Objective, ...]) -> tuple[Objective, ...]:
        if not value or len(set(value)) < len(value):
            raise ValueError(
                f"given {list(value)}; allowed: one or both of {', '.join(get_args(Objective))}, each once"
            )
        return value

    @field_validator("storage")
    @classmethod
    def _file_or_url(cls, value: str) -> str:
        if value not in ("journal", "sqlite") and not _URL.fullmatch(value):
            raise ValueError(
                f"given {value!r}; allowed: journal or sqlite, which are files in the sweep's folder, or the URL of a "
                "database: postgresql://host/db"
            )
        return value


class Search(Settings):
    """One way to choose cells: `factorial` where neither of the others is given."""

    random: RandomSearch | None = None
    optuna: OptunaSearch | None = None

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        example = "search: {random: {num_cells: 20}}"
        return read_choice(value, "factorial", ("random", "optuna"), "'factorial' (every cell)", example)

    @model_serializer(mode="plain")
    def _as_written(self) -> Any:
        return write_choice(self, "factorial")

    @property
    def num_cells(self) -> int | None:
        """Cells that are asked for; none: every cell of the grid."""
        chosen = self.random or self.optuna
        return chosen.num_cells if chosen else None


class AshaScheduler(Settings):
    """Asynchronous successive halving (Li et al. 2020): at each rung only the best go on."""

    grace_steps: Count
    """Optimiser steps of the target stage before the first rung."""
    reduction_factor: Annotated[int, Field(ge=2)] = 3
    """One in so many goes on from a rung, and the next rung is so many times as far."""


class MedianScheduler(Settings):
    """Median stopping (Golovin et al. 2017): who is below the median of the others' means so far is stopped."""

    grace_steps: Count
    """Optimiser steps before a trial may be stopped, and between two looks at it."""
    min_trials: Count = 3
    """Others that must have come as far before anyone is stopped."""


class Scheduler(Settings):
    """Whether trials are stopped on their way by the score on the source language's dev set; `none` where not."""

    asha: AshaScheduler | None = None
    median: MedianScheduler | None = None

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        example = "scheduler: {asha: {grace_steps: 200}}"
        return read_choice(value, "none", ("asha", "median"), "'none' (no trial is stopped)", example)

    @model_serializer(mode="plain")
    def _as_written(self) -> Any:
        return write_choice(self, "none")

    @property
    def chosen(self) -> AshaScheduler | MedianScheduler | None:
        """The one that is given."""
        return self.asha or self.median


def rung_steps(scheduler: Scheduler, num_steps: int) -> tuple[int, ...]:
    """List the steps, below `num_steps`, after which a trial reports its dev score and may be stopped."""
    if scheduler.median is not None:
        return tuple(range(scheduler.median.grace_steps, num_steps, scheduler.median.grace_steps))
    rungs: list[int] = []
    step = scheduler.asha.grace_steps if scheduler.asha else num_steps
    while scheduler.asha is not None and step < num_steps:
        rungs.append(step)
        step *= scheduler.asha.reduction_factor
    return tuple(rungs)


def read_choice(value: Any, bare: str, kinds: tuple[str, ...], told: str, example: str) -> Any:
    """Read what is written as a name without settings, or as a mapping of one name to its settings.

    Raises:
        ValueError: neither, or settings of several.
    """
    if isinstance(value, Search | Scheduler):
        return value
    if value in (bare, {}):
        return {}
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in kinds or None in value.values():
        raise ValueError(f"given {value!r}; allowed: {told}, or one of {', '.join(kinds)} with its settings: {example}")
    return value


def write_choice(choice: Settings, bare: str) -> Any:
    """Write what `read_choice` reads."""
    for name in type(choice).model_fields:
        settings = getattr(choice, name)
        if settings is not None:
            return {name: settings.model_dump(mode="json")}
    return bare
