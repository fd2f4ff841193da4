"""What is wrong with a space, each finding with its place. In: places and messages. Out: one `SpaceError`."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from xlt_core.errors import SpecError

Place = tuple[str | int, ...]
"""Keys and list positions from the top of a space, such as `("axes", "target.perturbation", "magnitude", 2)`."""


class Problem(NamedTuple):
    """One thing that is wrong."""

    place: Place
    message: str
    """What was given and what is allowed."""


class SpaceError(SpecError):
    """Everything that is wrong with a space, a line each."""

    def __init__(self, problems: Iterable[Problem], origin_of: Callable[[Place], str]) -> None:
        """Write `problems`; `origin_of` names the file and line (or the space) of a place."""
        self.problems = _join_items(dict.fromkeys(problems))
        lines = []
        for place, message in self.problems:
            where = f"{origin_of(place)}: {write_place(place)}" if place else origin_of(place)
            lines.append(f"{where}: {message}")
        super().__init__("\n".join(lines))


def _join_items(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Say of a whole list, once, what is said of several of its items in the same words."""
    joined: dict[tuple[Place, str], list[Problem]] = {}
    for problem in problems:
        is_item = bool(problem.place) and isinstance(problem.place[-1], int)
        joined.setdefault((problem.place[:-1] if is_item else problem.place, problem.message), []).append(problem)
    return tuple(same[0] if len(same) == 1 else Problem(*key) for key, same in joined.items())


def write_place(place: Place) -> str:
    """Write a place as dotted keys, list positions in brackets."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
