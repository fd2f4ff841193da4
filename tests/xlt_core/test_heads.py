"""Heads of every shape: what their logits are, that they do not depend on the batch, and that gradients flow."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from tests.examples import TABLE_SHAPES, make_table
from tests.factories import build_batch, build_encoder, build_model
from xlt_core.data.batch import IGNORED_LABEL, PackedBatch
from xlt_core.data.batches import pack
from xlt_core.data.layout import Layout
from xlt_core.heads import build_head, pool_sequences
from xlt_core.model import TrialModel, measure_divergence, measure_loss
from xlt_core.spec import ModelSpec

every_shape = pytest.mark.parametrize("shape", TABLE_SHAPES)


@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_pooling_packed_tokens_equals_pooling_each_sequence(lengths, seed):
    hidden = torch.randn(2, sum(lengths), 4, generator=torch.Generator().manual_seed(seed))
    pieces = hidden.split(lengths, dim=1)
    layout = Layout([tuple(lengths)], torch.device("cpu"))
    first = pool_sequences(hidden, layout, "first")
    mean = pool_sequences(hidden, layout, "mean")
    assert torch.equal(first, torch.stack([piece[:, 0] for piece in pieces], 1))
    assert torch.allclose(mean, torch.stack([piece.mean(1) for piece in pieces], 1), atol=1e-6)


def batch_of(shape, rows=(3, 0, 7, 1)) -> PackedBatch:
    return pack(make_table(shape), np.array(rows))


def logits_of(model: TrialModel, batch: PackedBatch) -> torch.Tensor:
    return model(batch, model.encoder.embed(batch))


@every_shape
def test_logits_have_a_row_for_each_label_and_a_column_for_each_class(shape):
    batch = batch_of(shape)
    num_classes = {"choice": 3, "span": max(batch.lengths), "dual": 4}.get(shape, 5)
    logits = logits_of(build_model(shape, num_classes=5), batch)
    assert logits.shape == (*batch.labels.shape, num_classes)
    assert batch.labels.max() < num_classes


@every_shape
def test_gradients_reach_every_weight_of_head_and_embeddings(shape):
    model, batch = build_model(shape), batch_of(shape)
    measure_loss(logits_of(model, batch), batch.labels, batch.num_units).sum().backward()
    parameters = dict(model.head.named_parameters()) | {"embedding": model.encoder.word_embedding.weight}
    assert parameters
    for name, parameter in parameters.items():
        assert parameter.grad is not None, name
        # Equal numbers added to all classes of a choice change nothing.
        assert parameter.grad.abs().sum() > 0 or (shape, name) == ("choice", "output.bias"), name


def alone(model: TrialModel, shape: str, row: int) -> torch.Tensor:
    return logits_of(model, batch_of(shape, (row,)))[0]


@pytest.mark.parametrize("shape", ["single", "pair", "tagging", "choice", "span"])
def test_logits_of_an_example_are_the_same_in_whatever_batch_it_comes(shape):
    model, rows = build_model(shape).eval(), (3, 0, 7, 1)
    together = logits_of(model, batch_of(shape, rows))[0]
    place = 0
    for row in rows:
        one = alone(model, shape, row)
        found = together[place : place + len(one)]
        assert torch.allclose(found[:, : one.shape[1]], one, atol=1e-5)
        place += len(one)
    assert place == len(together)


def test_places_that_a_window_does_not_have_get_no_probability_and_no_gradient():
    model, batch = build_model("span").eval(), batch_of("span", (0, 5, 2, 9))
    assert len(set(batch.lengths)) > 1
    logits = logits_of(model, batch)
    probabilities = logits.softmax(-1)[0]
    for window, length in enumerate(batch.lengths):
        for row in (2 * window, 2 * window + 1):
            assert (probabilities[row, length:] == 0.0).all()
            assert float(probabilities[row, :length].sum().detach()) == pytest.approx(1.0, abs=1e-5)
    assert torch.isfinite(measure_divergence(logits, 2.0 * logits, batch.labels, batch.num_units)).all()


def test_a_windows_first_row_is_the_first_token_and_its_second_the_last():
    """Written out, token by token."""
    model, batch = build_model("span").eval(), batch_of("span")
    hidden = model.encoder.encode(batch, model.encoder.embed(batch))[0]
    logits, start = model.head(hidden[None], batch)[0], 0
    for window, length in enumerate(batch.lengths):
        ends = hidden[start : start + length] @ model.head.output.weight.T + model.head.output.bias
        assert torch.allclose(logits[2 * window, :length], ends[:, 0], atol=1e-6)
        assert torch.allclose(logits[2 * window + 1, :length], ends[:, 1], atol=1e-6)
        start += length


def test_a_choice_is_as_likely_as_its_own_score_in_the_order_of_the_choices():
    model, table = build_model("choice").eval(), make_table("choice")
    batch = pack(table, np.array([4, 2]))
    hidden = model.encoder.encode(batch, model.encoder.embed(batch))[0]
    firsts = np.cumsum([0, *batch.lengths[:-1]])
    head = model.head
    scores = head.output(torch.tanh(head.dense(hidden[firsts]))).view(2, 3)
    assert torch.allclose(head(hidden[None], batch)[0], scores, atol=1e-6)
    assert batch.labels[0].tolist() == table.gold[[4, 2]].tolist()


def test_a_dual_encoders_logits_are_scaled_cosines_of_queries_and_passages():
    model, batch = build_model("dual").eval(), batch_of("dual")
    hidden = model.encoder.encode(batch, model.encoder.embed(batch))
    firsts = np.cumsum([0, *batch.lengths[:-1]])
    vectors = torch.tanh(model.head.dense(hidden[0, firsts])).detach()
    logits = model.head(hidden, batch)[0].detach()
    assert model.head.scale.item() == 100.0
    for query in range(4):
        for passage in range(4):
            cosine = functional.cosine_similarity(vectors[2 * query], vectors[2 * passage + 1], dim=0)
            assert float(logits[query, passage]) == pytest.approx(100.0 * float(cosine), abs=1e-3)
    assert batch.labels.tolist() == [[0, 1, 2, 3]], "the right passage is the query's own"


def test_vectors_of_a_dual_encoder_have_length_one_in_whatever_batch_a_text_comes():
    model, rows = build_model("dual").eval(), (3, 0, 7)

    def embed(*rows: int) -> torch.Tensor:
        batch = batch_of("dual", rows)
        return model.head.embed(model.encoder.encode(batch, model.encoder.embed(batch)), batch)[0].detach()

    together = embed(*rows)
    assert torch.allclose(together.norm(dim=-1), torch.ones(6), atol=1e-6)
    assert torch.allclose(together, torch.cat([embed(row) for row in rows]), atol=1e-5)


@every_shape
def test_a_heads_weights_depend_on_the_seed_alone(shape):
    def weights(seed: int) -> torch.Tensor:
        torch.manual_seed(torch.randint(1000, ()).item())  # whatever ran before
        head = build_head(shape, 16, 3, ModelSpec(), seed)
        return torch.cat([parameter.flatten() for parameter in head.parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


@every_shape
def test_bfloat16_gives_nearly_the_same_loss(shape):
    model, batch = build_model(shape).eval(), batch_of(shape)
    if shape == "dual":
        model.head.scale.data.fill_(5.0)  # a cosine's rounding counts a hundredfold else
    exact = measure_loss(logits_of(model, batch), batch.labels, batch.num_units)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = logits_of(model, batch)
        rough = measure_loss(logits, batch.labels, batch.num_units)
    assert rough.dtype == torch.float32
    assert torch.allclose(rough, exact, rtol=0.05, atol=0.05)


def test_an_array_of_trials_has_the_logits_of_each():
    """Two trials' hidden states along the leading axis."""
    for shape in TABLE_SHAPES:
        head, batch = build_model(shape).head.eval(), batch_of(shape)
        hidden = torch.randn(2, batch.num_tokens, 16, generator=torch.Generator().manual_seed(0))
        apart = torch.cat([head(one[None], batch) for one in hidden])
        assert torch.allclose(head(hidden, batch), apart, atol=1e-6)


@pytest.mark.parametrize("shape", ["retrieval", "mining"])
def test_a_frozen_encoder_has_a_head_without_weights(shape):
    head = build_head(shape, 16, 3, ModelSpec(), 0)
    assert list(head.parameters()) == []
    hidden = torch.randn(1, 5, 16)
    assert torch.equal(head(hidden, batch_of("single")), hidden)


def test_labels_that_a_file_does_not_have_are_not_scored():
    table = make_table("span")
    table.gold[:4] = -1
    labels = pack(table, np.array([0, 1, 2])).labels[0]
    assert labels[:4].tolist() == [IGNORED_LABEL] * 4
    assert (labels[4:] >= 0).all()


@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_a_pairs_head_follows_the_pooling(pooling):
    encoder = build_encoder()
    model = TrialModel(encoder, build_head("pair", 16, 3, ModelSpec(pooling=pooling), seed=0)).eval()
    batch = build_batch((6,))
    hidden = encoder.encode(batch, encoder.embed(batch))[0]
    pooled = hidden[0] if pooling == "first" else hidden.mean(0)
    head = model.head
    expected = head.output(torch.tanh(head.dense(pooled)))
    assert torch.allclose(model(batch, encoder.embed(batch))[0, 0], expected, atol=1e-6)
