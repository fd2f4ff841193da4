"""What is looked at on every node before a sweep begins; runs there, as tasks. In: what is expected. Out: problems.

A problem is a sentence that begins with what is wrong and ends with what to do.
"""

import os
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from results.errors import ResultsError
from results.storage import open_storage
from xlt_core.errors import XltError
from xlt_core.fingerprints import Fingerprints
from xlt_core.plan import TrialPlan, plan_trial

PACKAGES = ("xlt-sweeps", "torch", "transformers", "tokenizers", "datasets", "ray", "pyarrow")
PROBE = ".preflight-"
"""How the names of files begin that are written for the time of the check."""
_MIN_FREE_BYTES = 256 * 2**20
_MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a node is compared with."""

    versions: Mapping[str, str]
    """The driver's, Python's own among them."""
    places: tuple[str, ...]
    """Folders or URIs that all nodes have in common."""
    work_folder: str
    """Where the node writes besides."""
    probe: str
    """Name of the file that the driver has written in each place; it is the content, too."""
    needs_token: bool


def read_versions() -> dict[str, str]:
    """Versions here of all that may change a result, or keep processes from understanding each other."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def look_around(expected: Expected, num_gpus: float) -> list[str]:
    """Check versions, token, storage, disk and devices of the node that this runs on.

    Args:
        expected: of the node.
        num_gpus: that the node has told Ray of.
    """
    return [
        *_compare_versions(expected.versions),
        *(_check_token() if expected.needs_token else ()),
        *(problem for place in expected.places for problem in _try_storage(place, expected.probe)),
        *_check_disk(Path(expected.work_folder)),
        *(_check_gpus() if num_gpus > 0 else ()),
    ]


def read_inputs(plans: Sequence[str]) -> list[str]:
    """Plan trials here anew: their ids are the same only if encoder, data and program are.

    Args:
        plans: JSON of plans that were made by the driver.
    """
    problems: list[str] = []
    fingerprints = Fingerprints()
    for plan in map(TrialPlan.model_validate_json, plans):
        try:
            if plan_trial(plan.spec, fingerprints).trial_id != plan.trial_id:
                problems.append(
                    f"encoder '{plan.spec.encoder.source}', data '{plan.spec.target.data}', or this program are others "
                    "there than here, under the same names; copy them anew"
                )
        except (XltError, OSError) as error:
            problems.append(f"what a trial reads is not there: {error}")
    return list(dict.fromkeys(problems))


def _compare_versions(wanted: Mapping[str, str]) -> Iterator[str]:
    found = read_versions()
    others = [f"{name} {found[name]} (here {wanted[name]})" for name in wanted if found.get(name) != wanted[name]]
    if others:
        yield f"{', '.join(others)}; install the same versions on every node"


def _check_token() -> Iterator[str]:
    from ray._raylet import AuthenticationMode, get_authentication_mode  # type: ignore[attr-defined]

    if get_authentication_mode() != AuthenticationMode.TOKEN:
        yield (
            "Ray asks for no token there, so that anyone who reaches its ports can run code; start it with "
            "RAY_AUTH_MODE=token and the same token on every node, or set RAY_AUTH_MODE=disabled here if that is meant"
        )


def _try_storage(place: str, probe: str) -> Iterator[str]:
    """Read what the driver wrote; write, read and remove a file."""
    own = f"{probe}-{os.uname().nodename}-{os.getpid()}"
    try:
        storage = open_storage(place)
        if not storage.exists(probe):
            yield (
                f"{place} is not the storage that the driver writes to: what it wrote is not seen; mount the same "
                "storage at the same path on every node, or give an s3:// or gs:// URI as --out"
            )
            return
        if storage.read_bytes(probe) != probe.encode():
            yield f"{place}: what the driver wrote is read as something else; check the storage"
        storage.publish_bytes(own, own.encode())
        if storage.read_bytes(own) != own.encode():
            yield f"{place}: what is written is read as something else; check the storage"
        storage.remove(own)
    except (ResultsError, XltError, OSError) as error:
        yield f"cannot read and write {place}: {error}"


def _check_disk(folder: Path) -> Iterator[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        yield f"cannot make {folder}: {error.strerror}; XLT_WORK_FOLDER names another place"
        return
    if free < _MIN_FREE_BYTES:
        yield f"only {free / _MIB:.0f} MiB are free in {folder}; make room"


def _check_gpus() -> Iterator[str]:
    import torch

    if not torch.cuda.is_available():
        yield (
            "Ray was told of GPUs there, and torch sees none; install a torch for CUDA and the driver, or start the "
            "node with --num-gpus=0"
        )
