"""Cells as points of a design: what is held fixed, and what moves along a curve or over a surface.

In: the plan of a sweep. Out: series of cells that differ in magnitude alone, or in magnitude and dose.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

NO_STAGE = "none"
"""Level of a cell without an intermediate stage."""
OWN_MIX = "own mix"
"""Level of a cell whose intermediate stage trains on all of its task, no arm of it."""

_PERTURBATION = "target.perturbation."
_STAGE = "intermediate"
_COLUMNS = ["cell_id", "baseline_cell_id", "cell", "target_task", "source_language", "method", "magnitude", "axes"]
_ARM = ["intermediate_task", "dose", "level"]


@dataclass(frozen=True, kw_only=True)
class DesignCell:
    """A cell by what varies in its sweep."""

    cell_id: str
    baseline_cell_id: str
    label: str
    target_task: str
    source_language: str
    method: str | None
    """None: nothing is perturbed."""
    magnitude: float
    setting: str
    """What else varies of the perturbation, in words."""
    stage: str
    """What varies of the intermediate stage but its dose, in words; `NO_STAGE` where there is none."""
    dose: float | None
    level: str | None
    """Name of an arm that is no dose: `NO_STAGE`, `OWN_MIX`, `random`, ..."""
    rest: str
    """All else that varies, in words."""

    @property
    def arm(self) -> tuple[str, float | None, str | None]:
        """The intermediate stage."""
        return self.stage, self.dose, self.level


@dataclass(frozen=True, kw_only=True)
class MagnitudeSeries:
    """Cells that differ in magnitude alone."""

    name: str
    method: str
    plain: DesignCell | None
    """The cell without perturbation, otherwise the same; None where the sweep has none."""
    cells: tuple[DesignCell, ...]
    """By rising magnitude, each above 0."""


@dataclass(frozen=True, kw_only=True)
class SurfaceSeries:
    """Cells that differ in magnitude and arm alone."""

    name: str
    method: str
    cells: tuple[DesignCell, ...]
    """Without perturbation (magnitude 0) and with it."""


def list_cells(plan: pa.Table) -> list[DesignCell]:
    """Read what every cell is, in the order of the plan."""
    frame = plan.select([*_COLUMNS, *_ARM]).to_pandas().drop_duplicates("cell_id")
    frame = frame.astype(object).where(frame.notna(), None)
    return [_read_cell(row) for row in frame.to_dict("records")]


def list_magnitude_series(cells: Iterable[DesignCell]) -> list[MagnitudeSeries]:
    """Gather the cells that differ in magnitude alone; one magnitude above 0 is a series, too."""
    cells = [*cells]
    has_arms = len({cell.arm for cell in cells}) > 1
    groups: dict[tuple[Any, ...], list[DesignCell]] = {}
    for cell in cells:
        if cell.magnitude > 0 and cell.method is not None:
            key = (cell.target_task, cell.rest, cell.arm, cell.method, cell.setting)
            groups.setdefault(key, []).append(cell)
    plain = {(cell.target_task, cell.rest, cell.arm): cell for cell in cells if cell.method is None}
    return [
        MagnitudeSeries(
            name=_join(members[0].method, members[0].setting, _name_arm(members[0]) if has_arms else "", key[1]),
            method=str(members[0].method),
            plain=plain.get(key[:3]),
            cells=tuple(sorted(members, key=lambda cell: cell.magnitude)),
        )
        for key, members in groups.items()
    ]


def list_surface_series(cells: Iterable[DesignCell]) -> list[SurfaceSeries]:
    """Gather the cells that differ in magnitude and arm alone; at least two magnitudes and two arms.

    Cells without an intermediate stage belong to the surface of every stage, cells without perturbation to that of
    every method.
    """
    cells = [*cells]
    perturbed = [cell for cell in cells if cell.magnitude > 0 and cell.method is not None]
    stages = list(dict.fromkeys((cell.target_task, cell.rest, cell.stage) for cell in cells if cell.level != NO_STAGE))
    found = []
    for task, rest, stage in stages:
        methods = dict.fromkeys(
            (cell.method, cell.setting) for cell in perturbed if (cell.target_task, cell.rest) == (task, rest)
        )
        for method, setting in methods:
            members = [
                cell
                for cell in cells
                if (cell.target_task, cell.rest) == (task, rest)
                and (cell.stage == stage or cell.level == NO_STAGE)
                and (cell.method is None or (cell.magnitude > 0 and (cell.method, cell.setting) == (method, setting)))
            ]
            if len({cell.magnitude for cell in members}) > 1 and len({cell.arm for cell in members}) > 1:
                name = _join(method, setting, f"intermediate {stage}", rest)
                found.append(SurfaceSeries(name=name, method=str(method), cells=tuple(members)))
    return found


def _read_cell(row: Mapping[str, Any]) -> DesignCell:
    axes = json.loads(row["axes"] or "{}")
    own = {f"{_PERTURBATION}method", f"{_PERTURBATION}magnitude", f"{_STAGE}.dose", _STAGE}
    varied = {key: value for key, value in axes.items() if key not in own}
    setting = {key: value for key, value in varied.items() if key.startswith(_PERTURBATION)}
    stage = {key: value for key, value in varied.items() if key.startswith(f"{_STAGE}.")}
    rest = {key: value for key, value in varied.items() if key not in setting and key not in stage}
    has_stage = row["intermediate_task"] is not None
    level = (row["level"] or (None if row["dose"] is not None else OWN_MIX)) if has_stage else NO_STAGE
    method = None if row["method"] in (None, "none") else row["method"]
    return DesignCell(
        cell_id=row["cell_id"],
        baseline_cell_id=row["baseline_cell_id"],
        label=row["cell"],
        target_task=row["target_task"],
        source_language=row["source_language"],
        method=method,
        magnitude=float(row["magnitude"] or 0.0),
        setting=_words(setting),
        stage=" ".join(filter(None, [row["intermediate_task"], _words(stage)])) if has_stage else NO_STAGE,
        dose=row["dose"],
        level=level,
        rest=_words(rest),
    )


def _words(settings: Mapping[str, Any]) -> str:
    return " ".join(f"{key.rpartition('.')[2]} {_word(value)}" for key, value in sorted(settings.items()))


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _name_arm(cell: DesignCell) -> str:
    arm = f"dose {cell.dose:g}" if cell.dose is not None else cell.level
    return "intermediate none" if cell.level == NO_STAGE else f"intermediate {cell.stage} {arm}"


def _join(*parts: str | None) -> str:
    return " · ".join(part for part in parts if part)
