"""Between cells of a space and the parameters of Optuna's trials, both ways.

In: a space, and a trial or a spec. Out: choices for `search_spaces.draws`, or parameters with their distributions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import Trial
from pydantic import JsonValue

from search_spaces.draws import Chooser
from search_spaces.expand import propose_cell
from search_spaces.problems import SpaceError
from search_spaces.ranges import Range
from search_spaces.settings import Path
from search_spaces.space import SearchSpace
from xlt_core.canonical import canonical_json
from xlt_core.spec import TrialSpec

_MAX_TRIED_CELLS = 2000


class TrialChooser:
    """Has an Optuna trial choose: a list is a categorical parameter, a range a number."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def choose(self, name: str, _path: Path, options: Sequence[JsonValue], /) -> int:
        """See `Chooser`."""
        labels = label_options(options)
        chosen = self._trial.suggest_categorical(name, list(dict.fromkeys(labels)))
        return next(place for place, label in enumerate(labels) if label == chosen)

    def draw(self, name: str, _path: Path, numbers: Range, /) -> float:
        """See `Chooser`."""
        if numbers.kind == "integer":
            return self._trial.suggest_int(name, int(numbers.low), int(numbers.high))
        return self._trial.suggest_float(name, numbers.low, numbers.high, log=numbers.kind == "log_uniform")


@dataclass(frozen=True)
class Parameters:
    """Parameters of a trial."""

    values: dict[str, Any] = field(default_factory=dict)
    distributions: dict[str, BaseDistribution] = field(default_factory=dict)


class RecordingChooser:
    """Notes what another chooser chose, as parameters."""

    def __init__(self, chooser: Chooser) -> None:
        self.parameters = Parameters()
        self._chooser = chooser

    def choose(self, name: str, path: Path, options: Sequence[JsonValue], /) -> int:
        """See `Chooser`."""
        index = self._chooser.choose(name, path, options)
        labels = label_options(options)
        self._note(name, labels[index], CategoricalDistribution(tuple(dict.fromkeys(labels))))
        return index

    def draw(self, name: str, path: Path, numbers: Range, /) -> float:
        """See `Chooser`."""
        value = self._chooser.draw(name, path, numbers)
        if numbers.kind == "integer":
            self._note(name, int(value), IntDistribution(int(numbers.low), int(numbers.high)))
        else:
            is_log = numbers.kind == "log_uniform"
            self._note(name, value, FloatDistribution(numbers.low, numbers.high, log=is_log))
        return value

    def _note(self, name: str, value: Any, distribution: BaseDistribution) -> None:
        self.parameters.values[name] = value
        self.parameters.distributions[name] = distribution


def label_options(options: Sequence[JsonValue]) -> list[str | int | float]:
    """Name the items of a list as Optuna stores them: strings and numbers as they are, all else as JSON."""
    return [
        option if isinstance(option, str | int | float) and not isinstance(option, bool) else canonical_json(option)
        for option in options
    ]


def find_parameters(space: SearchSpace, spec: TrialSpec) -> Parameters | None:
    """Find parameters that make a cell; of several that mean the same, the first.

    Args:
        space: whose cell it may be.
        spec: of the cell, canonical, any seed.

    Returns:
        None where the space does not make the cell, or has too many others like it.
    """
    wanted = spec.model_copy(update={"seed": 0})
    path: list[int] | None = []
    for _ in range(_MAX_TRIED_CELLS):
        if path is None:
            return None
        guess = _GuessingChooser(wanted, path)
        recorder = RecordingChooser(guess)
        if _make(space, recorder) == wanted:
            return recorder.parameters
        path = guess.next_path()
    return None


def _make(space: SearchSpace, chooser: Chooser) -> TrialSpec | None:
    try:
        return propose_cell(space, chooser).spec
    except SpaceError:
        return None


class _GuessingChooser:
    """Chooses what a spec says; where it does not say, what a path through all possibilities says."""

    def __init__(self, spec: TrialSpec, path: Sequence[int]) -> None:
        self._settings: dict[str, JsonValue] = spec.model_dump(mode="json")
        self._path = list(path)
        self._sizes: list[int] = []

    def choose(self, _name: str, path: Path, options: Sequence[JsonValue], /) -> int:
        said = self._read(path)
        if said is not None and not isinstance(said, dict) and said in options:
            return options.index(said)
        place = len(self._sizes)
        self._sizes.append(len(options))
        self._path += [0] * (place + 1 - len(self._path))
        return self._path[place]

    def draw(self, _name: str, path: Path, numbers: Range, /) -> float:
        said = self._read(path)
        return said if isinstance(said, int | float) and numbers.low <= said <= numbers.high else numbers.low

    def next_path(self) -> list[int] | None:
        """The path after this one, in the order of counting; none: it was the last."""
        for place in reversed(range(len(self._sizes))):
            if self._path[place] + 1 < self._sizes[place]:
                return [*self._path[:place], self._path[place] + 1]
        return None

    def _read(self, path: Path) -> JsonValue:
        found: JsonValue = self._settings
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found
