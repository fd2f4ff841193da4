"""From a space to its trials: every cell once, its baseline cell, every seed. In: `SearchSpace`. Out: `SpaceTrial`s."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from search_spaces.cells import Cell
from search_spaces.draws import Chooser, draw_cell, planned_cells, reference_cells
from search_spaces.labels import name_cells
from search_spaces.space import SearchSpace
from xlt_core.canonical_spec import canonical_trial_spec, depends_on_seed
from xlt_core.spec import TrialSpec

_MAX_SHOWN_CELLS = 200
"""Cells beside which those of a search are named: enough to show what varies."""


@dataclass(frozen=True, kw_only=True)
class SpaceTrial:
    """A cell with one seed, and what it is compared with."""

    spec: TrialSpec
    """Canonical."""
    axes: dict[str, Any]
    """Dotted key to JSON value, for the settings that vary in the space and that this cell reads."""
    cell: str
    """Short label of the cell, such as `magnitude 0.5 · intermediate world dose 1`."""
    baseline: TrialSpec
    """The baseline cell with the same seed; canonical."""
    baseline_cell: str
    is_baseline: bool


def expand_space(space: SearchSpace) -> tuple[SpaceTrial, ...]:
    """List every trial of a space that is known before the sweep begins, once.

    Cells that mean the same are one cell. Baseline cells that the axes do not make are added. Baselines come first and
    the seed varies slowest, so that a sweep that is stopped early has whole designs behind it. A cell that trains
    nothing is one trial, whatever the seeds. Of a space whose cells are proposed on the way, there is a baseline only.

    Raises:
        SpaceError: a cell is no valid trial, or an axis changes nothing; names every place.
    """
    cells = planned_cells(space)
    shown = () if space.search.num_cells is None else list_shown_specs(space)
    return list_trials(space, _baseline_of_cell(_share_intermediate(cell, space) for cell in cells), shown)


def propose_cell(space: SearchSpace, chooser: Chooser) -> Cell:
    """Make the cell that `chooser` chooses, with the intermediate stage that the space asks for.

    Raises:
        SpaceError: it is no valid trial, or its baseline is none.
    """
    return _share_intermediate(draw_cell(space, chooser), space)


def list_shown_specs(space: SearchSpace) -> tuple[TrialSpec, ...]:
    """List cells that show what varies in a space; those of a search are named beside them, whichever it finds.

    Raises:
        SpaceError: one of them is no valid trial.
    """
    cells = [_share_intermediate(cell, space) for cell in reference_cells(space)]
    specs = [*_baseline_of_cell(cells)]
    return tuple(specs[:: -(-len(specs) // _MAX_SHOWN_CELLS)])


def list_trials(
    space: SearchSpace, baselines: Mapping[TrialSpec, TrialSpec], shown: Iterable[TrialSpec] = ()
) -> tuple[SpaceTrial, ...]:
    """List the trials of some cells, the seed varying slowest.

    Args:
        space: gives the seeds.
        baselines: each cell's baseline, which must be a key, too.
        shown: other cells that the names must tell these from.
    """
    named = list(dict.fromkeys([*baselines, *shown]))
    names = dict(zip(named, name_cells(named), strict=True))
    first, *_ = space.seed_values
    return tuple(
        SpaceTrial(
            spec=_at_seed(spec, seed),
            axes=names[spec].varied,
            cell=names[spec].label,
            baseline=_at_seed(baseline, seed),
            baseline_cell=names[baseline].label,
            is_baseline=spec == baseline,
        )
        for seed in space.seed_values
        for spec, baseline in baselines.items()
        if seed == first or depends_on_seed(spec)
    )


def _share_intermediate(cell: Cell, space: SearchSpace) -> Cell:
    """The cell as it is where seeds vary from the intermediate stage on, else with one such stage for all seeds."""
    if space.seeds_from == "intermediate":
        return cell

    def share(spec: TrialSpec) -> TrialSpec:
        return canonical_trial_spec(spec.model_copy(update={"intermediate_seed": spec.intermediate_seed or 0}))

    return replace(cell, spec=share(cell.spec), baseline=share(cell.baseline))


def _at_seed(spec: TrialSpec, seed: int) -> TrialSpec:
    return spec.model_copy(update={"seed": seed}) if depends_on_seed(spec) else spec


def _baseline_of_cell(cells: Iterable[Cell]) -> dict[TrialSpec, TrialSpec]:
    """Map each distinct cell to its baseline, baselines first; of equal cells the first decides."""
    cells = list(cells)
    baselines = {cell.baseline: cell.baseline for cell in cells}
    for cell in cells:
        baselines.setdefault(cell.spec, cell.baseline)
    return baselines
