"""Which planned cells the contrasts of a space mean. In: `SearchSpace`. Out: `PlannedContrast`s, or what is wrong.

A cell is meant where it has all the settings that are named: laying them over it changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import cast

from pydantic import JsonValue, ValidationError

from search_spaces.analysis import CellSettings, DifferenceSpec
from search_spaces.axes import value_at
from search_spaces.expand import expand_space
from search_spaces.problems import Place, Problem, SpaceError
from search_spaces.settings import Path, lay_over
from search_spaces.space import SearchSpace
from search_spaces.validation import explain_error
from xlt_core.canonical_spec import canonical_trial_spec
from xlt_core.perturbations import METHODS
from xlt_core.perturbations.spec import find_read_fields
from xlt_core.spec import TrialSpec, parse_trial_spec
from xlt_core.tasks import load_task

_Nested = dict[str, JsonValue]
_MOST_LISTED = 8
_NO_WEIGHT = 1e-9


@dataclass(frozen=True, kw_only=True)
class PlannedContrast:
    """A contrast of one target task as weights of cells; they sum to 0."""

    name: str
    declared_name: str
    """Without the target task."""
    hypothesis: str | None
    weights: Mapping[TrialSpec, float]
    """By canonical spec of seed 0."""


@dataclass(frozen=True)
class _Pair:
    cell: TrialSpec
    partner: TrialSpec


def plan_contrasts(space: SearchSpace) -> tuple[PlannedContrast, ...]:
    """Find the cells of every contrast; where the space has several target tasks, a contrast for each that it is of.

    Of a search that proposes cells, contrasts can only be of those planned before it begins.

    Raises:
        SpaceError: no cell has the settings, what a cell is compared with is not planned, or nothing remains of a
            contrast; with the place. Also as `expand_space`.
    """
    if space.analysis is None:
        return ()
    trials = expand_space(space.model_copy(update={"seeds": 1}))
    finder = _Finder({trial.spec: trial.cell for trial in trials})
    planned: list[PlannedContrast] = []
    for index, contrast in enumerate(space.analysis.contrasts):
        place: Place = ("analysis", "contrasts", index)
        pairs = finder.find_pairs(contrast, place)
        taken_off = finder.find_pairs(contrast.minus, (*place, "minus")) if contrast.minus else {}
        if taken_off and pairs and pairs.keys() != taken_off.keys():
            message = (
                f"it is of the target tasks {_write_tasks(pairs)}, and 'minus' of {_write_tasks(taken_off)}; name the "
                "task in both: cell: {target.task: ...}"
            )
            finder.problems.append(Problem((*place, "minus"), message))
            continue
        for task in pairs:
            weights = _weigh(pairs[task], taken_off.get(task, []))
            name = f"{contrast.name} ({load_task(task).name})" if len(finder.tasks) > 1 else contrast.name
            if not weights:
                finder.problems.append(Problem(place, "the cells that are compared are the same on both sides"))
            told = contrast.hypothesis
            planned.append(PlannedContrast(name=name, declared_name=contrast.name, hypothesis=told, weights=weights))
    _check_metric(space, finder)
    if finder.problems:
        raise SpaceError(finder.problems, lambda _: f"space '{space.name}'")
    return tuple(planned)


def _check_metric(space: SearchSpace, finder: "_Finder") -> None:
    assert space.analysis is not None
    for task in finder.tasks if space.analysis.metric else ():
        metrics = load_task(task).metrics
        if space.analysis.metric not in metrics:
            message = (
                f"given '{space.analysis.metric}'; task '{task}' has {', '.join(metrics)}. Leave it out for each "
                "task's first"
            )
            finder.problems.append(Problem(("analysis", "metric"), message))


class _Finder:
    """Finds the planned cells that settings mean, and keeps what is wrong."""

    def __init__(self, labels: Mapping[TrialSpec, str]) -> None:
        self.problems: list[Problem] = []
        self.tasks = list(dict.fromkeys(spec.target.task for spec in labels))
        self._labels = labels
        self._settings = {spec: _read_settings(spec) for spec in labels}
        self._planned = {_without_run(spec): spec for spec in labels}
        self._invalid: list[Problem] = []
        """Settings that some cell cannot have; wrong only where no other can."""

    def find_pairs(self, difference: DifferenceSpec, place: Place) -> dict[str, list[_Pair]]:
        """Pair the cells that are meant with those that they are compared with, by target task."""
        pairs: dict[str, list[_Pair]] = {}
        self._invalid = []
        meant = [spec for spec in self._labels if self._has(spec, difference.cell, (*place, "cell"))]
        for spec in meant:
            laid = self._lay(_leave_out_defaults(spec, self._settings[spec]), difference.against, (*place, "against"))
            partner = laid and self._planned.get(_without_run(canonical_trial_spec(laid)))
            if laid is not None and partner is None:
                message = f"laid over '{self._labels[spec]}' it gives a cell that is not planned; {self._list_cells()}"
                self.problems.append(Problem((*place, "against"), message))
                return {}
            if partner is not None and partner != spec:
                pairs.setdefault(spec.target.task, []).append(_Pair(spec, partner))
        if not pairs:
            self.problems += self._invalid[:1] or [self._explain_nothing(difference, place, found_any=bool(meant))]
        return pairs

    def _has(self, spec: TrialSpec, asked: CellSettings, place: Place) -> bool:
        """Whether a cell has all these settings: they are among its own, and laid over it they change nothing."""
        settings = self._settings[spec]
        if not all(_holds(settings, path) for path, _ in _written_leaves(asked)):
            return False
        return self._lay(settings, asked, place) == parse_trial_spec(settings)

    def _lay(self, settings: _Nested, asked: CellSettings, place: Place) -> TrialSpec | None:
        """The cell with these settings laid over its own, as they are written; none where it is no cell then."""
        laid = settings
        for key in sorted(asked):
            laid = lay_over(laid, _path_of(key), asked[key])
        try:
            return parse_trial_spec(laid)
        except ValidationError as error:
            path, message = explain_error(error.errors()[0], TrialSpec)
            written = [key for key in asked if path[: key.count(".") + 1] == tuple(key.split("."))]
            self._invalid.append(Problem((*place, *written[:1]), message))
            return None

    def _explain_nothing(self, difference: DifferenceSpec, place: Place, *, found_any: bool) -> Problem:
        if found_any:
            return Problem((*place, "against"), f"the cells that 'cell' names have it already; {self._list_cells()}")
        for path, value in _written_leaves(difference.cell):
            name = ".".join(path)
            held = {repr(value_at(one, path)) for one in self._settings.values() if _holds(one, path)}
            if not held:
                known = {".".join(path) for one in self._settings.values() for path, _ in _flatten(one, ())}
                nearest = get_close_matches(name, known, n=1)
                hint = f"; did you mean '{nearest[0]}'?" if nearest else ""
                return Problem((*place, "cell"), f"no cell has a setting '{name}'{hint}")
            if repr(value) not in held:
                listed = ", ".join(sorted(held)[:_MOST_LISTED])
                return Problem((*place, "cell"), f"no cell has {name} {value!r}; planned are {listed}")
        return Problem((*place, "cell"), f"no cell has all these settings; {self._list_cells()}")

    def _list_cells(self) -> str:
        labels = list(self._labels.values())
        more = f" and {len(labels) - _MOST_LISTED} others (xlt space show)" if len(labels) > _MOST_LISTED else ""
        return f"planned are: {'; '.join(labels[:_MOST_LISTED])}{more}"


def _weigh(pairs: Sequence[_Pair], taken_off: Sequence[_Pair]) -> dict[TrialSpec, float]:
    weights: dict[TrialSpec, float] = {}
    for sign, group in ((1.0, pairs), (-1.0, taken_off)):
        for pair in group:
            weights[pair.cell] = weights.get(pair.cell, 0.0) + sign / len(group)
            weights[pair.partner] = weights.get(pair.partner, 0.0) - sign / len(group)
    return {spec: weight for spec, weight in weights.items() if abs(weight) > _NO_WEIGHT}


def _read_settings(spec: TrialSpec) -> _Nested:
    """Settings that the cell reads; the recipe of its target stage stands once, as the trial's."""
    settings = spec.model_dump(mode="json", exclude={"seed": True, "intermediate_seed": True, "target": {"optim"}})
    for stage, given in (("target", spec.target), ("intermediate", spec.intermediate)):
        if given is not None:
            read = {"method", "magnitude", *find_read_fields(given.perturbation)}
            written = settings[stage]["perturbation"].items()
            settings[stage]["perturbation"] = {key: value for key, value in written if key in read}
    return settings


