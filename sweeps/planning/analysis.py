"""What a space sets out to test, in the cells of its plan. In: a space, cell ids. Out: as `results.analysis` reads it.

Light: no torch, no ray.
"""

from collections.abc import Mapping

from pydantic import JsonValue

from search_spaces.contrasts import PlannedContrast, plan_contrasts
from search_spaces.space import SearchSpace
from xlt_core.errors import SpecError
from xlt_core.spec import TrialSpec

_NO_WEIGHT = 1e-9


def resolve_analysis(space: SearchSpace, cell_ids: Mapping[TrialSpec, str]) -> dict[str, JsonValue] | None:
    """Write what the space declares, its contrasts as weights of cells; none where it declares nothing.

    Args:
        space: whose cells are planned.
        cell_ids: by canonical spec of seed 0.

    Raises:
        SpaceError: a contrast means no planned cells.
        SpecError: all cells of a contrast turned out to be one when their data were read.
    """
    if space.analysis is None:
        return None
    planned = plan_contrasts(space)
    written = space.analysis.model_dump(mode="json", exclude={"contrasts"})
    for family in written["families"]:
        family["only"] = [contrast.name for contrast in planned if contrast.declared_name in family["only"]]
    return {**written, "contrasts": [_resolve_contrast(contrast, cell_ids) for contrast in planned]}


def _resolve_contrast(contrast: PlannedContrast, cell_ids: Mapping[TrialSpec, str]) -> JsonValue:
    weights: dict[str, float] = {}
    for spec, weight in contrast.weights.items():
        weights[cell_ids[spec]] = weights.get(cell_ids[spec], 0.0) + weight
    terms: list[JsonValue] = [
        {"cell_id": cell_id, "weight": weight}
        for cell_id, weight in sorted(weights.items())
        if abs(weight) > _NO_WEIGHT
    ]
    if not terms:
        raise SpecError(f"contrast '{contrast.name}': its cells read the same data, so that they are one; take it out")
    return {"name": contrast.name, "hypothesis": contrast.hypothesis, "terms": terms}
