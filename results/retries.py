"""Do again what a file system or a service failed to do for a moment.

In: something to do. Out: what it gives, or an error of the store that says in one sentence what did not pass.
"""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from results.errors import ResultsError

Result = TypeVar("Result")

PAUSES_SECONDS = (0.5, 2.0, 8.0)
"""Before each further attempt."""


def retry(
    action: Callable[[], Result],
    *,
    explain: Callable[[OSError], ResultsError],
    may_pass: Callable[[OSError], bool],
    pauses_seconds: Sequence[float] = PAUSES_SECONDS,
) -> Result:
    """Do something; a few times where the error is one that may pass.

    Args:
        action: may be done again after it failed half way.
        explain: gives the error that is raised in the end.
        may_pass: whether it is worth another attempt.
        pauses_seconds: before each further attempt.

    Raises:
        FileNotFoundError: as it comes.
        ResultsError: what `explain` gives for any other error of the system.
    """
    pauses = list(pauses_seconds)
    while True:
        try:
            return action()
        except FileNotFoundError:
            raise
        except OSError as error:
            if not pauses or not may_pass(error):
                raise explain(error) from error
        time.sleep(pauses.pop(0))
