"""What may disturb a training step. One file a family; this table names each method and the settings it reads.

Importing the table is light; a method's class (and torch) is imported by `load_perturbation`.
"""

from typing import NamedTuple

from xlt_core.plugins import load_plugin


class MethodEntry(NamedTuple):
    """Where a method's class is, and which fields of a perturbation change what it does."""

    path: str
    reads: tuple[str, ...]
    summary: str
    version: int = 1
    """Raised when the same settings disturb a step differently; part of every stage key."""


_NOISE = ("magnitude", "site", "norm", "granularity", "unit", "mask")
_ASCENT = (*_NOISE, "clean_weight")

METHODS: dict[str, MethodEntry] = {
    "none": MethodEntry("xlt_core.perturbations.none:Plain", (), "plain training"),
    "gaussian": MethodEntry("xlt_core.perturbations.noise:Gaussian", _NOISE, "Gaussian noise"),
    "uniform": MethodEntry("xlt_core.perturbations.noise:UniformBall", _NOISE, "uniform noise in a norm ball"),
    "fgm": MethodEntry("xlt_core.perturbations.ascent:Fgm", _ASCENT, "one gradient step to the ball's surface"),
    "pgd": MethodEntry(
        "xlt_core.perturbations.ascent:Pgd",
        (*_ASCENT, "num_ascent_steps", "step_ratio", "init"),
        "projected gradient ascent inside the ball",
    ),
}


def load_perturbation(method: str) -> type:
    """Import the class of a method by its name."""
    return load_plugin("perturbation method", method, {name: entry.path for name, entry in METHODS.items()})  # type: ignore[no-any-return]
