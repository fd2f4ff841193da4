"""What is to be seen only of the cells of a space together, or beside what the space says. In: cells. Out: an error."""

from collections.abc import Iterator, Sequence

from search_spaces.cells import Cell
from search_spaces.problems import Problem, SpaceError
from search_spaces.searches import rung_steps
from search_spaces.settings import nest
from search_spaces.space import SearchSpace
from xlt_core.conditions.spec import CleanSpec
from xlt_core.perturbations import METHODS
from xlt_core.perturbations.checks import explain_unsplittable
from xlt_core.spec import TrialSpec
from xlt_core.tasks import load_task
from xlt_core.tasks.base import FROZEN_SHAPES


def check_cells(space: SearchSpace, cells: Sequence[Cell], problems: Sequence[Problem] = ()) -> None:
    """Check what is to be seen only of cells together.

    Raises:
        SpaceError: it is not as it should be, or there are `problems` already.
    """
    found = [_unread_baselines, _unsplittable_steps, _missing_objectives, _idle_schedulers]
    problems = [*problems, *(problem for find in found for problem in find(space, cells))]
    if problems:
        raise SpaceError(problems, lambda _: f"space '{space.name}'")


def _unread_baselines(space: SearchSpace, cells: Sequence[Cell]) -> Iterator[Problem]:
    """Find methods without a magnitude under a baseline of some magnitude: their cells would be their own baselines."""
    for stage in ("target", "intermediate"):
        changed = nest(space.baseline).get(stage)
        perturbation = changed.get("perturbation") if isinstance(changed, dict) else None
        if not isinstance(perturbation, dict) or "magnitude" not in perturbation:
            continue
        trained = [settings for cell in cells if (settings := getattr(cell.baseline, stage)) is not None]
        methods = {settings.perturbation.method for settings in trained} - {"none"}
        for method in sorted(method for method in methods if not METHODS[method].has_magnitude):
            yield Problem(
                ("baseline", f"{stage}.perturbation.magnitude"),
                f"'{method}' has no magnitude, so that its cells would be compared with themselves. Give "
                f"{stage}.perturbation.method: none in its place",
            )


def _unsplittable_steps(space: SearchSpace, cells: Sequence[Cell]) -> list[Problem]:
    """Find cells that take something over the whole batch, of which a micro-batch would know only a part."""
    size = space.resources.micro_batch_size
    if size is None:
        return []
    for cell in cells:
        for stage in filter(None, (cell.spec.target, cell.spec.intermediate)):
            batch_size = (stage.optim or cell.spec.optim).batch_size
            for task in stage.tasks:
                message = explain_unsplittable(stage.perturbation, load_task(task).shape, batch_size, size)
                if message is not None:
                    return [Problem(("resources", "micro_batch_size"), message)]
    return []


def _missing_objectives(space: SearchSpace, cells: Sequence[Cell]) -> Iterator[Problem]:
    """Find cells whose deltas would have nothing that the search looks at."""
    search = space.search.optuna
    if search is None:
        return
    for task in sorted({cell.spec.target.task for cell in cells}):
        metrics = load_task(task).metrics
        if search.metric is not None and search.metric not in metrics:
            yield Problem(
                ("search", "optuna", "metric"),
                f"given '{search.metric}'; task '{task}' has {', '.join(metrics)}. Leave it out for each task's first",
            )
    if any(CleanSpec() not in cell.spec.evaluation.conditions for cell in cells):
        yield Problem(("search", "optuna"), "it looks at scores on clean data; put 'clean' among evaluation.conditions")


def _idle_schedulers(space: SearchSpace, cells: Sequence[Cell]) -> Iterator[Problem]:
    """Find schedulers that would never look at a trial."""
    if space.scheduler.chosen is None:
        return
    longest = max((count_target_steps(cell.spec) for cell in cells), default=0)
    if not rung_steps(space.scheduler, longest):
        kind = "asha" if space.scheduler.asha else "median"
        yield Problem(
            ("scheduler", kind, "grace_steps"),
            f"given {space.scheduler.chosen.grace_steps}, and no target stage takes more than {longest} steps: no "
            "trial would ever be looked at. Give fewer, or scheduler: none",
        )


def count_target_steps(spec: TrialSpec) -> int:
    """Count the optimiser steps of the target stage; 0 where nothing is trained in it."""
    if load_task(spec.target.task).shape in FROZEN_SHAPES:
        return 0
    return (spec.target.optim or spec.optim).num_steps
