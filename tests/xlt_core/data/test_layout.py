"""Where sequences lie, against lists of lists in plain Python; rows of an array have sums of their own."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from xlt_core.data.layout import Layout, send

CPU = torch.device("cpu")
Rows = list[tuple[int, ...]]


@st.composite
def draw_rows(draw: st.DrawFn) -> Rows:
    """Lengths of equally many sequences in each of one to four rows."""
    num_sequences = draw(st.integers(1, 5))
    lengths = st.lists(st.integers(1, 6), min_size=num_sequences, max_size=num_sequences).map(tuple)
    return draw(st.lists(lengths, min_size=1, max_size=4))


def draw_values(num_arrays: int, num_tokens: int, width: int = 2) -> Tensor:
    return torch.randn(num_arrays, num_tokens, width, generator=torch.Generator().manual_seed(0))


def split(values: Tensor, rows: Rows) -> list[list[Tensor]]:
    """What belongs to each sequence of each row; padding is left out."""
    return [list(row[: sum(lengths)].split(lengths)) for row, lengths in zip(values, rows, strict=True)]


@given(draw_rows())
def test_tokens_know_their_sequence_and_their_place(rows):
    layout, num_tokens = Layout(rows, CPU), max(map(sum, rows))
    owners, places, is_token = [], [], []
    for row in rows:
        padding = num_tokens - sum(row)
        owners.append([owner for owner, length in enumerate(row) for _ in range(length)] + [len(row)] * padding)
        places.append([place for length in row for place in range(length)] + [0] * padding)
        is_token.append([True] * sum(row) + [False] * padding)
    assert layout.owners.tolist() == owners
    assert layout.places.tolist() == places
    assert layout.is_token.tolist() == is_token
    assert layout.counts.tolist() == [list(row) for row in rows]
    assert layout.starts.tolist() == [[sum(row[:place]) for place in range(len(row))] for row in rows]
    assert (layout.num_tokens, layout.num_sequences) == (num_tokens, len(rows[0]))
    assert layout.longest == max(length for row in rows for length in row)
    assert layout.has_padding == (len({sum(row) for row in rows}) > 1)


@given(draw_rows())
def test_sequences_are_read_summed_and_spread_row_by_row(rows):
    layout = Layout(rows, CPU)
    values = draw_values(len(rows), layout.num_tokens)
    parts = split(values, rows)
    firsts = torch.stack([torch.stack([part[0] for part in row]) for row in parts])
    sums = torch.stack([torch.stack([part.sum(0) for part in row]) for row in parts])
    assert torch.equal(layout.take_first(values), firsts)
    torch.testing.assert_close(layout.sum_tokens(values), sums)
    for row, own in zip(split(layout.spread(firsts), rows), firsts, strict=True):
        assert all(torch.equal(part, first.expand_as(part)) for part, first in zip(row, own, strict=True))


@given(draw_rows(), st.integers(1, 3))
def test_one_layout_serves_all_trials_that_read_the_same_examples(rows, num_arrays):
    shared, each = Layout(rows[:1], CPU), Layout(rows[:1] * num_arrays, CPU)
    values = draw_values(num_arrays, shared.num_tokens)
    for name in ("take_first", "sum_tokens"):
        assert torch.equal(getattr(shared, name)(values), getattr(each, name)(values)), name
    ends = values[:, : shared.num_sequences]
    assert torch.equal(shared.spread(ends), each.spread(ends))


@given(draw_rows())
def test_padding_gets_no_gradient(rows):
    layout = Layout(rows, CPU)
    values = draw_values(len(rows), layout.num_tokens).requires_grad_()
    (layout.take_first(values).square().sum() + layout.sum_tokens(values).square().sum()).backward()
    assert not values.grad[~layout.is_token].any()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="pinned memory needs CUDA")
def test_what_is_sent_arrives():
    layout = Layout([(3, 1), (2, 5)], torch.device("cuda"))
    assert torch.equal(layout.owners.cpu(), Layout([(3, 1), (2, 5)], CPU).owners)


def test_what_is_there_already_is_not_copied():
    numbers = torch.arange(4).numpy()
    assert send(numbers, CPU).data_ptr() == numbers.ctypes.data
