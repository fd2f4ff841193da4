"""What is compared: contrasts that were declared, and every cell against its baseline. In: plan, analysis."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import pyarrow as pa

from results.analysis import Analysis, Term
from results.schema import CELL_COLUMNS

_LABELS = (*CELL_COLUMNS, "same_task")
_OF_CELL = ("cell_id", "baseline_cell_id", "cell", *_LABELS)

_TINY = 1e-9


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A weighted sum of cells; its weights sum to 0."""

    kind: Literal["declared", "deltas"]
    name: str
    cell_id: str
    """Of a declared contrast the ids of all its cells."""
    baseline_cell_id: str | None
    terms: tuple[Term, ...]
    """Those of positive weight first."""
    labels: Mapping[str, Any]
    """`schema.CELL_COLUMNS` and `same_task`; none where the cells of a declared contrast differ."""

    @cached_property
    def weights(self) -> tuple[float, ...]:
        """One a term."""
        return tuple(term.weight for term in self.terms)

    @cached_property
    def num_positive(self) -> int:
        """So many terms come first and have a positive weight."""
        return sum(weight > 0 for weight in self.weights)

    @cached_property
    def has_two_sides(self) -> bool:
        """Whether it is one mean of cells minus another; not so of a difference of differences."""
        return abs(sum(self.weights[: self.num_positive]) - 1.0) < _TINY

    @property
    def is_pair(self) -> bool:
        """Whether it is one cell minus another."""
        return self.weights == (1.0, -1.0)

    @cached_property
    def terms_json(self) -> str:
        """As in the column `terms`."""
        return json.dumps([{"cell_id": term.cell_id, "weight": term.weight} for term in self.terms])


def list_comparisons(plan: pa.Table, analysis: Analysis) -> list[Comparison]:
    """Give the declared contrasts in their order, then every delta in the order of the plan.

    A contrast that names a cell which is not planned is left out: nothing will ever be known of it.
    """
    cells = {row["cell_id"]: row for row in plan.select(list(_OF_CELL)).to_pylist()}
    declared = [
        _declared(contrast.name, contrast.terms, cells)
        for contrast in analysis.contrasts
        if all(term.cell_id in cells for term in contrast.terms)
    ]
    deltas = [_delta(row) for row in cells.values() if row["cell_id"] != row["baseline_cell_id"]]
    return declared + deltas


def _declared(name: str, terms: tuple[Term, ...], cells: Mapping[str, Mapping[str, Any]]) -> Comparison:
    terms = _merge(terms)
    rows = [cells[term.cell_id] for term in terms]
    shared = {label: rows[0][label] for label in _LABELS if all(row[label] == rows[0][label] for row in rows)}
    return Comparison(
        kind="declared",
        name=name,
        cell_id=" ".join(term.cell_id for term in terms),
        baseline_cell_id=None,
        terms=terms,
        labels={label: shared.get(label) for label in _LABELS},
    )


def _merge(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """Each cell once, without those that cancel out; positive weights first, otherwise as declared."""
    weights: dict[str, float] = {}
    for term in terms:
        weights[term.cell_id] = weights.get(term.cell_id, 0.0) + term.weight
    merged = [Term(cell_id, weight) for cell_id, weight in weights.items() if abs(weight) > _TINY]
    return tuple(sorted(merged, key=lambda term: term.weight < 0))


def _delta(row: Mapping[str, Any]) -> Comparison:
    return Comparison(
        kind="deltas",
        name=row["cell"],
        cell_id=row["cell_id"],
        baseline_cell_id=row["baseline_cell_id"],
        terms=(Term(row["cell_id"], 1.0), Term(row["baseline_cell_id"], -1.0)),
        labels={label: row[label] for label in _LABELS},
    )
