"""Several objectives in one training, each step a batch of one of them. In: objectives and weights. Out: an objective.

Tasks are drawn in proportion to their sizes, as jiant's proportional sampler does (Phang et al. 2020); masked language
modelling has a share of its own. Which step trains what is fixed by the seed, so that resuming needs no state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from xlt_core.data.batches import Indices
from xlt_core.data.tokens import TokenTable
from xlt_core.errors import SpecError
from xlt_core.finetune import FineTuning
from xlt_core.heads import build_head
from xlt_core.masked_lm import MaskedLm, read_masked_text
from xlt_core.model import TrialModel
from xlt_core.perturbations.base import build_perturbation
from xlt_core.predict import load_tokens
from xlt_core.spec import StageSpec, TrialSpec
from xlt_core.streams import numpy_generator, stream_seed
from xlt_core.tasks import load_task
from xlt_core.train import Objective, StepLog
from xlt_core.workspace import Workspace

MAIN = 0
"""The part that is the stage's own task."""
_PART = "part"


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Which part each step trains, and how many steps of that part came before; both of shape (steps,)."""

    parts: Indices
    places: Indices


def draw_schedule(shares: Sequence[float], num_steps: int, seed: int) -> Schedule:
    """Draw the part of every step by itself, with the probabilities `shares`, from a stream of (seed, step)."""
    bounds = np.cumsum(shares)[:-1]
    chances = [numpy_generator(seed, "mixture", step).random() for step in range(num_steps)]
    parts = np.searchsorted(bounds, chances, side="right").astype(np.int64)
    places = np.zeros(num_steps, np.int64)
    for part in range(len(shares)):
        of_part = np.flatnonzero(parts == part)
        places[of_part] = np.arange(len(of_part))
    return Schedule(parts=parts, places=places)


def find_shares(sizes: Sequence[int], masked_lm_ratio: float | None) -> tuple[float, ...]:
    """Probability of each task, in proportion to its size, and where there is one of masked language modelling."""
    rest = 1.0 - (masked_lm_ratio or 0.0)
    shares = tuple(rest * size / sum(sizes) for size in sizes)
    return shares if masked_lm_ratio is None else (*shares, masked_lm_ratio)


class Mixture:
    """Trains its parts by turns; what a step logs is that of its own part."""

    def __init__(self, parts: Sequence[Objective], schedule: Schedule) -> None:
        """Take objectives whose modules may share parameters."""
        self.module: nn.Module = nn.ModuleList([part.module for part in parts])
        self._parts = tuple(parts)
        self._schedule = schedule

    @property
    def micro_batch_size(self) -> int | None:
        """The largest of all parts; none where one of them cannot be parted."""
        sizes = [part.micro_batch_size for part in self._parts]
        known = [size for size in sizes if size is not None]
        return max(known) if len(known) == len(sizes) else None

    @micro_batch_size.setter
    def micro_batch_size(self, size: int | None) -> None:
        for part in self._parts:
            if size is not None and part.micro_batch_size is not None:
                part.micro_batch_size = min(size, part.micro_batch_size)

    def backward(self, step: int) -> StepLog:
        """Take the part's own next step; the log says of which part it is."""
        part = int(self._schedule.parts[step])
        return {**self._parts[part].backward(int(self._schedule.places[step])), _PART: float(part)}


@dataclass(frozen=True, kw_only=True)
class Training:
    """What a stage trains, and every token that it may read."""

    objective: Objective
    token_ids: npt.NDArray[np.integer]


def build_training(
    main: FineTuning,
    token_ids: npt.NDArray[np.integer],
    settings: StageSpec,
    spec: TrialSpec,
    workspace: Workspace,
    *,
    seed: int,
    device: torch.device,
) -> Training:
    """Put the tasks beside a stage's own, and its masked language modelling, on the same encoder.

    Args:
        main: the stage's own task; where nothing is trained beside it, the whole of the training.
        token_ids: of its training data.
        settings: of the stage, canonical.
        spec: of the trial.
        workspace: where tokens are kept, and how much goes into memory at one time.
        seed: of the stage; heads and draws of the parts have streams of their own.
        device: where the model of `main` is.

    Raises:
        DataError, EncoderError: the data of a part cannot be used.
        SpecError: no step would train the stage's own task.
    """
    assert settings.optim is not None, "a canonical stage carries its recipe"
    if not settings.beside and settings.masked_lm is None:
        return Training(objective=main, token_ids=token_ids)
    parts: list[Objective] = [main]
    sizes, known = [main.num_rows], [np.unique(token_ids)]
    for place, beside in enumerate(settings.beside):
        own = StageSpec(
            task=beside.task,
            data=beside.data,
            max_train_examples=beside.max_train_examples,
            perturbation=settings.perturbation,
            optim=settings.optim,
        )
        table = _load_beside(own, main, spec, workspace, seed=stream_seed(seed, "beside", place))
        part = _build_beside(own, table, main, spec, workspace, seed=stream_seed(seed, "beside", place), device=device)
        parts.append(part)
        sizes.append(part.num_rows)
        known.append(np.unique(table.input_ids))
    if settings.masked_lm is not None:
        own_seed = stream_seed(seed, "masked_lm")
        encoder, size = main.module.encoder, settings.optim.batch_size
        text = read_masked_text(settings.masked_lm, encoder, max_length=spec.model.max_length, seed=own_seed)
        parts.append(MaskedLm(encoder, text, own_seed, size, workspace.micro_batch_size or size, device))
        known.append(text.token_ids)
    shares = find_shares(sizes, settings.masked_lm.ratio if settings.masked_lm else None)
    schedule = draw_schedule(shares, settings.optim.num_steps, seed)
    if not (schedule.parts == MAIN).any():
        raise SpecError(
            f"none of {settings.optim.num_steps} steps would train the stage's own task '{settings.task}', whose share "
            f"is {shares[MAIN]:.2g}: raise optim.num_steps, or lower beside.max_train_examples or masked_lm.ratio"
        )
    return Training(objective=Mixture(parts, schedule), token_ids=np.unique(np.concatenate(known)))


def _load_beside(own: StageSpec, main: FineTuning, spec: TrialSpec, workspace: Workspace, *, seed: int) -> TokenTable:
    """Training tokens of a task beside the stage's own."""
    return load_tokens(
        own,
        "train",
        load_task(own.task).source_language,
        main.module.encoder,
        spec,
        workspace,
        data_seed=stream_seed(seed, "data"),
        edit=build_perturbation([own.perturbation]).edit_examples(seed),
    )


def _build_beside(
    own: StageSpec,
    table: TokenTable,
    main: FineTuning,
    spec: TrialSpec,
    workspace: Workspace,
    *,
    seed: int,
    device: torch.device,
) -> FineTuning:
    """A task beside the stage's own: the same encoder under a head of its own."""
    task, encoder = load_task(own.task), main.module.encoder
    head = build_head(task.shape, encoder.hidden_size, len(task.labels), spec.model, seed)
    model = TrialModel(encoder, head).to(device)
    return FineTuning(model, table, own, seed=seed, device=device, micro_batch_size=workspace.micro_batch_size)


def find_main_steps(log: Mapping[str, Sequence[float]]) -> npt.NDArray[np.bool_]:
    """Which steps of a log trained the stage's own task: all where nothing else was trained; shape (steps,)."""
    return np.array(log[_PART]) == MAIN if _PART in log else np.ones(len(log["loss"]), np.bool_)
