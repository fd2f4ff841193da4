"""Failures of machines are run again freely, results of training only with a reason."""

import pytest

from sweeps.growth.rerun import FREELY_RERUN, RESULTS, check_rerun
from xlt_core.errors import SpecError, UnknownNameError
from xlt_core.result import STATUSES


def test_every_status_is_one_or_the_other() -> None:
    assert sorted((*FREELY_RERUN, *RESULTS)) == sorted(STATUSES)


@pytest.mark.parametrize("statuses", [(), ("infra",), ("oom", "infra")])
def test_failures_of_machines_need_no_note(statuses: tuple[str, ...]) -> None:
    check_rerun(statuses, None)


@pytest.mark.parametrize("status", RESULTS)
@pytest.mark.parametrize("note", [None, "", "  "])
def test_a_result_needs_a_note(status: str, note: str | None) -> None:
    with pytest.raises(SpecError, match=rf"--rerun {status}: a result.*--note TEXT"):
        check_rerun(("oom", status), note)
    check_rerun(("oom", status), "the disk held wrong data")


def test_a_note_without_a_rerun_and_an_unknown_status_are_refused() -> None:
    with pytest.raises(SpecError, match="with --rerun"):
        check_rerun((), "why")
    with pytest.raises(UnknownNameError, match="did you mean 'infra'"):
        check_rerun(("infr",), None)
