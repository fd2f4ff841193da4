"""Where and how a trial works: its folders, device and threads. Never part of an identity."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Folders under one sweep folder, and how to compute."""

    root: Path
    """The sweep folder."""
    device: str = "auto"
    """`auto`: CUDA where there is one, else the CPU."""
    num_threads: int = 1
    """CPU threads torch may use."""
    micro_batch_size: int | None = None
    """Training examples in memory at one time, gradients added up; none given: all of a step."""
    checkpoint_every_steps: int = 200
    """Steps between checkpoints; what a kill can cost at most."""

    @property
    def stages(self) -> Path:
        """Published artifacts, one folder a stage key."""
        return self.root / "stages"

    @property
    def checkpoints(self) -> Path:
        """Unfinished training: a folder for each shared stage (its key) and trial (its id), deleted in the end."""
        return self.root / "checkpoints"

    @property
    def tokens(self) -> Path:
        """Token tables, shared by all trials."""
        return self.root / "tokens"
