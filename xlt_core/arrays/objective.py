"""The fine-tuning of an array of trials: gradients of one step of all of them. In: their own `FineTuning`s, a stack.

Legend: A arrays of trials.
"""

from collections.abc import Sequence

import torch

from xlt_core.arrays.signature import NOISE_METHODS
from xlt_core.arrays.stacking import ModelStack
from xlt_core.data.batch import PackedBatch, stack_members
from xlt_core.data.batches import Indices
from xlt_core.finetune import FineTuning
from xlt_core.passes import Passes, select_member
from xlt_core.perturbations.base import Perturbation, build_perturbation
from xlt_core.perturbations.mixed_noise import MixedNoise
from xlt_core.perturbations.spec import NUMBERS
from xlt_core.perturbations.step import Sizes, TrainingStep
from xlt_core.streams import stream_seed
from xlt_core.train import StepLog

_PLAIN_LOG = ("loss", "num_forwards", "num_backwards", "num_weight_gradients")
"""What a trial without a perturbation logs."""


class ArrayFineTuning:
    """What A fine-tunings do in a step, done at once. A step's examples are not parted."""

    def __init__(self, tunings: Sequence[FineTuning], stack: ModelStack) -> None:
        """Take the fine-tunings of the models in `stack`, in its order.

        Raises:
            SpecError: their perturbations cannot be computed together.
        """
        self._tunings = tuple(tunings)
        self._stack = stack
        self._perturbation = build_array_perturbation(tunings)
        norms = torch.tensor([tuning.site_norm for tuning in tunings])
        device = next(stack.model.parameters()).device
        self._site_norms = norms.to(device)[:, None, None]

    def backward(self, step: int) -> list[StepLog]:
        """Leave the gradients of step `step` (from 0) in the stacked parameters; give the log of each trial."""
        self._stack.model.seed_dropout(self._list_seeds(step))
        sizes = Sizes()
        passes = Passes(self._stack.model, self._perturbation, [self._look_at(step, sizes)], sizes)
        log = passes.take()
        if any(tuning.probes(step) for tuning in self._tunings):
            log |= passes.probe()
        return [self._select(log, array, step) for array in range(len(self._tunings))]

    def _look_at(self, step: int, sizes: Sizes) -> TrainingStep:
        """The step as the perturbation sees it."""
        examples = [tuning.read_step(step) for tuning in self._tunings]
        batch = self._pack([one.rows for one in examples])
        partners = [one.partners for one in examples if one.partners is not None]
        return TrainingStep(
            self._stack.model,
            batch,
            seeds=[tuning.seed for tuning in self._tunings],
            step=step,
            spec=self._perturbation.spec,
            site_norm=self._site_norms,
            partner=(lambda: self._pack(partners)) if partners else None,
            dropout_seeds=self._list_seeds(step, 0),
            sizes=sizes,
        )

    def _pack(self, rows: Sequence[Indices]) -> PackedBatch:
        packed = [tuning.pack(own) for tuning, own in zip(self._tunings, rows, strict=True)]
        return stack_members(packed).to(self._tunings[0].device)

    def _list_seeds(self, *counters: int) -> list[int]:
        return [stream_seed(tuning.seed, "dropout", *counters) for tuning in self._tunings]

    def _select(self, log: StepLog, array: int, step: int) -> StepLog:
        """What the trial would have logged alone."""
        tuning, own = self._tunings[array], select_member(log, array)
        if tuning.perturbation.spec.method == "none":
            return {name: own[name] for name in _PLAIN_LOG}
        return own | tuning.count_changes(step)


def stack_models(tunings: Sequence[FineTuning]) -> ModelStack:
    """The models of some fine-tunings as one.

    Raises:
        SpecError: they cannot be computed together.
    """
    moves_weights = any(tuning.perturbation.moves_weights for tuning in tunings)
    return ModelStack([tuning.module for tuning in tunings], by_layer=moves_weights or None)


def build_array_perturbation(tunings: Sequence[FineTuning]) -> Perturbation:
    """The perturbation of all trials at once.

    Raises:
        SpecError: they take other passes, or draw other training data.
    """
    specs = [tuning.perturbation.spec for tuning in tunings]
    laws = [spec.model_dump(exclude={*NUMBERS}) for spec in specs]
    is_noise = all(spec.method in NOISE_METHODS for spec in specs)
    if is_noise and any(law != laws[0] for law in laws):
        return MixedNoise(specs)
    return build_perturbation(specs)
