"""Figures of a sweep's findings: one file a kind, each `draw(evidence)`. A kind's file is imported when it is drawn."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from results.report.evidence import Evidence
    from results.report.figure import Figure

MODULES: Mapping[str, str] = {
    "contrasts": "results.report.figures.contrasts",
    "heatmap": "results.report.figures.heatmap",
    "curves": "results.report.figures.curves",
    "best": "results.report.figures.best",
    "corpus": "results.report.figures.corpus",
    "slopes": "results.report.figures.slopes",
    "groups": "results.report.figures.groups",
    "surface": "results.report.figures.surface",
    "matrix": "results.report.figures.matrix",
    "failures": "results.report.figures.failures",
    "selections": "results.report.figures.selections",
}
"""Kind of figure -> where its `draw` is; in the order of a report."""


def _draw(module: str, evidence: "Evidence") -> "Figure | None":
    figure: Figure | None = import_module(module).draw(evidence)
    return figure


FIGURES: Mapping[str, Callable[["Evidence"], "Figure | None"]] = {
    kind: partial(_draw, module) for kind, module in MODULES.items()
}
"""Kind of figure -> what draws it; it gives None where the sweep has nothing of that kind."""
