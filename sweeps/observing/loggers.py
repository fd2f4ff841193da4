"""Experiment loggers that may follow a sweep: TensorBoard, MLflow, Weights & Biases, by Ray Tune's own callbacks.

In: names, and the sweep's folder. Out: callbacks for Tune. Light: Ray and the loggers are imported when they are built.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from xlt_core.errors import UnknownNameError, XltError

if TYPE_CHECKING:
    from ray.tune.logger import LoggerCallback

    from sweeps.observing.logger_guard import GuardedLogger

LOGGERS_FOLDER = "loggers"
"""Folder under the sweep's for what loggers keep on the disk."""

_PROJECT = "xlt-sweeps"


@dataclass(frozen=True, kw_only=True)
class LoggerEntry:
    """One logger."""

    package: str
    """That is imported."""
    install: str
    """What pip calls it."""
    where: str
    """Where it writes unless its own environment variables say otherwise."""
    build: "Callable[[Path, str], LoggerCallback]"
    """From its folder and the sweep's name."""


def _build_tensorboard(_folder: Path, _sweep_name: str) -> "LoggerCallback":
    from ray.tune.logger import TBXLoggerCallback

    return TBXLoggerCallback()  # type: ignore[no-untyped-call]


def _build_mlflow(folder: Path, sweep_name: str) -> "LoggerCallback":
    import os

    from ray.air.integrations.mlflow import MLflowLoggerCallback

    if "MLFLOW_TRACKING_URI" in os.environ:
        return MLflowLoggerCallback(experiment_name=sweep_name)
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # without a server or a database, files are what there is
    store = folder.absolute() / "store"
    store.mkdir(parents=True, exist_ok=True)
    return MLflowLoggerCallback(tracking_uri=store.as_uri(), experiment_name=sweep_name)


def _build_wandb(_folder: Path, sweep_name: str) -> "LoggerCallback":
    import os

    from ray.air.integrations.wandb import WandbLoggerCallback

    return WandbLoggerCallback(project=os.environ.get("WANDB_PROJECT", _PROJECT), group=sweep_name)


LOGGERS: Mapping[str, LoggerEntry] = MappingProxyType(
    {
        "tensorboard": LoggerEntry(
            package="tensorboardX",
            install="tensorboardX",
            where="loggers/tensorboard in the sweep's folder",
            build=_build_tensorboard,
        ),
        "mlflow": LoggerEntry(
            package="mlflow",
            install="mlflow-skinny",
            where="MLFLOW_TRACKING_URI; else loggers/mlflow/store in the sweep's folder",
            build=_build_mlflow,
        ),
        "wandb": LoggerEntry(
            package="wandb",
            install="wandb",
            where="wandb.ai, with WANDB_API_KEY; with WANDB_MODE=offline loggers/wandb in the sweep's folder",
            build=_build_wandb,
        ),
    }
)


def check_loggers(names: Collection[str]) -> None:
    """Refuse loggers that are not there, before anything runs.

    Raises:
        UnknownNameError: no logger has this name.
        XltError: its package is not installed.
    """
    for name in names:
        if name not in LOGGERS:
            raise UnknownNameError("logger", name, LOGGERS)
        entry = LOGGERS[name]
        if find_spec(entry.package) is None:
            raise XltError(
                f"--logger {name}: the package {entry.package} is not installed; run `pip install {entry.install}`, or "
                "leave the logger out"
            )


def build_loggers(
    names: Collection[str], folder: Path, *, sweep_name: str = "", say: Callable[[str], None] | None = None
) -> "list[GuardedLogger]":
    """Make Tune's callbacks, each behind a guard: whatever a logger does, the sweep goes on.

    Args:
        names: of `LOGGERS`.
        folder: the sweep's, on the driver's machine.
        sweep_name: the experiment's or group's name; none given: the folder's.
        say: tells a person, once, that a logger fails; none given: a warning is logged.

    Raises:
        UnknownNameError, XltError: as `check_loggers`.
    """
    check_loggers(names)
    if not names:
        return []
    from sweeps.observing.logger_guard import GuardedLogger

    name_of_sweep = sweep_name or folder.name
    return [
        GuardedLogger(
            name,
            build=partial(LOGGERS[name].build, folder / LOGGERS_FOLDER / name, name_of_sweep),
            folder=folder / LOGGERS_FOLDER / name,
            group=name_of_sweep,
            say=say,
        )
        for name in dict.fromkeys(names)
    ]
