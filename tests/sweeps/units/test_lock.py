import errno
import fcntl
import json
import os
import platform
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from results.storage import Storage, open_storage
from sweeps.units import lock
from sweeps.units.lock import has_driver, only_one_driver
from xlt_core.errors import StoreError

PERIOD_SECONDS = 0.5

HOLD = """
import sys
from sweeps.units.lock import only_one_driver
with only_one_driver(sys.argv[1], period_seconds=float(sys.argv[2])):
    print("holds", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(params=["locks", "no locks", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    if request.param == "bucket":
        return open_storage(f"s3://{request.getfixturevalue('bucket')}/runs")
    if request.param == "no locks":
        _forbid_locks(monkeypatch)
    return open_storage(tmp_path)


def _forbid_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)


@pytest.fixture
def other(bucket: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A process that drives a sweep in a bucket."""
    uri = f"s3://{bucket}/runs"
    command = [sys.executable, "-c", HOLD, uri, str(PERIOD_SECONDS)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "holds\n"
    yield uri, process
    process.kill()
    process.communicate()


def test_who_is_refused_is_told_the_process_that_has_the_folder(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("process 1 on a machine that drove it before")
    with only_one_driver(tmp_path):
        for _ in range(2):  # to be refused does not change what the holder wrote
            with (
                pytest.raises(StoreError, match=rf": process {os.getpid()} on {re.escape(platform.node())} is running"),
                only_one_driver(tmp_path),
            ):
                pass


def test_a_second_driver_is_refused_until_the_first_has_ended(storage: Storage) -> None:
    assert not has_driver(storage, period_seconds=PERIOD_SECONDS)
    with only_one_driver(storage, period_seconds=PERIOD_SECONDS):
        assert has_driver(storage, period_seconds=PERIOD_SECONDS)
        with (
            pytest.raises(StoreError, match=r"is running this sweep; wait for it \(`xlt sweep status "),
            only_one_driver(storage, period_seconds=PERIOD_SECONDS),
        ):
            pytest.fail("two drivers")
    assert not has_driver(storage, period_seconds=PERIOD_SECONDS)
    with only_one_driver(storage, period_seconds=PERIOD_SECONDS):
        pass


def test_of_two_that_start_at_once_one_drives(storage: Storage) -> None:
    outcomes: list[str] = []
    together, first_ends = threading.Barrier(2), threading.Event()

    def drive() -> None:
        together.wait()
        try:
            with only_one_driver(storage, period_seconds=PERIOD_SECONDS):
                outcomes.append("drives")
                first_ends.wait(20)
        except StoreError:
            outcomes.append("refused")
            first_ends.set()

    threads = [threading.Thread(target=drive) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["drives", "refused"]


def test_the_process_that_drives_is_named(other: tuple[str, subprocess.Popen[str]]) -> None:
    uri, process = other
    refusal = rf"s3://.*: process {process.pid} on .* is running this sweep"
    with pytest.raises(StoreError, match=refusal), only_one_driver(uri, period_seconds=PERIOD_SECONDS):
        pytest.fail("two drivers")


def test_after_a_kill_the_next_one_drives_at_once_on_the_same_machine(other: tuple[str, subprocess.Popen[str]]) -> None:
    uri, process = other
    process.kill()
    process.wait()
    assert not has_driver(uri, period_seconds=60.0)  # not so long: the process is known to be dead
    with only_one_driver(uri, period_seconds=PERIOD_SECONDS):
        pass


def test_a_lease_of_a_dead_machine_is_taken_over_when_it_does_not_change(bucket: str) -> None:
    storage = open_storage(f"s3://{bucket}/runs")
    holder = {"token": "x", "host": "elsewhere", "machine": "elsewhere", "pid": os.getpid(), "num_renewals": 7}
    storage.publish_bytes(".lease.json", json.dumps(holder).encode())
    began = time.monotonic()
    with only_one_driver(storage, period_seconds=PERIOD_SECONDS):
        assert time.monotonic() - began >= 3 * PERIOD_SECONDS
        assert json.loads(storage.read_bytes(".lease.json"))["token"] != "x"


@pytest.mark.parametrize("content", [b"", b"[]", b'{"token": 1}'])
def test_a_damaged_lease_is_nobodys(bucket: str, content: bytes) -> None:
    storage = open_storage(f"s3://{bucket}/runs")
    storage.publish_bytes(".lease.json", content)
    assert not has_driver(storage, period_seconds=PERIOD_SECONDS)


def test_a_driver_that_was_stopped_for_long_yields_to_the_one_that_took_over(
    other: tuple[str, subprocess.Popen[str]],
) -> None:
    uri, process = other
    storage = open_storage(uri)
    process.send_signal(signal.SIGSTOP)
    found = json.loads(storage.read_bytes(".lease.json"))
    storage.publish_bytes(".lease.json", json.dumps({**found, "machine": "elsewhere"}).encode())
    time.sleep(PERIOD_SECONDS)
    with only_one_driver(storage, period_seconds=PERIOD_SECONDS):
        process.send_signal(signal.SIGCONT)
        assert process.wait(timeout=20) == -signal.SIGINT
        assert has_driver(storage, period_seconds=PERIOD_SECONDS)


def test_a_newcomer_that_wrote_late_is_written_over(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = open_storage(f"s3://{bucket}/runs")
    with only_one_driver(storage, period_seconds=PERIOD_SECONDS):
        monkeypatch.setattr(lock, "_find_living", lambda *_: None)  # it looked before the other had written
        with (
            pytest.raises(StoreError, match="is running this sweep"),
            only_one_driver(storage, period_seconds=PERIOD_SECONDS),
        ):
            pytest.fail("two drivers")


def test_a_sweep_that_was_never_launched_has_no_driver(tmp_path: Path) -> None:
    assert not has_driver(tmp_path)
    assert list(tmp_path.iterdir()) == []
