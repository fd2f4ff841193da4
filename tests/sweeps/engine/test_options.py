"""Options of a launch that cannot be met are refused with a sentence, before anything is written or started."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from results.errors import ResultsError
from search_spaces.resources import Resources
from search_spaces.searches import Scheduler
from sweeps.cli import app
from sweeps.engine.options import LaunchOptions, check_options
from xlt_core.errors import XltError

ASHA = Scheduler.model_validate({"asha": {"grace_steps": 2}})


def _check(scheduler: Scheduler | None = None, **options: Any) -> None:
    check_options(LaunchOptions(resources=Resources(), **options), scheduler or Scheduler())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inline": True, "address": "auto"}, "--inline runs without Ray: leave it out, or --address auto"),
        ({"inline": True, "loggers": ["tensorboard"]}, "leave --inline out, or --logger"),
        ({"loggers": ["nope"]}, "unknown logger 'nope'"),
        ({"address": "ray://head:10001"}, "--address ray://head:10001: a sweep cannot be run through Ray Client"),
        ({"address": "somewhere"}, "--address somewhere: give auto, or HOST:PORT"),
        ({"address": ""}, "--address : give auto, or HOST:PORT"),
        ({"stages_folder": Path("s3://bucket/stages")}, "--stages s3:/bucket/stages: give a folder"),
    ],
)
def test_options_that_exclude_each_other_or_name_nothing_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(XltError) as refused:
        _check(**options)
    assert message in str(refused.value)


def test_a_file_is_no_folder_for_stages_nor_is_what_would_be_in_it(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for place in (file, file / "stages"):
        with pytest.raises(XltError, match=f"--stages {place}: is a file, or in one"):
            _check(stages_folder=place)
    _check(stages_folder=tmp_path / "not" / "there")


def test_a_scheduler_needs_ray() -> None:
    with pytest.raises(XltError, match=r"this sweep has a scheduler.*--set scheduler=none"):
        _check(ASHA, inline=True)
    _check(ASHA)


@pytest.mark.parametrize("address", [None, "auto", "127.0.0.1:6379", "head.lab:1", "[::1]:6379"])
def test_addresses_of_a_cluster_are_taken_and_nobody_is_asked(address: str | None) -> None:
    _check(address=address)


@pytest.mark.parametrize("command", ["sweep run", "difficulty score"])
def test_a_refused_launch_leaves_no_folder(command: str, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    space = "demo" if command == "sweep run" else "world-dose"
    ran = CliRunner().invoke(app, [*command.split(), space, "--out", str(folder), "--inline", "--address", "auto"])
    assert isinstance(ran.exception, XltError | ResultsError)
    assert "leave it out, or --address auto" in str(ran.exception)
    assert not folder.exists()
