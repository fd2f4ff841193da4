"""Which finished trials may be run again, and what is to be said of it. Light.

Failures of the machines may be run again as often as one likes. What training came to is a result: running it again
until it pleases would be choosing seeds, so that it is done with a reason, which stands in the row.
"""

from collections.abc import Collection

from xlt_core.errors import SpecError, UnknownNameError
from xlt_core.result import STATUSES

FREELY_RERUN = ("infra", "oom")
"""Statuses that say nothing of the training."""
RESULTS = ("ok", "diverged", "degenerate", "stopped_early")
"""Statuses that are results, run again only with a note."""


def check_rerun(statuses: Collection[str], note: str | None) -> None:
    """See that these statuses may be run again.

    Args:
        statuses: of finished trials.
        note: why, for results; none or blank: not said.

    Raises:
        UnknownNameError: a status that no trial can have.
        SpecError: a result without a note, or a note without a rerun.
    """
    for status in statuses:
        if status not in STATUSES:
            raise UnknownNameError("status", status, STATUSES)
    results = [status for status in RESULTS if status in statuses]
    if results and not (note or "").strip():
        raise SpecError(
            f"--rerun {','.join(results)}: a result of training and no failure of a machine; the same settings may "
            "well come to the same again. If there is a reason to run it again, give it: --note TEXT; it will stand in "
            "the row. Allowed without: " + ", ".join(FREELY_RERUN)
        )
    if note is not None and not statuses:
        raise SpecError("--note says why finished trials are run again; give it with --rerun STATUS")
