"""What a worker gets to run one unit: a `Job` of plain values that can be sent to another machine. Light."""

import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from sweeps.planning.plan import PlannedTrial, SharedStage
from sweeps.units.graph import UnitKind
from xlt_core.canonical import content_key

SCRATCH = "ray"
"""Folder under a sweep's folder that holds nothing worth keeping."""

WORK_FOLDER_VARIABLE = "XLT_WORK_FOLDER"
"""Environment variable: where workers keep what they compute for a sweep on remote storage."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a launch works and how; the same for all of its units."""

    folder: str
    """The sweep's folder, or its URI."""
    sweep_id: str
    launch_id: str
    stages_folder: str | None = None
    """Of stages that several sweeps share; none: the sweep's own."""
    keep_weights: bool = False
    """Keep what the target stages trained."""
    note: str | None = None
    """Why finished trials are run again; goes into their rows."""

    @property
    def is_remote(self) -> bool:
        """Whether the sweep's folder is no folder of a file system that is mounted here."""
        return "://" in self.folder

    @property
    def work_folder(self) -> Path:
        """Where checkpoints, artifacts and logs are written: the sweep's folder, or one of this machine."""
        if not self.is_remote:
            return Path(self.folder)
        root = os.environ.get(WORK_FOLDER_VARIABLE) or Path.home() / ".cache" / "xlt-sweeps" / "work"
        return Path(root) / f"{self.sweep_id}-{content_key(self.folder)}"  # one space may be run in several buckets

    @property
    def stages(self) -> Path:
        """Where stage artifacts are on this machine."""
        return Path(self.stages_folder) if self.stages_folder else self.work_folder / "stages"

    @property
    def scratch(self) -> Path:
        """Where attempts and heartbeats are noted."""
        return self.work_folder / SCRATCH


@dataclass(frozen=True, kw_only=True)
class Job:
    """A trial or a stage, and the place where it runs."""

    unit_id: str
    """The trial id or stage key."""
    kind: UnitKind
    title: str
    payload: str
    """JSON of the `TrialPlan`, or of the `Stage`."""
    place: Place
    num_threads: int
    micro_batch_size: int | None = None
    memory_fraction: float | None = None
    """Of a device's memory that the process may take; none: all."""
    spec: str = ""
    """JSON of the stage's spec; empty for a trial, whose plan holds it."""
    rung_steps: tuple[int, ...] = ()
    """Steps after which the trial reports its dev score and may be stopped."""
    stop_at_step: int | None = None
    """Of a trial that was stopped: where."""
    stop_reason: str = ""
    predecessor: str | None = None
    """Trial whose scores are taken over."""
    former_status: str | None = None
    """Of a trial that is run again."""
    dead_claim: str = ""
    """JSON of a claim on the stage that may be taken over."""
    request: dict[str, Any] = field(default_factory=dict)
    """What it takes to run (`search_spaces.space.Resources`)."""
    companions: "tuple[Job, ...]" = ()
    """Further trials that may train together with this one."""
    max_width: int | None = None
    """Trials at a time that are known to be no slower than fewer; none: to be measured."""

    @property
    def members(self) -> "tuple[Job, ...]":
        """This unit and its companions, each as it would be alone."""
        return (replace(self, companions=(), max_width=None), *self.companions)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Read what `as_config` gave."""
        values = dict(config)
        values["place"] = Place(**values["place"])
        values["rung_steps"] = tuple(values["rung_steps"])
        values["companions"] = tuple(map(cls.from_config, values["companions"]))
        return cls(**values)

    def as_config(self) -> dict[str, Any]:
        """Give plain JSON values, as Ray Tune wants them."""
        return asdict(self)


def payload_of_trial(trial: PlannedTrial) -> str:
    """JSON of a trial's plan."""
    return trial.plan.model_dump_json()


def payload_of_stage(shared: SharedStage) -> str:
    """JSON of a stage."""
    return shared.stage.model_dump_json()
