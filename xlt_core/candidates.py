"""Weights of a target stage at equal steps of it, among which rules of selection choose. In: a model in training.

Out: folders beside its checkpoints, and the model with the weights of one of them, or with their mean. Training is what
it is without them.
"""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from xlt_core.checkpoints import CheckpointFolder, list_module_tensors
from xlt_core.encoders.vocabulary import TrainedRows
from xlt_core.errors import StoreError
from xlt_core.model import TrialModel
from xlt_core.spec import TrialSpec
from xlt_core.stage_plan import Stage
from xlt_core.updates import frozen_decay

_PREFIX = "candidate_"
_ROWS = "trained_rows"
"""Beside the weights: ids of the tokens whose word embeddings are among them, rising; what is older has none."""


def list_candidate_steps(num_steps: int, num_candidates: int) -> tuple[int, ...]:
    """Steps after which weights are kept, equally far apart, the last one included; of few steps each one once."""
    steps = {num_steps * place // num_candidates for place in range(1, num_candidates + 1)}
    return tuple(sorted(steps - {0}))


class Candidates:
    """The weights of one target stage after some of its steps."""

    def __init__(
        self,
        model: TrialModel,
        trained_rows: TrainedRows | None,
        checkpoints: CheckpointFolder,
        planned: tuple[int, ...],
        find_decay: Callable[[int], float] = lambda _: 1.0,
    ) -> None:
        """Keep no weights yet.

        Args:
            model: that is trained.
            trained_rows: of its word embeddings, which alone are kept of them; none: all.
            checkpoints: of its training; weights are kept beside them and cleared with them.
            planned: steps after which weights are kept, rising.
            find_decay: what the rows that are not trained are multiplied with after a number of steps.
        """
        self._model = model
        self._trained_rows = trained_rows
        self._checkpoints = checkpoints
        self._planned = planned
        self._find_decay = find_decay

    def prepare(self) -> None:
        """Where weights are lost, let training go on from before them; called before it does."""
        newest = self._checkpoints.newest_step
        for step in self._planned:
            if step <= newest and self._checkpoints.find_tensors(_name(step)) is None:
                self._checkpoints.discard_from(step)
                return

    def note_step(self, num_steps: int) -> None:
        """Keep the weights where they are due; called after each step of training, before it is checkpointed."""
        if num_steps in self._planned:
            self._keep(num_steps)

    def finish(self, num_steps: int) -> tuple[int, ...]:
        """See that the weights at the end of training are kept, too; give all steps that there are weights of.

        Args:
            num_steps: that were taken; fewer than planned where training was stopped.
        """
        if self._checkpoints.find_tensors(_name(num_steps)) is None:
            with self._checkpoints.settled():
                self._keep(num_steps)
        return tuple(sorted({step for step in self._planned if step <= num_steps} | {num_steps}))

    def load(self, step: int) -> None:
        """Put the weights after a step into the model.

        Raises:
            StoreError: they are damaged.
        """
        with safe_open(self._find(step), framework="pt") as file:
            targets = list_module_tensors(self._model)
            tensors = {name: self._read(file, name, target, step) for name, target in targets.items()}
        self._put(tensors, self._find_decay(step))

    def load_mean(self, steps: tuple[int, ...]) -> None:
        """Put the mean of the weights after some steps into the model; buffers are those after the last of them.

        Buffers are counts, or belong to one set of weights, and have no mean.

        Raises:
            StoreError: some are damaged.
        """
        averaged: dict[str, Tensor] = {}
        with ExitStack() as stack:
            files = {step: stack.enter_context(safe_open(self._find(step), framework="pt")) for step in steps}
            parameters = dict(self._model.named_parameters())
            for name, target in list_module_tensors(self._model).items():  # one at a time: less is in memory
                tensor = self._read(files[steps[-1]], name, target, steps[-1])
                if name in parameters:
                    total = torch.zeros_like(tensor, dtype=torch.float64)
                    for step, file in files.items():
                        total += self._read(file, name, target, step)
                    tensor = (total / len(files)).to(tensor.dtype)
                averaged[name] = tensor
        self._put(averaged, sum(map(self._find_decay, steps)) / len(steps))

    def _find(self, step: int) -> str:
        path = self._checkpoints.find_tensors(_name(step))
        if path is None:
            raise StoreError(
                f"the weights after step {step} beside the checkpoints in {self._checkpoints.folder} are gone or "
                "damaged; run the trial again: it goes on from before them"
            )
        return str(path)

    def _keep(self, step: int) -> None:
        rows, tensors = self._trained_rows, list_module_tensors(self._model)
        if rows is not None:
            tensors = {
                name: rows.narrow(tensor) if tensor is rows.table.weight else tensor for name, tensor in tensors.items()
            }
            tensors[_ROWS] = rows.token_ids
        self._checkpoints.keep_tensors(_name(step), tensors)

    def _read(self, file: Any, name: str, target: Tensor, step: int) -> Tensor:
        """What was kept in the place of `target`; of the word embeddings, the rows that are trained here."""
        tensor: Tensor = file.get_tensor(name)
        rows = self._trained_rows
        if rows is None or target is not rows.table.weight:
            return tensor
        token_ids = file.get_tensor(_ROWS) if _ROWS in file.keys() else None  # noqa: SIM118  # no mapping
        return rows.fit(tensor, token_ids, self._find_decay(step))

    def _put(self, tensors: dict[str, Tensor], decay: float) -> None:
        """Copy kept weights into the model, whose rows that are not trained have decayed."""
        rows, targets = self._trained_rows, list_module_tensors(self._model)
        with torch.no_grad():
            for name, tensor in tensors.items():
                if rows is not None and targets[name] is rows.table.weight:
                    rows.fill(tensor, decay)
                else:
                    targets[name].copy_(tensor)


def open_candidates(
    stage: Stage,
    spec: TrialSpec,
    model: TrialModel,
    trained_rows: TrainedRows | None,
    checkpoints: CheckpointFolder,
) -> Candidates | None:
    """Candidates of a stage that is about to be trained; none where no rule asks for any.

    Args:
        stage: `intermediate` or `target`.
        spec: of the trial.
        model: as for `Candidates`, as the next two.
        trained_rows: see there.
        checkpoints: see there.
    """
    if stage.kind != "target" or not spec.evaluation.other_selections:
        return None
    assert stage.settings is not None, "a target stage has a task"
    assert stage.settings.optim is not None, "a canonical stage carries its recipe"
    optim = stage.settings.optim
    planned = list_candidate_steps(optim.num_steps, spec.evaluation.num_candidates)
    candidates = Candidates(model, trained_rows, checkpoints, planned, partial(frozen_decay, optim))
    candidates.prepare()
    return candidates


def _name(step: int) -> str:
    return f"{_PREFIX}{step:08d}"
