"""Files for clusters: they are what Ray, Kubernetes and Slurm read, and hold what was asked for."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from sweeps.clusters.files import FILE_NAMES, ClusterSettings, Kind, write_cluster_file
from xlt_core.errors import XltError

_KINDS: tuple[Kind, ...] = ("ray", "kuberay", "slurm")


def _settings(kind: Kind, **changes: Any) -> ClusterSettings:
    values = {
        "storage": "s3://bucket/sweeps/one",
        "space": "xnli",
        "image": "registry/xlt:1",
        "num_nodes": 3,
        "gpus": 4,
    }
    return ClusterSettings(kind=kind, **{**values, **changes})


def _read(kind: Kind, **changes: Any) -> Any:
    return YAML(typ="safe", pure=True).load(write_cluster_file(_settings(kind, **changes)))


@pytest.mark.parametrize("kind", _KINDS)
def test_the_first_lines_say_what_must_be_shared_and_nothing_is_left_to_fill_in(kind: Kind) -> None:
    text = write_cluster_file(_settings(kind))
    assert all(f"#   {word} " in text[:2000] for word in ("storage", "token", "environment", "data"))
    assert "@@" not in text
    assert "s3://bucket/sweeps/one" in text
    assert FILE_NAMES[kind] in text


@pytest.mark.parametrize("changes", [{}, {"storage": "/mnt/shared/one"}, {"gpus": 0, "instance": "c7i.large"}])
def test_ray_reads_its_file(changes: dict[str, Any]) -> None:
    config = _read("ray", **changes)
    schema = json.loads(files("ray.autoscaler").joinpath("ray-schema.json").read_text())
    jsonschema.validate(config, schema)
    worker = config["available_node_types"]["worker"]
    assert worker["min_workers"] == worker["max_workers"] == config["max_workers"] == 3
    assert worker["resources"] == {"CPU": 8, "GPU": changes.get("gpus", 4)}
    assert config["available_node_types"]["head"]["resources"] == {"CPU": 0}
    assert all("RAY_AUTH_MODE=token" in config[f"{role}_start_ray_commands"][1] for role in ("head", "worker"))
    mounted = "--volume=/mnt/shared/one:/mnt/shared/one" in config["docker"]["run_options"]
    assert mounted == ("storage" in changes)


@pytest.mark.parametrize("storage", ["s3://bucket/sweeps/one", "/mnt/shared/one"])
def test_kuberay_gets_a_job_whose_pods_are_alike(storage: str) -> None:
    job = _read("kuberay", storage=storage, name="dose-1", memory_gib=64)
    assert (job["apiVersion"], job["kind"], job["metadata"]) == ("ray.io/v1", "RayJob", {"name": "dose-1"})
    spec = job["spec"]
    assert shlex.split(spec["entrypoint"]) == ["xlt", "sweep", "run", "xnli", "--out", storage, "--address", "auto"]
    cluster = spec["rayClusterSpec"]
    assert cluster["authOptions"] == {"mode": "token"}
    (workers,) = cluster["workerGroupSpecs"]
    assert workers["replicas"] == workers["minReplicas"] == workers["maxReplicas"] == 3
    pods = [cluster["headGroupSpec"]["template"]["spec"], workers["template"]["spec"]]
    (head,), (worker,) = (pod["containers"] for pod in pods)
    assert head["image"] == worker["image"] == "registry/xlt:1"
    assert cluster["headGroupSpec"]["rayStartParams"] == {"num-cpus": "0"}
    assert worker["resources"]["limits"] == {"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": "4"}
    for pod in pods:
        (container,) = pod["containers"]
        mounts = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
        assert mounts == ([storage] if storage.startswith("/") else [])
        claims = [volume["persistentVolumeClaim"]["claimName"] for volume in pod.get("volumes", [])]
        assert claims == ["dose-1-storage"] * len(mounts)


def test_kubernetes_is_asked_for_no_gpu_where_none_is_wanted() -> None:
    text = write_cluster_file(_settings("kuberay", gpus=0))
    assert "nvidia" not in text


@pytest.mark.parametrize("gpus", [0, 4])
def test_slurm_is_asked_for_nodes_and_bash_reads_the_script(gpus: int, tmp_path: Path) -> None:
    path = tmp_path / "sweep.sbatch"
    path.write_text(write_cluster_file(_settings("slurm", gpus=gpus, cpus=16, time="2-12", image=None)))
    subprocess.run(["bash", "-n", path], check=True)
    asked = [line.split()[1] for line in path.read_text().splitlines() if line.startswith("#SBATCH")]
    assert {"--nodes=3", "--ntasks-per-node=1", "--cpus-per-task=16", "--time=2-12", "--requeue"} <= set(asked)
    assert ("--gpus-per-node=4" in asked) == (gpus == 4)


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        ("ray", {"image": None}, "--image is missing: ray runs containers"),
        ("kuberay", {"image": None}, "--image is missing"),
        ("kuberay", {"name": "Dose_1"}, "--name Dose_1"),
        ("slurm", {"storage": "runs/one"}, "--storage runs/one: give a whole path"),
        ("slurm", {"time": "two days"}, "--time two days"),
    ],
)
def test_what_no_cluster_could_use_is_refused(kind: Kind, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(XltError, match=message):
        _settings(kind, **changes)


_FAKES = {
    "scontrol": 'printf "n0\\nn1\\n"',
    "srun": 'while [[ $1 == --* ]]; do shift; done; exec "$@"',
    "hostname": "echo 10.0.0.1 fe80::1",
    "ray": """echo "ray $*" >> log
