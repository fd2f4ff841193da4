"""One cell of a space, from the base and what is laid over it. In: layers. Out: a `Cell`, or what is wrong with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue, ValidationError

from search_spaces.axes import Point
from search_spaces.problems import Place, Problem
from search_spaces.settings import Path, lay_over, nest
from search_spaces.space import SearchSpace
from search_spaces.validation import Finding, explain_error
from xlt_core.canonical_spec import canonical_trial_spec
from xlt_core.checks import find_misfits
from xlt_core.spec import TrialSpec, parse_trial_spec


@dataclass(frozen=True)
class Cell:
    """One combination of a value of every axis."""

    spec: TrialSpec
    """Canonical, seed 0."""
    baseline: TrialSpec
    """The same with the space's baseline laid over it; canonical, seed 0."""
    point_indices: tuple[int, ...] = ()
    """Which point of each axis made it, axes in alphabetical order; empty where no list of points did."""


@dataclass(frozen=True)
class Layer:
    """Settings that are laid over the base at one path."""

    path: Path
    value: JsonValue
    places: dict[Path, Place]
    """Where in the space each key of the value was written; `()` is the value itself."""


class CellReader:
    """Makes the cells of one space, and keeps what is wrong with them."""

    def __init__(self, space: SearchSpace) -> None:
        self.problems: list[Problem] = []
        self._read: dict[str, TrialSpec] = {}
        """By what was read: many cells have one baseline."""
        self._base = nest(space.base)
        self._baseline = [
            Layer(tuple(key.split(".")), space.baseline[key], {(): ("baseline", key)}) for key in sorted(space.baseline)
        ]

    def read(self, layers: Sequence[Layer], point_indices: tuple[int, ...] = ()) -> Cell | None:
        """Read the cell that `layers` make; none where it or its baseline is no valid trial."""
        spec = self._read_settings(layers)
        compared = self._read_settings([*layers, *self._baseline]) if spec else None
        return Cell(spec, compared, point_indices) if spec and compared else None

    def _read_settings(self, layers: Sequence[Layer]) -> TrialSpec | None:
        """Read the settings of a trial; what is wrong goes to `problems`, with the place where it was written."""
        settings = self._base
        for layer in layers:
            settings = lay_over(settings, layer.path, layer.value)
        written = repr(settings)
        if written in self._read:
            return self._read[written]
        try:
            spec = canonical_trial_spec(parse_trial_spec(settings))
        except ValidationError as error:
            findings = [explain_error(detail, TrialSpec) for detail in error.errors()]
        else:
            findings = [Finding(*misfit) for misfit in find_misfits(spec)]
            if not findings:
                return self._read.setdefault(written, spec)
        self.problems += [Problem(_find_place(path, self._base, layers), message) for path, message in findings]
        return None


def layer_of(name: str, point: Point) -> Layer:
    """The layer that a point of the axis `name` makes."""
    return Layer(tuple(name.split(".")), point.value, point.places)


def _find_place(path: Path, base: dict[str, JsonValue], layers: Sequence[Layer]) -> Place:
    """Find where in the space the setting at `path` was written: in the last layer that holds it, else the base."""
    written: list[tuple[Path, Place]] = [(start, ("base", *start)) for start in _held_paths(base, path)]
    written += [((*layer.path, *inner), place) for layer in layers for inner, place in layer.places.items()]
    under = [place for start, place in written if start[: len(path)] == path]
    holders = [(len(start), index) for index, (start, _) in enumerate(written) if start == path[: len(start)]]
    if holders and (not under or written[max(holders)[1]][0] == path):
        return written[max(holders)[1]][1]
    return under[-1] if under else ("base", *path)


def _held_paths(settings: dict[str, JsonValue], path: Path) -> Iterator[Path]:
    """Give every beginning of `path` that `settings` holds, shortest first."""
    held: JsonValue = settings
    for index, key in enumerate(path):
        if not isinstance(held, dict) or key not in held:
            return
        held = held[key]
        yield path[: index + 1]
