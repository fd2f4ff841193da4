"""Random streams: equal keys give equal draws, different keys do not."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from xlt_core.streams import numpy_generator, stream_seed

keys = st.tuples(st.integers(0, 2**40), st.text(max_size=12), st.lists(st.integers(0, 2**40), max_size=3))


@given(keys)
def test_a_seed_depends_only_on_its_key_and_fits_63_bits(key):
    seed, stream, counters = key
    value = stream_seed(seed, stream, *counters)
    assert value == stream_seed(seed, stream, *counters)
    assert 0 <= value < 2**63


@given(keys, keys)
def test_different_keys_give_different_seeds(left, right):
    same_key = left == right
    same_seed = stream_seed(left[0], left[1], *left[2]) == stream_seed(right[0], right[1], *right[2])
    assert same_key == same_seed


def test_counters_are_not_concatenated():
    assert stream_seed(1, "order", 2, 3) != stream_seed(1, "order", 23)
    assert stream_seed(1, "order", 2) != stream_seed(12, "order")


def test_a_seed_is_the_same_in_another_process():
    code = "from xlt_core.streams import stream_seed; print(stream_seed(7, 'noise', 3, 4))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(other.stdout) == stream_seed(7, "noise", 3, 4)


def test_a_generator_starts_afresh_each_time():
    first = numpy_generator(0, "order", 5).permutation(50)
    assert (first == numpy_generator(0, "order", 5).permutation(50)).all()
    assert (first != numpy_generator(0, "order", 6).permutation(50)).any()
