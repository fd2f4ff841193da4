"""Checkpoints of unfinished training: weights, optimiser moments and the log of every step.

In: a training state. Out: one published folder a checkpoint, of which the newest undamaged one is restored. Random
streams are keyed by step and need no state.
"""

import logging
import math
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from xlt_core.artifacts import FolderMirror, publish_folder, read_manifest, remove_partial_folders
from xlt_core.background import BackgroundWriter, HostRoom
from xlt_core.encoders.vocabulary import PartialEmbedding
from xlt_core.errors import StoreError

logger = logging.getLogger(__name__)

_TENSORS = "state.safetensors"
_ROWS = "rows"
_MOMENTS = "optimizer."
_PREFIX = "step_"
_NUM_KEPT = 2


@dataclass(kw_only=True)
class TrainingState:
    """Everything that a step changes."""

    module: nn.Module
    optimizer: torch.optim.Optimizer
    step: int = 0
    """Steps taken."""
    log: dict[str, list[float]] = field(default_factory=dict)
    """By name, one number a step taken; NaN where a step had none."""
    micro_batch_size: int | None = None
    """What fitted into memory after it had run out; none: it has not."""

    @property
    def num_logged(self) -> int:
        """Steps whose logs are kept; on a GPU they are read some steps later."""
        return len(next(iter(self.log.values()), ()))

    def append(self, values: Mapping[str, float]) -> None:
        """Keep what the next step logged."""
        num_logged = self.num_logged
        for name in {**self.log, **values}:
            self.log.setdefault(name, [math.nan] * num_logged).append(values.get(name, math.nan))


