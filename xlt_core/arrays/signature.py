"""Which trials can train in one array. In: a `TrialPlan`. Out: a key, equal for those that can. Light: no torch.

What is computed has to be equal; the numbers in it may differ: seeds, data order, magnitudes, learning rates.
"""

from typing import Any

from xlt_core.canonical import content_key
from xlt_core.encoders.configuration import read_encoder_facts
from xlt_core.perturbations import METHODS
from xlt_core.perturbations.spec import NUMBERS, PerturbationSpec, canonical_perturbation
from xlt_core.plan import TrialPlan
from xlt_core.tasks import load_task
from xlt_core.tasks.base import FROZEN_SHAPES

NOISE_METHODS = ("none", "gaussian", "uniform", "neftune")
"""One disturbed pass a step, or none: they can share an array, each member drawing its own noise."""
_ALONE = ("r4f", "ear", "rs_da")
"""The first changes the model, the second looks at the attention of two batches, the last has a table of its own."""


def find_array_key(plan: TrialPlan) -> str | None:
    """Give a key that is equal for trials whose target stages can train in one array; none: this one trains alone.

    Alone train tasks without training, encoders that cannot read packed batches, and methods that change the model or
    have data of their own. A target stage trains its own task and nothing beside it.
    """
    settings, spec = plan.target_stage.settings, plan.spec
    if settings is None or settings.optim is None or load_task(settings.task).shape in FROZEN_SHAPES:
        return None
    if settings.perturbation.method in _ALONE:
        return None
    facts = read_encoder_facts(spec.encoder.source)
    if facts is None or not facts.is_divisible:
        return None
    return content_key(
        {
            "encoder": spec.encoder.model_dump(mode="json"),
            "model": spec.model.model_dump(mode="json"),
            "task": settings.task,
            "data": settings.data_of("train"),
            "batch_size": settings.optim.batch_size,
            "num_steps": settings.optim.num_steps,
            "method": _describe_method(settings.perturbation),
        }
    )


def _describe_method(spec: PerturbationSpec) -> dict[str, Any]:
    """What of a perturbation decides which passes a step takes."""
    spec = canonical_perturbation(spec)
    is_noise = spec.method in NOISE_METHODS
    if is_noise and (spec.site, spec.num_samples) == ("word_embedding", 1):
        return {"method": "noise"}
    read = {"method", *METHODS[spec.method].reads} - set(NUMBERS)
    return {name: value for name, value in spec.model_dump(mode="json").items() if name in read}