case "$1 $2" in
  "start "*) echo $$ >> pids; exec sleep 60 ;;
esac""",
    "python3": "echo 2",
    "xlt": """echo "xlt $*" >> log
trap 'echo stopped >> log; exit 130' TERM
for _ in $(seq "${XLT_TENTHS:-1}"); do sleep 0.1; done
exit "${XLT_STATUS:-0}\"""",
}


def _start_slurm_job(folder: Path, **env: str) -> subprocess.Popen[str]:
    """Run the script as Slurm would, on two nodes whose commands are all played."""
    programs = folder / "bin"
    programs.mkdir()
    for name, body in _FAKES.items():
        program = programs / name
        program.write_text(f"#!/bin/bash\n{body}\n")
        program.chmod(0o755)
    script = folder / "sweep.sbatch"
    script.write_text(write_cluster_file(_settings("slurm", num_nodes=2, gpus=1, space="my space.yaml")))
    played = {"SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "n[0-1]", "SLURM_CPUS_PER_TASK": "8", **env}
    path = f"{programs}:{os.environ['PATH']}"
    return subprocess.Popen(
        ["bash", script],
        cwd=folder,
        env={**os.environ, **played, "PATH": path},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
@pytest.mark.parametrize("status", [0, 1])
def test_the_slurm_job_starts_a_head_and_workers_runs_the_sweep_and_ends_them(status: int, tmp_path: Path) -> None:
    job = _start_slurm_job(tmp_path, XLT_STATUS=str(status))
    output, _ = job.communicate(timeout=60)
    assert job.returncode == status, output
    lines = (tmp_path / "log").read_text().splitlines()
    head, worker = sorted(
        (line for line in lines if line.startswith("ray start")), key=lambda line: "--head" not in line
    )
    assert "--head --node-ip-address=10.0.0.1 --port=20007" in head
    assert "--address=10.0.0.1:20007" in worker
    assert lines[0] == "ray get-auth-token --generate"
    assert "xlt sweep run my space.yaml --out s3://bucket/sweeps/one --address 10.0.0.1:20007" in lines
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    assert all(map(_is_gone, pids))


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_before_its_time_is_up_the_slurm_job_stops_the_sweep_as_a_user_would(tmp_path: Path) -> None:
    job = _start_slurm_job(tmp_path, XLT_TENTHS="600")
    deadline = time.monotonic() + 30
    while "xlt sweep" not in (tmp_path / "log").read_text() if (tmp_path / "log").exists() else True:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.3)  # the driver's own handler is in place
    job.send_signal(signal.SIGINT)
    output, _ = job.communicate(timeout=30)
    assert job.returncode == 130, output
    assert (tmp_path / "log").read_text().endswith("stopped\n")
    assert all(_is_gone(int(pid)) for pid in (tmp_path / "pids").read_text().split())
