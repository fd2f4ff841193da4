"""`xlt cluster` without a cluster. (Clusters are started in clusters/test_local.)"""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sweeps.cli import app
from sweeps.cli.cluster import app as cluster_app
from xlt_core.errors import XltError


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["cluster", *arguments])


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_without_a_cluster_status_says_so_to_people_and_to_programs() -> None:
    assert "no cluster is up" in _run("status").stdout
    assert json.loads(_run("status", "--format", "json").stdout) == {"address": None, "num_nodes": 0, "num_alive": 0}


def test_to_end_no_cluster_is_no_mistake() -> None:
    ended = _run("down")
    assert ended.exit_code == 0
    assert "no cluster is up" in ended.stdout


@pytest.mark.parametrize(
    ("kind", "name"), [("ray", "ray-cluster.yaml"), ("kuberay", "rayjob.yaml"), ("slurm", "sweep.sbatch")]
)
def test_a_file_of_each_kind_is_written_with_what_was_given(kind: str, name: str, tmp_path: Path) -> None:
    options = ("--storage", "gs://bucket/one", "--image", "me/xlt:2", "--nodes", "5", "--gpus", "2", "--name", "mine")
    written = _run("files", kind, "-o", str(tmp_path / "files"), *options)
    assert written.exit_code == 0, written.output
    text = (tmp_path / "files" / name).read_text()
    assert all(word in text for word in ("gs://bucket/one", "5", "mine"))
    assert ("me/xlt:2" in text) == (kind != "slurm")


def test_a_missing_image_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    ran = _run("files", "kuberay", "-o", str(tmp_path / "files"), "--storage", "s3://bucket/one")
    assert isinstance(ran.exception, XltError)
    assert "--image" in str(ran.exception)
    assert not (tmp_path / "files").exists()


def test_a_file_where_the_folder_is_to_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = _run("files", "slurm", "-o", str(tmp_path / "file"), "--storage", "/scratch/one")
    assert isinstance(ran.exception, XltError)
    assert "sweep.sbatch cannot be written: File exists; give another folder as --out" in str(ran.exception)


@pytest.mark.parametrize("storage", ["ftp://host/one", "runs/one", "https://bucket/one"])
def test_storage_that_nodes_cannot_share_is_refused(storage: str, tmp_path: Path) -> None:
    ran = _run("files", "slurm", "-o", str(tmp_path / "files"), "--storage", storage)
    assert isinstance(ran.exception, XltError)
    assert f"--storage {storage}: give a whole path" in str(ran.exception)
    assert not (tmp_path / "files").exists()


def test_every_command_has_its_help() -> None:
    listed = CliRunner().invoke(cluster_app, ["--help"]).stdout
    assert all(command in listed for command in ("up", "down", "status", "files"))
