"""Where and how a trial works: its folders, device, threads and memory. Never part of an identity."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlt_core.artifacts import FolderMirror

OnEvent = Callable[[str, Mapping[str, Any]], None]
"""Told of what happens on the way, each with its fields: `stage`, `step`, `checkpoint`, `rung`, `oom`, `scored`,
`selected`."""


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Folders under one sweep folder, and how to compute."""

    root: Path
    """The sweep folder, or a folder of this machine that stands for one on remote storage."""
    stages_folder: Path | None = None
    """Published artifacts that several sweeps share; none: the sweep's own."""
    keep_weights: bool = False
    """Keep what the target stages trained, under `weights`."""
    device: str = "auto"
    """`auto`: CUDA where there is one, else the CPU."""
    num_threads: int = 1
    """CPU threads torch may use."""
    micro_batch_size: int | None = None
    """Training examples in memory at one time, gradients added up; none given: all of a step."""
    memory_fraction: float | None = None
    """Of a GPU's memory that this process may take, more is out of memory; none: all."""
    checkpoint_every_steps: int = 200
    """Steps between checkpoints; what a kill can cost at most."""
    mirror: FolderMirror | None = None
    """Of `checkpoints` on remote storage: copied to it, and fetched from it where they are not here."""
    on_event: OnEvent | None = None

    @property
    def stages(self) -> Path:
        """Published artifacts, one folder a stage key."""
        return self.stages_folder or self.root / "stages"

    @property
    def checkpoints(self) -> Path:
        """Unfinished training: a folder for each shared stage (its key) and trial (its id), deleted in the end."""
        return self.root / "checkpoints"

    @property
    def weights(self) -> Path:
        """What target stages trained, one folder a stage key."""
        return self.root / "weights"

    @property
    def tokens(self) -> Path:
        """Token tables, shared by all trials."""
        return self.root / "tokens"

    def tell(self, event: str, **fields: Any) -> None:
        """Hand an event on to whoever listens."""
        if self.on_event is not None:
            self.on_event(event, fields)
