import torch
from hypothesis import given
from hypothesis import strategies as st

from xlt_core.encoders.segments import ArraySegments, Segments

CPU = torch.device("cpu")
LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=9).map(tuple)


def test_the_ends_of_the_sequences_add_up():
    segments = Segments((3, 1, 2), CPU, multiple=4)
    assert segments.cumulative.tolist() == [0, 3, 4, 6]


def test_lengths_that_round_up_to_one_width_share_a_block():
    segments = Segments((3, 9, 4, 8), CPU, multiple=4)
    assert [(block.width, block.num_sequences) for block in segments.blocks] == [(4, 2), (8, 1), (12, 1)]
    assert [block.num_rows for block in segments.blocks] == [8, 8, 12]
    narrow, exact, wide = segments.blocks
    assert narrow.bias is not None
    assert narrow.bias[:, 0].isinf().tolist() == [[False, False, False, True], [False] * 4]
    assert exact.bias is None
    assert wide.bias is not None


@given(LENGTHS, st.integers(1, 16), st.integers(1, 3))
def test_every_row_goes_to_its_own_place_in_its_own_block(lengths, multiple, num_heads):
    segments = Segments(lengths, CPU, multiple=multiple)
    rows = segments.rows(num_heads)
    assert rows.shape == (sum(lengths) * num_heads,)
    source = torch.arange(1, len(rows) + 1)
    num_rows = sum(block.num_rows for block in segments.blocks)
    padded = torch.zeros(num_rows * num_heads, dtype=torch.int64).index_copy(0, rows, source)
    packed = source.view(sum(lengths), num_heads)
    starts = segments.cumulative.tolist()
    for block in segments.blocks:
        first = block.first_row * num_heads
        stack = padded[first : first + block.num_rows * num_heads]
        stack = stack.view(block.num_sequences, num_heads, block.width)
        members = [i for i, length in enumerate(lengths) if -(-length // multiple) * multiple == block.width]
        for place, index in enumerate(members):
            tokens = packed[starts[index] : starts[index + 1]]
            assert torch.equal(stack[place, :, : lengths[index]], tokens.T)
            assert not stack[place, :, lengths[index] :].any()


@given(st.lists(LENGTHS, min_size=1, max_size=4))
def test_the_segments_of_an_array_are_those_of_its_trials_and_their_padding(rows):
    num_tokens = max(map(sum, rows))
    segments = ArraySegments(rows, num_tokens, CPU, multiple=8)
    assert segments.cumulative[-1] == num_tokens * len(rows)
    assert [member.lengths for member in segments.members] == rows
    ends = set(segments.cumulative.tolist())
    for array, row in enumerate(rows):
        assert array * num_tokens + sum(row) in ends
