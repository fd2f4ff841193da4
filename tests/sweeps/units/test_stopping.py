"""Signals become one exception, and only while a sweep runs."""

import os
import signal
from contextlib import suppress

import pytest

from sweeps.units.stopping import StopSweep, signals_stop_the_sweep


def _wait_for(number: signal.Signals) -> None:
    with signals_stop_the_sweep():
        os.kill(os.getpid(), number)
        signal.pause()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_sweep(number: signal.Signals) -> None:
    with pytest.raises(StopSweep) as stopped:
        _wait_for(number)
    assert stopped.value.is_user_request


def test_a_signal_whose_exception_was_swallowed_stops_the_sweep_where_it_looks_next() -> None:
    with signals_stop_the_sweep() as signals:
        signals.check()  # nothing was heard
        with suppress(KeyboardInterrupt):  # as compiled code does that calls Python back
            os.kill(os.getpid(), signal.SIGINT)
            signal.pause()
        with pytest.raises(StopSweep, match="stopped by Ctrl-C"):
            signals.check()


def test_the_former_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with signals_stop_the_sweep():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_it_is_no_exception_that_a_trial_could_be_blamed_for() -> None:
    assert not issubclass(StopSweep, Exception)
