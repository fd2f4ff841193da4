"""A packed batch: its counts, and two of them as one: one after the other, or as an array's trials."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import TABLE_SHAPES, make_table
from tests.factories import build_batch
from xlt_core.data.batch import IGNORED_LABEL, stack_members
from xlt_core.data.batches import pack

LENGTHS = (5, 9, 4)


@pytest.mark.parametrize("shape", ["pair", "tagging"])
def test_joined_batches_are_the_batch_of_all_their_sequences(shape):
    first, second = build_batch(LENGTHS[:2], shape), build_batch(LENGTHS[2:], shape, first_key=2)
    joined, whole = first.join(second), build_batch(LENGTHS, shape)
    for name in ("input_ids", "token_type_ids", "content_mask", "labels"):
        assert torch.equal(getattr(joined, name), getattr(whole, name)), name
    assert (joined.lengths, joined.example_keys, joined.language) == (whole.lengths, whole.example_keys, "en")


@pytest.mark.parametrize("shape", ["single", "pair", "tagging", "choice", "span"])
def test_rows_joined_are_rows_packed_together(shape):
    table = make_table(shape)
    joined = pack(table, np.array([4, 1])).join(pack(table, np.array([7])))
    whole = pack(table, np.array([4, 1, 7]))
    for name in ("input_ids", "token_type_ids", "content_mask", "labels"):
        assert torch.equal(getattr(joined, name), getattr(whole, name)), name
    assert (joined.lengths, joined.example_keys) == (whole.lengths, whole.example_keys)
    assert joined.num_sequences_per_row == whole.num_sequences_per_row


def test_units_are_the_labels_that_count():
    """Every pair has one; of a sentence each word, and no special token."""
    assert build_batch(LENGTHS).num_units.tolist() == [3.0]
    assert build_batch(LENGTHS, "tagging").num_units.tolist() == [sum(length - 2 for length in LENGTHS)]


TABLES = {shape: make_table(shape) for shape in TABLE_SHAPES}
ROWS = st.lists(st.integers(0, 7), min_size=3, max_size=3)


@settings(max_examples=40)
@given(shape=st.sampled_from(TABLE_SHAPES), rows=st.lists(ROWS, min_size=1, max_size=4))
def test_a_stack_holds_what_each_of_its_trials_has_and_padding_that_nothing_looks_at(shape, rows):
    members = [pack(TABLES[shape], np.array(own)) for own in rows]
    stacked, num_tokens = stack_members(members), [member.num_tokens for member in members]
    assert stacked.num_tokens == max(num_tokens)
    assert stacked.num_sequences == members[0].num_sequences
    assert stacked.layout.lengths == tuple(member.lengths for member in members)
    assert stacked.num_units.tolist() == [member.num_units.item() for member in members]
    for array, member in enumerate(members):
        part = stacked.part(array)
        assert (part.lengths, part.example_keys) == (member.lengths, member.example_keys)
        for name in ("input_ids", "token_type_ids", "content_mask", "labels"):
            own, row = getattr(member, name)[0], getattr(stacked, name)[array]
            assert torch.equal(row[: len(own)], own), name
            assert torch.equal(getattr(part, name)[0], own), name
        padding = slice(member.num_tokens, None)
        assert set(stacked.input_ids[array, padding].tolist()) <= {member.input_ids[0, 0].item()}
        assert not stacked.content_mask[array, padding].any()
        assert (stacked.labels[array, member.labels.shape[1] :] == IGNORED_LABEL).all()


def test_a_batch_that_all_trials_read_is_each_ones_own():
    batch = build_batch(LENGTHS)
    assert batch.part(0) is batch.part(2) is batch
