"""Whether what a space names is there: data, languages, encoder. In: `SearchSpace`. Out: nothing, or an error."""

from search_spaces.expand import expand_space
from search_spaces.problems import Problem, SpaceError
from search_spaces.space import SearchSpace
from xlt_core.errors import XltError
from xlt_core.plan import Fingerprints, plan_trial


def check_data(space: SearchSpace) -> None:
    """Plan every cell once, which reads its data and its encoder's files.

    Raises:
        SpaceError: what cannot be found or used, each thing once, with the first cell that needs it.
    """
    fingerprints = Fingerprints()
    first_cells: dict[str, str] = {}
    for trial in expand_space(space.model_copy(update={"seeds": 1})):
        try:
            plan_trial(trial.spec, fingerprints)
        except XltError as error:
            first_cells.setdefault(str(error), trial.cell)
    if first_cells:
        problems = [Problem((), f"cell '{cell}': {message}") for message, cell in first_cells.items()]
        raise SpaceError(problems, lambda _: f"space '{space.name}'")
