"""Memory that runs out: what is taken again in smaller parts, and what is given up."""

import weakref
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import build_tokenizer, cut_at
from xlt_core.data.tokenizing import build_token_table
from xlt_core.memory import (
    compute_batches,
    fit_in_memory,
    halve_micro_batch,
    is_out_of_memory,
    measure_peak_bytes,
    reset_peak,
)
from xlt_core.tasks.examples import SingleExamples

CPU = torch.device("cpu")


def build_table(lengths: list[int]):
    texts = tuple(" ".join(f"w{place % 40}" for place in range(length)) for length in lengths)
    examples = SingleExamples(ids=tuple(map(str, range(len(lengths)))), texts=texts, labels=(0,) * len(lengths))
    return build_token_table(examples, "en", tokenizer=build_tokenizer(), cut=cut_at(62))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 20 MiB"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (MemoryError(), True),
        (RuntimeError("CUDA error: device-side assert triggered"), False),
        (ValueError("CUDA out of memory"), False),
    ],
)
def test_only_memory_is_a_reason_to_take_less(error, expected):
    assert is_out_of_memory(error) is expected


def test_what_a_failed_attempt_held_is_gone_before_the_next_one():
    held: list[weakref.ref] = []
    sizes = iter([4, 2])
    size = 8

    def compute() -> int:
        assert all(reference() is None for reference in held), "still in memory"
        activations = torch.zeros(10)
        held.append(weakref.ref(activations))
        if size > 2:
            raise torch.OutOfMemoryError
        return size

    def halve() -> bool:
        nonlocal size
        size = next(sizes)
        return True

    assert fit_in_memory(compute, halve) == 2
    assert len(held) == 3


def test_what_does_not_fit_in_the_smallest_part_raises_what_it_raised():
    def compute() -> None:
        raise torch.OutOfMemoryError("as small as it gets")

    with pytest.raises(torch.OutOfMemoryError, match="as small as it gets"):
        fit_in_memory(compute, lambda: False)


def test_another_error_is_not_tried_again():
    calls = []

    def compute() -> None:
        calls.append(1)
        raise RuntimeError("shape mismatch")

    with pytest.raises(RuntimeError, match="shape mismatch"):
        fit_in_memory(compute, lambda: True)
    assert len(calls) == 1


def test_micro_batches_are_halved_down_to_one_example():
    parted = SimpleNamespace(micro_batch_size=13)
    sizes = []
    while halve_micro_batch(parted):
        sizes.append(parted.micro_batch_size)
    assert sizes == [6, 3, 1]
    assert not halve_micro_batch(SimpleNamespace(micro_batch_size=None))


@settings(max_examples=60)
@given(lengths=st.lists(st.integers(1, 30), min_size=1, max_size=40), room=st.integers(32, 200), data=st.data())
def test_every_row_is_computed_once_in_batches_that_fit(lengths, room, data):
    table = build_table(lengths)
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, len(lengths) - 1)))), np.int64)

    def compute(batch) -> list[int]:
        if batch.num_tokens > room:
            raise torch.OutOfMemoryError
        return list(batch.lengths)

    found = np.zeros(len(table), np.int64)
    times = np.zeros(len(table), np.int64)
    for made, value in compute_batches(table, compute, CPU, max_tokens=1000, rows=rows):
        found[made.indices] = value
        times[made.indices] += 1
    assert times.tolist() == [int(row in rows) for row in range(len(table))]
    assert found[rows].tolist() == table.lengths[rows].tolist()


def test_batches_stay_small_once_memory_has_run_out():
    num_failures = 0

    def compute(batch) -> int:
        nonlocal num_failures
        if batch.num_tokens > 50:
            num_failures += 1
            raise torch.OutOfMemoryError
        return batch.num_tokens

    computed = list(compute_batches(build_table([8] * 100), compute, CPU, max_tokens=400))
    assert sum(value for _, value in computed) == 1000
    assert num_failures == 3, "400, 200 and 100 tokens"


def test_a_single_example_that_does_not_fit_is_out_of_memory():
    def compute(batch) -> None:
        raise torch.OutOfMemoryError(f"{batch.num_sequences}")

    with pytest.raises(torch.OutOfMemoryError, match=r"^1$"):
        list(compute_batches(build_table([3, 4, 5]), compute, CPU, max_tokens=400))


def test_the_peak_of_the_process_is_that_since_it_was_reset():
    before = measure_peak_bytes(CPU)
    block = np.ones(200_000_000, np.int8)
    largest = measure_peak_bytes(CPU)
    assert largest >= before
    assert largest >= block.nbytes
    del block
    reset_peak()
    assert measure_peak_bytes(CPU) <= largest