def _leave_out_defaults(spec: TrialSpec, settings: _Nested) -> _Nested:
    """Without what is its perturbation's own default, so that another method laid over it brings its own."""
    for stage, given in (("target", spec.target), ("intermediate", spec.intermediate)):
        if given is not None:
            entry = METHODS[given.perturbation.method]
            usual = {**entry.settings, **entry.fixed}
            written = cast(_Nested, value_at(settings, (stage, "perturbation")))
            own = {key: value for key, value in written.items() if usual.get(key, ...) != value}
            settings = settings | {stage: cast(_Nested, settings[stage]) | {"perturbation": own}}
    return settings


def _without_run(spec: TrialSpec) -> TrialSpec:
    """The cell whatever seeds its intermediate stage."""
    return spec.model_copy(update={"seed": 0, "intermediate_seed": None})


def _path_of(key: str) -> Path:
    """Where a setting stands in what `_read_settings` gives."""
    path = tuple(key.split("."))
    return path[1:] if path[:2] == ("target", "optim") else path


def _written_leaves(asked: CellSettings) -> Iterator[tuple[Path, JsonValue]]:
    """Give every single setting with its path."""
    for key, value in asked.items():
        yield from _flatten(value, _path_of(key))


def _flatten(value: JsonValue, path: Path) -> Iterator[tuple[Path, JsonValue]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flatten(inner, (*path, key))
    else:
        yield path, value


def _holds(settings: Mapping[str, JsonValue], path: Path) -> bool:
    held: JsonValue = dict(settings)
    for key in path:
        if not isinstance(held, dict) or key not in held:
            return False
        held = held[key]
    return True


def _write_tasks(pairs: Mapping[str, object]) -> str:
    return ", ".join(pairs) or "none"
