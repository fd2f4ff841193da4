"""Figures of a sweep's findings: one file a kind, each `draw(evidence)`. A kind's file is imported when it is drawn."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from results.report.evidence import Evidence
    from results.report.figure import Figure


class FigureKind(NamedTuple):
    """One kind of figure."""

    module: str
    """Where its `draw` is."""
    shows: str
    """For who chooses one."""
    needs: str
    """What a sweep without it has to have."""


_HERE = "results.report.figures"

KINDS: Mapping[str, FigureKind] = {
    "contrasts": FigureKind(
        f"{_HERE}.contrasts", "what was declared, with verdicts", "runs of a cell and its baseline"
    ),
    "heatmap": FigureKind(f"{_HERE}.heatmap", "every delta, cells by languages", "runs of a cell and its baseline"),
    "curves": FigureKind(f"{_HERE}.curves", "magnitude against delta by language", "cells with a magnitude above 0"),
    "best": FigureKind(f"{_HERE}.best", "the best magnitude of each language", "cells with a magnitude above 0"),
    "corpus": FigureKind(f"{_HERE}.corpus", "delta against corpus size", "two languages with a known corpus size"),
    "slopes": FigureKind(f"{_HERE}.slopes", "slopes on corpus size, one language left out", "four known corpus sizes"),
    "groups": FigureKind(f"{_HERE}.groups", "resource bands, families, scripts", "two languages of one group"),
    "surface": FigureKind(f"{_HERE}.surface", "dose by magnitude", "two magnitudes and two arms of a stage"),
    "matrix": FigureKind(f"{_HERE}.matrix", "pairs of languages", "scores under the condition `generalized`"),
    "failures": FigureKind(f"{_HERE}.failures", "share of failed runs", "finished runs"),
    "selections": FigureKind(f"{_HERE}.selections", "rules of choosing a checkpoint", "scores of two such rules"),
}
"""Kind of figure -> what it is; in the order of a report."""


def _draw(module: str, evidence: "Evidence") -> "Figure | None":
    figure: Figure | None = import_module(module).draw(evidence)
    return figure


FIGURES: Mapping[str, Callable[["Evidence"], "Figure | None"]] = {
    name: partial(_draw, kind.module) for name, kind in KINDS.items()
}
"""Kind of figure -> what draws it; it gives None where the sweep has nothing of that kind."""
