"""The collector rests while it is asked to, and is left as it was."""

import gc

import pytest

from results.garbage import without_collection


def test_the_collector_looks_again_after_an_error():
    @without_collection()
    def fail():
        raise KeyError(gc.isenabled())

    with pytest.raises(KeyError, match="False"):
        fail()
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    try:
        with without_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
