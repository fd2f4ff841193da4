import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from xlt_core.encoders import attention
from xlt_core.encoders.attention import attend_packed
from xlt_core.encoders.dropout import DropoutStreams, KeepMask, SharedMasks, seed_masks
from xlt_core.encoders.segments import ArraySegments

CPU = torch.device("cpu")
LENGTHS = (5, 16, 3, 17, 5, 31)


def draw_states(num_arrays: int, num_heads: int, lengths: tuple[int, ...], width: int = 8) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    shape = (num_arrays, num_heads, sum(lengths), width)
    return [torch.randn(shape, generator=generator, requires_grad=True) for _ in range(3)]


def attend(states: list[Tensor], lengths: tuple[int, ...], dropout: float = 0.0, multiple: int = 16) -> Tensor:
    segments = ArraySegments([lengths] * len(states[0]), sum(lengths), CPU, multiple=multiple)
    attended, probabilities = attend_packed(nn.Identity(), *states, None, segments=segments, dropout=dropout)
    assert probabilities is None
    return attended


def attend_one_by_one(states: list[Tensor], lengths: tuple[int, ...]) -> Tensor:
    split = zip(*(tensor.split(lengths, dim=2) for tensor in states), strict=True)
    return torch.cat([functional.scaled_dot_product_attention(*parts) for parts in split], dim=2).transpose(1, 2)


@settings(max_examples=25)
@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=7).map(tuple),
    num_arrays=st.integers(1, 3),
    num_heads=st.integers(1, 3),
    multiple=st.sampled_from([1, 8, 16]),
)
def test_each_segment_attends_as_if_it_were_alone(lengths, num_arrays, num_heads, multiple):
    states = draw_states(num_arrays, num_heads, lengths)
    expected = attend_one_by_one(states, lengths)
    attended = attend(states, lengths, multiple=multiple)
    torch.testing.assert_close(attended, expected, atol=1e-5, rtol=0)
    direction = torch.randn(expected.shape, generator=torch.Generator().manual_seed(1))
    expected_gradients = torch.autograd.grad((expected * direction).sum(), states)
    gradients = torch.autograd.grad((attended * direction).sum(), states)
    torch.testing.assert_close(gradients, expected_gradients, atol=1e-5, rtol=0)


def keep_everything(shape: torch.Size, dropout: float, shared: SharedMasks | None) -> KeepMask:
    assert (dropout, shared) == (0.5, None)
    return KeepMask(torch.ones(shape, dtype=torch.uint8), 1.0)


def test_the_attention_that_drops_is_torchs_where_nothing_happens_to_drop(monkeypatch):
    monkeypatch.setattr(attention, "draw_keep_mask", keep_everything)
    states = draw_states(2, 2, LENGTHS)
    expected, attended = attend_one_by_one(states, LENGTHS), attend(states, LENGTHS, dropout=0.5)
    torch.testing.assert_close(attended, expected, atol=1e-5, rtol=0)
    direction = torch.randn(expected.shape, generator=torch.Generator().manual_seed(1))
    expected_gradients = torch.autograd.grad((expected * direction).sum(), states)
    gradients = torch.autograd.grad((attended * direction).sum(), states)
    torch.testing.assert_close(gradients, expected_gradients, atol=1e-5, rtol=0)


def test_the_gradient_of_the_attention_that_drops_is_its_derivative():
    states = [tensor.detach().double().requires_grad_() for tensor in draw_states(1, 2, (3, 5), width=4)]

    def run(*states: Tensor) -> Tensor:
        torch.manual_seed(3)
        return attend(list(states), (3, 5), dropout=0.3)

    assert torch.autograd.gradcheck(run, states)


def test_dropping_keeps_the_mean():
    states = draw_states(1, 2, LENGTHS)
    torch.manual_seed(0)
    with torch.no_grad():
        mean = torch.stack([attend(states, LENGTHS, dropout=0.25) for _ in range(600)]).mean(0)
        spread = torch.stack([attend(states, LENGTHS, dropout=0.25) for _ in range(50)]).std(0)
        expected = attend(states, LENGTHS)
    assert ((mean - expected).abs() <= 6 * spread / 600**0.5 + 1e-5).all()
    assert spread.max() > 0.1


def test_flash_attention_is_told_the_boundaries_of_every_array(monkeypatch):
    def attend_between(query, key, value, starts, ends, longest_query, longest_key, *, scale):
        assert starts is ends
        assert starts.dtype == torch.int32
        assert longest_query == longest_key == max(LENGTHS)
        sizes = starts.diff().tolist()
        parts = zip(*(tensor.transpose(0, 1).split(sizes, dim=1) for tensor in (query, key, value)), strict=True)
        attended = [functional.scaled_dot_product_attention(*part, scale=scale) for part in parts]
        return torch.cat(attended, dim=1).transpose(0, 1)

    monkeypatch.setattr("torch.nn.attention.varlen.varlen_attn", attend_between)
    monkeypatch.setattr(attention, "_runs_varlen", lambda _: True)
    states = draw_states(2, 2, LENGTHS)
    torch.testing.assert_close(attend(states, LENGTHS), attend_one_by_one(states, LENGTHS), atol=1e-5, rtol=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="flash attention with boundaries needs CUDA")
def test_half_precision_on_cuda_attends_within_segments():
    states = [tensor.detach().to("cuda", torch.bfloat16) for tensor in draw_states(2, 2, LENGTHS, width=64)]
    segments = ArraySegments([LENGTHS] * 2, sum(LENGTHS), torch.device("cuda"), multiple=16)
    attended, _ = attend_packed(nn.Identity(), *states, None, segments=segments)
    expected = attend_one_by_one([tensor.float() for tensor in states], LENGTHS)
    torch.testing.assert_close(attended.float(), expected, atol=2e-2, rtol=0)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_trials_with_lengths_of_their_own_attend_as_if_each_were_alone(dropout):
    rows, seeds = [(5, 16, 3), (9, 2, 2), (8, 8, 8)], (4, 5, 4)
    num_tokens = max(map(sum, rows))
    states = draw_states(3, 2, (num_tokens,))
    streams = DropoutStreams(3, CPU)
    streams.seed(seeds)
    segments = ArraySegments(rows, num_tokens, CPU, multiple=8)
    attended, _ = attend_packed(nn.Identity(), *states, None, segments=segments, dropout=dropout, streams=streams)
    direction = torch.randn(attended.shape, generator=torch.Generator().manual_seed(1))
    for array, lengths in enumerate(rows):
        own = [tensor[array : array + 1, :, : sum(lengths)].detach().requires_grad_() for tensor in states]
        seed_masks(seeds[array], CPU)
        alone = attend(own, lengths, dropout, multiple=8)
        num_own = sum(lengths)
        torch.testing.assert_close(attended[array : array + 1, :num_own], alone, atol=1e-6, rtol=0)
        weighted = (attended * direction)[array, :num_own].sum()
        gradients = torch.autograd.grad(weighted, states, retain_graph=True)
        expected = torch.autograd.grad((alone * direction[array, :num_own]).sum(), own)
        for gradient, known in zip(gradients, expected, strict=True):
            torch.testing.assert_close(gradient[array, :, :num_own], known[0], atol=1e-5, rtol=0)
            assert not gradient[array, :, num_own:].any()
            assert not gradient[[other for other in range(3) if other != array]].any()
