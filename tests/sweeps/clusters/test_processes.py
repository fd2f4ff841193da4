"""Which processes are a cluster's: real ones, of three kinds, and others beside them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sweeps.clusters.processes import MARK, find_members

_SLEEP = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]


@contextmanager
def _process(folder: Path, mark: str = "", *, session: bool = True) -> Iterator[subprocess.Popen[bytes]]:
    env = {**os.environ, **({MARK: mark} if mark else {})}
    process = subprocess.Popen(_SLEEP, cwd=folder, env=env, stdout=subprocess.PIPE, start_new_session=session)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _find(cluster_id: str, sessions: tuple[int, ...], folder: Path) -> set[int]:
    return {process.pid for process in find_members(cluster_id, sessions, str(folder))}


def _mine(tmp_path: Path) -> str:
    """A cluster of this test alone: others may run beside it."""
    return f"mine in {tmp_path}"


def test_a_marked_process_is_found_without_its_session_being_known(tmp_path: Path) -> None:
    with _process(tmp_path, _mine(tmp_path)) as mine, _process(tmp_path, "others"), _process(tmp_path):
        assert _find(_mine(tmp_path), (), tmp_path) == {mine.pid}


def test_one_that_lost_its_mark_is_known_by_its_session_and_its_folder(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with _process(elsewhere) as agent, _process(tmp_path) as reused:
        sessions = (agent.pid, reused.pid)
        assert _find(_mine(tmp_path), sessions, elsewhere) == {
            agent.pid
        }  # the other session's number was given out again


def test_a_shell_that_looks_at_the_logs_is_nobodys(tmp_path: Path) -> None:
    with _process(tmp_path):
        assert _find(_mine(tmp_path), (), tmp_path) == set()


def test_whoever_is_in_a_session_with_a_marked_one_belongs_to_it(tmp_path: Path) -> None:
    sleep = "[sys.executable, '-c', 'import time; time.sleep(60)']"
    parent = f"import subprocess, sys; child = subprocess.Popen({sleep}, env={{}}); print(child.pid, flush=True); "
    parent += "child.wait()"
    process = subprocess.Popen(
        [sys.executable, "-c", parent],
        env={**os.environ, MARK: _mine(tmp_path)},
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        assert _find(_mine(tmp_path), (), tmp_path) == {process.pid, child}
    finally:
        os.killpg(process.pid, 9)
        process.wait()
        process.stdout.close()