class CheckpointFolder:
    """The checkpoints of one stage, under `folder/step_<steps taken>/`, and where there is a mirror in it, too.

    What is saved is copied at once and written while training goes on, one thing after the other; all else waits until
    it is written. What cannot be written is raised by the next that saves or waits.
    """

    def __init__(self, folder: Path, stage_key: str, mirror: FolderMirror | None = None) -> None:
        self.folder = folder
        self.stage_key = stage_key
        self._mirror = mirror
        self._writer = BackgroundWriter()
        self._room = HostRoom()

    def save(self, state: TrainingState, *, with_moments: bool = True) -> None:
        """Publish the state as it is now; older checkpoints but the last are deleted afterwards.

        Args:
            state: of a training.
            with_moments: of the optimiser; a training that has ended needs them no more.
        """
        tensors = dict(named_tensors(state))
        if not with_moments:
            tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith(_MOMENTS)}
        tensors |= {f"log.{name}": torch.tensor(values, dtype=torch.float64) for name, values in state.log.items()}
        manifest = {"stage_key": self.stage_key, "step": state.step, "micro_batch_size": state.micro_batch_size}
        self._write(f"{_PREFIX}{state.step:08d}", tensors, manifest)

    def _write(self, name: str, tensors: Mapping[str, Tensor], manifest: Mapping[str, Any]) -> None:
        """Have tensors published as they are now, in the place of what has this name."""
        self._writer.wait()  # what it writes is in the room that is needed now
        copied = self._room.copy(tensors)

        def publish() -> None:
            self._delete(name)  # a damaged checkpoint of the same step, or restore would have begun after it
            read = copied.read()
            folder = publish_folder(self.folder / name, lambda partial: save_file(read, partial / _TENSORS), manifest)
            if self._mirror is not None:
                self._mirror.push_folder(folder)
            if name.startswith(_PREFIX):
                for outdated in self._newest_first()[_NUM_KEPT:]:
                    self._delete(outdated)

        self._writer.start(publish)

    def wait(self) -> None:
        """See that all that was saved is written, and give back the memory that it took.

        Raises:
            OSError, StoreError: something could not be written.
        """
        self._room = HostRoom()
        self._writer.wait()

    @contextmanager
    def settled(self) -> Iterator[None]:
        """See that all that is saved in this context is written when it ends.

        Raises:
            OSError, StoreError: something could not be written, and nothing else was raised before.
        """
        try:
            yield
        except BaseException:
            try:
                self.wait()
            except Exception as error:
                logger.warning("a checkpoint could not be written: %s", error)
            raise
        self.wait()

    def restore(
        self,
        state: TrainingState,
        at_most: int | None = None,
        find_decay: Callable[[int], float] = lambda _: 1.0,
    ) -> None:
        """Put the newest undamaged checkpoint into `state`; leave it as it is where there is none.

        Args:
            state: of a training that has not begun.
            at_most: steps; later checkpoints are passed over. None given: the newest.
            find_decay: what so many steps make of a word embedding that the checkpoint does not have, since it was
                not trained.
        """
        self.wait()
        remove_partial_folders(self.folder)
        for name in self._newest_first():
            if at_most is not None and int(name.removeprefix(_PREFIX)) > at_most:
                continue
            folder = self._fetch(name)
            try:
                manifest = read_manifest(folder)
            except (StoreError, OSError) as error:
                logger.warning("skipping a damaged checkpoint: %s", error)
                continue
            if manifest["stage_key"] == self.stage_key:
                _load(state, load_file(folder / _TENSORS), find_decay(manifest["step"]))
                state.step = manifest["step"]
                state.micro_batch_size = manifest.get("micro_batch_size")
                return

    @property
    def newest_step(self) -> int:
        """Steps taken at the newest checkpoint, sound or not; 0: there is none."""
        self.wait()
        names = self._newest_first()
        return int(names[0].removeprefix(_PREFIX)) if names else 0

    def discard_from(self, step: int) -> None:
        """Delete the checkpoints of so many steps and more: training goes on from before."""
        self.wait()
        for name in self._newest_first():
            if int(name.removeprefix(_PREFIX)) >= step:
                self._delete(name)

    def keep_tensors(self, name: str, tensors: Mapping[str, Tensor]) -> None:
        """Keep tensors as they are now beside the checkpoints until they are cleared, for what has this name."""
        self._write(name, tensors, {"stage_key": self.stage_key})

    def find_tensors(self, name: str) -> Path | None:
        """Give the safetensors file that was kept under a name; none: it is not there, or damaged."""
        self.wait()
        is_sound = name in self._read_sound([name])
        return self.folder / name / _TENSORS if is_sound else None

    def clear(self) -> None:
        """Delete all of them, and what else lies beside them; called when the stage's result is published."""
        self.wait()
        if self._mirror is not None:
            for name in self._mirror.list_names():
                self._mirror.delete(name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def note(self, name: str, content: Mapping[str, Any]) -> None:
        """Keep JSON values beside the checkpoints until they are cleared; a name that is there and sound stays."""
        self.wait()
        if name not in self._read_sound([name]):
            self._delete(name)
        folder = publish_folder(self.folder / name, lambda _: None, content)
        if self._mirror is not None:
            self._mirror.push_folder(folder)

    def read_notes(self, prefix: str) -> list[dict[str, Any]]:
        """What was kept under names that begin so, in their order; damaged ones are left out."""
        self.wait()
        return list(self._read_sound(sorted(self._list_names(prefix))).values())

    def _read_sound(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Manifests by name, of those folders that are there and undamaged."""
        found = {}
        for name in names:
            try:
                found[name] = read_manifest(self._fetch(name))
            except FileNotFoundError:
                continue
            except (StoreError, OSError) as error:
                logger.warning("skipping a damaged note: %s", error)
        return found

    def _newest_first(self) -> list[str]:
        return sorted(self._list_names(_PREFIX), reverse=True)

    def _list_names(self, prefix: str) -> set[str]:
        """Names of complete folders here and in the mirror."""
        here = {path.name for path in self.folder.glob(f"{prefix}????????")}
        there = self._mirror.list_names() if self._mirror is not None else []
        return here | {name for name in there if name.startswith(prefix)}

    def _fetch(self, name: str) -> Path:
        """Have a folder here."""
        folder = self.folder / name
        if self._mirror is not None and not folder.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            self._mirror.fetch_folder(name, self.folder)
        return folder

    def _delete(self, name: str) -> None:
        if self._mirror is not None:
            self._mirror.delete(name)
        shutil.rmtree(self.folder / name, ignore_errors=True)


def list_module_tensors(module: nn.Module) -> dict[str, Tensor]:
    """Parameters, tied ones once, and persistent buffers, by name."""
    saved = module.state_dict()
    buffers = {name: buffer for name, buffer in module.named_buffers() if name in saved}
    return {**dict(module.named_parameters()), **buffers}


def named_tensors(state: TrainingState) -> Iterator[tuple[str, Tensor]]:
    """Parameters, persistent buffers, and the optimiser's tensors of each parameter."""
    yield from ((f"module.{name}", tensor) for name, tensor in list_module_tensors(state.module).items())
    for name, parameter in state.module.named_parameters():
        for kind, value in state.optimizer.state.get(parameter, {}).items():
            yield f"{_MOMENTS}{kind}.{name}", value
    for name, part in _partial_embeddings(state.module).items():
        yield f"{_ROWS}.{name}", part.token_ids


def _partial_embeddings(module: nn.Module) -> dict[str, PartialEmbedding]:
    """By the name of their weights."""
    found = {name: part for name, part in module.named_modules() if isinstance(part, PartialEmbedding)}
    return {f"{name}.weight": part for name, part in found.items()}


def _load(state: TrainingState, tensors: dict[str, Tensor], frozen_decay: float) -> None:
    """Copy saved tensors into the module and the optimiser.

    Of the word embeddings other rows may have been trained than are now: those that others of an array needed, or, with
    weight decay in earlier versions, all. Rows of which nothing was saved had no gradient.
    """
    parameters = dict(state.module.named_parameters())
    targets = parameters | dict(state.module.named_buffers())
    parts = _partial_embeddings(state.module)
    with torch.no_grad():
        for key, tensor in tensors.items():
            section, _, name = key.partition(".")
            if section == "module":
                if name in parts:
                    others = parts[name].weight * frozen_decay
                    tensor = parts[name].fit(tensor, tensors.get(f"{_ROWS}.{name}"), others)
                targets[name].copy_(tensor)
            elif section == "optimizer":
                kind, _, name = name.partition(".")
                parameter = parameters[name]
                if name in parts and tensor.ndim:
                    others = torch.zeros_like(parameter)
                    tensor = parts[name].fit(tensor, tensors.get(f"{_ROWS}.{name}"), others)
                is_counter = tensor.ndim == 0 and kind == "step" and not parameter.is_cuda
                value = tensor if is_counter else tensor.to(parameter.device)
                state.optimizer.state[parameter][kind] = value
            elif section == "log":
                state.log[name] = tensor.tolist()
