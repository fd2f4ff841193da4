"""One computes, the others wait; nobody waits for the dead, and no clock of another machine is read."""

import errno
import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from sweeps.units import claims
from sweeps.units.claims import Claim, ClaimWatch, claim_path, claimed, read_claim


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return claim_path(tmp_path / "stages", "key")


def _write(path: Path, claim: Claim) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(claim)))


ELSEWHERE = Claim(token="t1", launch_id="theirs", host="another-host", pid=1)


def test_only_one_of_two_launches_holds_a_claim_and_it_is_gone_afterwards(path: Path) -> None:
    with claimed(path, "ours") as is_ours:
        assert is_ours
        with claimed(path, "theirs") as is_theirs:
            assert not is_theirs
        assert read_claim(path) is not None
    assert not path.exists()
    assert list(path.parent.iterdir()) == []


def test_of_many_at_once_exactly_one_holds_it(path: Path) -> None:
    barrier, held = threading.Barrier(8), []
    leave = threading.Event()

    def run(number: int) -> None:
        barrier.wait()
        with claimed(path, f"launch-{number}") as is_ours:
            held.append(is_ours)
            if is_ours:
                leave.wait(10)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    while len(held) < 8:
        pass
    leave.set()
    for thread in threads:
        thread.join()
    assert sorted(held) == [False] * 7 + [True]


def test_a_claim_of_a_process_that_was_killed_here_is_taken_over_at_once(path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    with claimed(path, "theirs"):
        holder = read_claim(path)
        assert holder is not None
    _write(path, replace(holder, pid=process.pid))
    assert ClaimWatch().find_holder(path) is None
    with claimed(path, "ours") as is_ours:
        assert is_ours


def test_a_lost_worker_of_the_same_launch_does_not_hold_up_its_successor(path: Path) -> None:
    _write(path, replace(ELSEWHERE, launch_id="ours"))
    with claimed(path, "ours") as is_ours:
        assert is_ours


def test_a_claim_elsewhere_that_changes_is_alive_and_one_that_does_not_is_dead_after_a_while(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(claims.time, "monotonic", lambda: now)
    watch = ClaimWatch()
    _write(path, ELSEWHERE)
    assert watch.find_holder(path) == ELSEWHERE
    now += claims.DEAD_AFTER_SECONDS - 1
    renewed = replace(ELSEWHERE, num_renewals=1)
    _write(path, renewed)
    assert watch.find_holder(path) == renewed
    now += claims.DEAD_AFTER_SECONDS - 1
    assert watch.find_holder(path) == renewed
    assert watch.find_dead(path) is None
    now += 2
    assert watch.find_holder(path) is None
    assert watch.find_dead(path) == renewed


def test_a_dead_claim_elsewhere_is_taken_over_only_by_who_was_told_and_only_while_it_is_the_same(path: Path) -> None:
    _write(path, ELSEWHERE)
    with claimed(path, "ours") as is_ours:
        assert not is_ours
    _write(path, replace(ELSEWHERE, num_renewals=1))
    with claimed(path, "ours", dead=ELSEWHERE) as is_ours:
        assert not is_ours
    with claimed(path, "ours", dead=replace(ELSEWHERE, num_renewals=1)) as is_ours:
        assert is_ours


def test_a_claim_is_renewed_while_it_is_held(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "RENEW_SECONDS", 0.02)
    with claimed(path, "ours"):
        first = read_claim(path)
        for _ in range(500):
            if (found := read_claim(path)) != first:
                break
            threading.Event().wait(0.02)
        assert first is not None
        assert found == replace(first, num_renewals=found.num_renewals if found else 0)
        assert found is not None
        assert found.num_renewals > 0


def test_who_was_taken_over_leaves_the_other_claim_alone(path: Path) -> None:
    with claimed(path, "ours"):
        _write(path, ELSEWHERE)
    assert read_claim(path) == ELSEWHERE


def test_a_claim_that_cannot_be_read_is_somebodys_until_it_is_dead(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("{")
    holder = ClaimWatch().find_holder(path)
    assert holder is not None
    assert holder.host == "unknown"


def test_what_is_left_of_claims_is_cleared_away_and_nothing_else(path: Path) -> None:
    _write(path, ELSEWHERE)
    left = [path.with_name(f".{path.name}-t1"), path.with_name(f".{path.name}-t1-renewal")]
    for temporary in left:
        temporary.write_text("{")
    artifact = path.with_name("key")
    artifact.mkdir()
    claims.remove_claims(path.parent)
    assert list(path.parent.iterdir()) == [artifact]


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_where_there_are_no_hard_links_still_only_one_holds_a_claim(
    path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(claims.os, "link", refuse)
    with claimed(path, "ours") as is_ours, claimed(path, "theirs") as is_theirs:
        assert (is_ours, is_theirs) == (True, False)
    assert list(path.parent.iterdir()) == []


def test_a_link_that_was_made_although_the_network_says_it_was_there_is_ours(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def link_twice(*paths: Path) -> None:
        link(*paths)
        link(*paths)

    monkeypatch.setattr(claims.os, "link", link_twice)
    with claimed(path, "ours") as is_ours:
        assert is_ours


def test_a_claim_that_its_writer_was_killed_in_is_taken_over_in_the_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(claims.time, "monotonic", lambda: now)
    path.parent.mkdir(parents=True)
    path.write_text("")
    watch = ClaimWatch()
    assert watch.find_holder(path) is not None
    with claimed(path, "ours") as is_ours:
        assert not is_ours
    now += claims.DEAD_AFTER_SECONDS
    assert watch.find_holder(path) is None
    with claimed(path, "ours", dead=watch.find_dead(path)) as is_ours:
        assert is_ours


def test_a_process_of_another_machine_of_the_same_name_is_not_taken_for_dead(path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    with claimed(path, "theirs"):
        holder = read_claim(path)
        assert holder is not None
    _write(path, replace(holder, pid=process.pid, machine=f"{holder.machine} in another container"))
    assert ClaimWatch().find_holder(path) is not None
    with claimed(path, "ours") as is_ours:
        assert not is_ours
