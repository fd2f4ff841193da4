"""Files that start a cluster for a sweep: for `ray up`, for KubeRay, for Slurm. In: what it is to be like. Out: text.

The files themselves are in `templates/`, with `@@{name}` where something is filled in.
"""

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from string import Template
from typing import Literal

from results.storage import is_remote
from xlt_core.errors import XltError

Kind = Literal["ray", "kuberay", "slurm"]
FILE_NAMES: dict[Kind, str] = {"ray": "ray-cluster.yaml", "kuberay": "rayjob.yaml", "slurm": "sweep.sbatch"}

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_TIME = re.compile(r"(\d+-)?\d+(:\d+){0,2}")


@dataclass(frozen=True, kw_only=True)
class ClusterSettings:
    """What a cluster is to be like, and what is to be run on it."""

    kind: Kind
    storage: str
    """Where the sweep lies: a folder that all nodes mount, or a URI."""
    space: str
    name: str = "xlt"
    num_nodes: int = 2
    """That run trials."""
    cpus: int = 8
    """Of each of them."""
    gpus: int = 1
    """Of each of them."""
    memory_gib: int = 32
    """Of each of them; for Kubernetes."""
    image: str | None = None
    """A container with this program in it; for all but Slurm."""
    region: str = "us-west-2"
    """For AWS."""
    instance: str | None = None
    """For AWS; none given: one that has about what is asked for."""
    time: str = "24:00:00"
    """Limit of the job, as Slurm writes it."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise XltError(f"--name {self.name}: allowed are small letters, digits and hyphens, 40 at most")
        if not _TIME.fullmatch(self.time):
            raise XltError(f"--time {self.time}: write it as Slurm does, HOURS:MINUTES:SECONDS or DAYS-HOURS")
        if self.kind != "slurm" and self.image is None:
            raise XltError(
                f"--image is missing: {self.kind} runs containers; give one that has this version of xlt-sweeps in it, "
                f"made from rayproject/ray:{version('ray')}-py311 for example"
            )
        if not self.is_uri and not self.storage.startswith("/"):
            raise XltError(
                f"--storage {self.storage}: give a whole path, the same on every node, or s3://... or gs://..."
            )

    @property
    def is_uri(self) -> bool:
        """Whether no file system is needed to reach the storage."""
        return is_remote(self.storage)


class _Form(Template):
    delimiter = "@@"


def write_cluster_file(settings: ClusterSettings) -> str:
    """Fill in the file of a kind of cluster."""
    name = FILE_NAMES[settings.kind]
    form = _Form(files("sweeps.clusters").joinpath("templates", name).read_text(encoding="utf-8"))
    words = {
        "file": name,
        "name": settings.name,
        "storage": settings.storage,
        "num_nodes": settings.num_nodes,
        "cpus": settings.cpus,
        "gpus": settings.gpus,
    }
    return form.substitute(words | _WORDS[settings.kind](settings))


def _run(settings: ClusterSettings, address: str) -> str:
    """The command that runs the sweep; in a shell."""
    return f"xlt sweep run {shlex.quote(settings.space)} --out {shlex.quote(settings.storage)} --address {address}"


def _ray_words(settings: ClusterSettings) -> dict[str, str]:
    options = ["--ulimit=nofile=65536:65536"]
    if not settings.is_uri:
        options.append(f"--volume={settings.storage}:{settings.storage}")
    return {
        "command": _run(settings, "auto"),
        "image": json.dumps(settings.image),
        "region": settings.region,
        "instance": settings.instance or ("g6.2xlarge" if settings.gpus else "m6i.2xlarge"),
        "head_instance": "m6i.large",
        "run_options": ", ".join(map(json.dumps, options)),
    }


def _kuberay_words(settings: ClusterSettings) -> dict[str, str]:
    amounts = [f'cpu: "{settings.cpus}"', f"memory: {settings.memory_gib}Gi"]
    if settings.gpus:
        amounts.append(f'nvidia.com/gpu: "{settings.gpus}"')
    return {
        "command": json.dumps(_run(settings, "auto")),
        "image": json.dumps(settings.image),
        "ray_version": version("ray"),
        "worker_resources": ", ".join(amounts),
        "mounts": "" if settings.is_uri else _mounts(settings, indent=10),
        "worker_mounts": "" if settings.is_uri else _mounts(settings, indent=12),
    }


def _mounts(settings: ClusterSettings, indent: int) -> str:
    """The claim that holds the storage, in a container and its pod.

    Args:
        settings: of the cluster.
        indent: spaces before the pod's list of containers.
    """
    container, pod = " " * (indent + 4), " " * indent
    return (
        f"{container}volumeMounts:\n{container}  - {{name: storage, mountPath: {json.dumps(settings.storage)}}}\n"
        f"{pod}volumes:\n{pod}  - {{name: storage, persistentVolumeClaim: {{claimName: {settings.name}-storage}}}}"
    )


def _slurm_words(settings: ClusterSettings) -> dict[str, str]:
    return {
        "command_on_slurm": _run(settings, '"$head_ip:$port"'),
        "gpu_line": f"#SBATCH --gpus-per-node={settings.gpus}" if settings.gpus else "# no GPUs",
        "time": settings.time,
    }


_WORDS: dict[Kind, Callable[[ClusterSettings], dict[str, str]]] = {
    "ray": _ray_words,
    "kuberay": _kuberay_words,
    "slurm": _slurm_words,
}
