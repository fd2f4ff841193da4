import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from xlt_core.encoders.dropout import DropoutStreams, QuickDropout, draw_keep_mask, seed_masks

CPU = torch.device("cpu")


def draw_mask(shape, dropout: float) -> torch.Tensor:
    return draw_keep_mask(torch.Size(shape), dropout).apply(torch.ones(shape))


@given(st.lists(st.integers(1, 7), min_size=1, max_size=3), st.sampled_from([0.1, 0.5, 0.9]), st.integers(0, 2**31))
def test_a_mask_holds_zero_or_one_factor_and_follows_the_seed(shape, dropout, seed):
    torch.manual_seed(seed)
    mask = draw_mask(shape, dropout)
    torch.manual_seed(seed)
    assert torch.equal(mask, draw_mask(shape, dropout))
    assert mask.shape == torch.Size(shape)
    kept = mask[mask != 0]
    torch.testing.assert_close(kept, torch.full_like(kept, 1 / (1 - dropout)), rtol=1e-4, atol=0)


@pytest.mark.parametrize("dropout", [0.1, 0.3, 0.75])
def test_the_share_of_zeros_is_the_dropout_in_every_lane(dropout):
    torch.manual_seed(0)
    dropped = (draw_mask((40_000, 4), dropout) == 0).double().mean(0)
    deviation = (dropout * (1 - dropout) / 40_000) ** 0.5
    assert ((dropped - dropout).abs() < 5 * deviation).all()


def test_masks_after_each_other_are_independent():
    torch.manual_seed(0)
    first, second = ((draw_mask((100_000,), 0.5) == 0).double() for _ in range(2))
    assert abs(float(torch.corrcoef(torch.stack([first, second]))[0, 1])) < 0.02


def test_the_kept_elements_and_their_gradients_carry_the_factor():
    module, states = QuickDropout(0.5).train(), torch.ones(1000, requires_grad=True)
    torch.manual_seed(0)
    dropped = module(states)
    dropped.sum().backward()
    assert set(dropped.tolist()) == {0.0, 2.0}
    assert torch.equal(states.grad, dropped.detach())


@pytest.mark.parametrize("module", [QuickDropout(0.5).eval(), QuickDropout(0.0).train()])
def test_nothing_drops_in_evaluation_or_at_zero_and_no_number_is_drawn(module):
    states, before = torch.randn(10), torch.get_rng_state()
    assert module(states) is states
    assert torch.equal(torch.get_rng_state(), before)


def test_everything_drops_at_one():
    assert torch.equal(QuickDropout(1.0).train()(torch.ones(9)), nn.Dropout(1.0).train()(torch.ones(9)))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 5)), max_size=12), st.integers(0, 2**31))
def test_each_stream_draws_what_its_seed_draws_alone_in_whatever_order_they_take_turns(turns, seed):
    seeds = [seed, seed + 1, seed]
    streams, drawn = DropoutStreams(3, CPU), {0: [], 1: [], 2: []}
    streams.seed(seeds)
    for array, size in turns:
        with streams.of(array):
            drawn[array].append(draw_mask((size,), 0.5))
    for array, masks in drawn.items():
        seed_masks(seeds[array], CPU)
        assert all(torch.equal(mask, draw_mask(mask.shape, 0.5)) for mask in masks)


def test_streams_leave_the_default_generator_alone_even_where_a_pass_breaks():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    streams = DropoutStreams(2, CPU)
    streams.seed([1, 2])
    with streams.of(0):
        torch.rand(3)
    with pytest.raises(RuntimeError, match="out of memory"), streams.of(1):
        raise RuntimeError("out of memory")
    assert torch.equal(torch.get_rng_state(), before)


def test_of_a_row_of_tokens_a_trials_own_are_counted_and_of_other_rows_all():
    streams = DropoutStreams(2, CPU)
    assert streams.count_own(0, 9) == 9, "nothing is known of tokens yet"
    streams.follow([7, 9])
    assert [streams.count_own(array, 9) for array in (0, 1)] == [7, 9]
    assert [streams.count_own(array, 4) for array in (0, 1)] == [4, 4], "pooled sequences"
