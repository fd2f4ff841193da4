"""Ways in which a sweep ends before its work is done. In: signals. Out: `StopSweep` in the main thread."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from results.errors import ResultsError
from sweeps.units.failures import find_storage_trouble


class StopSweep(KeyboardInterrupt):
    """Ends the sweep from wherever the driver is; all that is published stays.

    A KeyboardInterrupt because that is what every library between here and the driver's top, Ray Tune among them, lets
    through without taking it for a trial's failure.
    """

    def __init__(self, reason: str, *, is_user_request: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_user_request = is_user_request

    def without_frames(self) -> "StopSweep":
        """The same, of what the driver was at nothing: to be kept once it was caught.

        A signal may fall on a library that starts threads, as transformers does where it loads weights. They end with
        their pool, which lives as long as the frames of the exception do, and Python waits for them.
        """
        return StopSweep(self.reason, is_user_request=self.is_user_request)


def stop_for_storage(trouble: str) -> StopSweep:
    """Make the exception that ends a sweep whose results cannot be written."""
    return StopSweep(trouble, is_user_request=False)


@contextmanager
def writing_rows() -> Iterator[None]:
    """End the sweep where the driver itself cannot write: whatever the system said, no row after this one would fare
    better.

    Raises:
        StopSweep: with what the system said.
    """
    try:
        yield
    except (OSError, ResultsError) as error:
        trouble = find_storage_trouble(error)
        raise stop_for_storage(trouble or f"the sweep's folder cannot be written ({error})") from error


class SignalWatch:
    """Hears signals: raises `StopSweep` in the main thread at once, and again where that is asked for.

    Once is not enough: compiled code that calls Python back may swallow what a signal's handler raises there. Pydantic
    makes a warning of it while it writes a union, and the sweep would go on as if nobody had pressed Ctrl-C.
    """

    def __init__(self) -> None:
        self._reason: str | None = None

    def hear(self, number: int, _frame: FrameType | None) -> None:
        """Be the handler of a signal."""
        self._reason = f"stopped by {'Ctrl-C' if number == signal.SIGINT else signal.Signals(number).name}"
        self.check()

    def check(self) -> None:
        """Do nothing unless a signal was heard.

        Raises:
            StopSweep: one was.
        """
        if self._reason is not None:
            raise StopSweep(self._reason, is_user_request=True)


@contextmanager
def signals_stop_the_sweep() -> Iterator[SignalWatch]:
    """Turn SIGINT and SIGTERM into `StopSweep` while the context lasts; only in the main thread."""
    watch = SignalWatch()
    before = {number: signal.signal(number, watch.hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield watch
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
