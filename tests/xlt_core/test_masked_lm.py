"""Masked language modelling: what is hidden, how often, and that predicting it is learned."""

import numpy as np
import pytest
import torch
from torch import nn
from transformers.models.xlm_roberta.modeling_xlm_roberta import XLMRobertaLMHead

from tests.factories import NUM_WORDS, SPECIALS, build_encoder
from xlt_core.data.batch import IGNORED_LABEL
from xlt_core.encoders.vocabulary import restrict_vocabulary
from xlt_core.errors import DataError, EncoderError
from xlt_core.masked_lm import MASKED_SHARE, LmHead, MaskedLm, MaskedText, read_masked_text
from xlt_core.recipe import OptimSpec
from xlt_core.sources import MaskedLmSpec
from xlt_core.train import train
from xlt_core.updates import frozen_decay

CPU = torch.device("cpu")
MASK = SPECIALS.index("<mask>")


@pytest.fixture
def texts(tmp_path):
    """Words of one half of the vocabulary in Swahili, of the other in German; neighbours in a sentence are neighbours
    in the vocabulary, so that a hidden word can be known."""
    for language, words in (("sw", range(20)), ("de", range(20, 36))):
        generator = np.random.default_rng(0)
        lines = []
        for _ in range(60):
            start = int(generator.integers(len(words)))
            lines.append(" ".join(f"w{words[(start + place) % len(words)]}" for place in range(6)))
        (tmp_path / f"{language}.txt").write_text("\n".join([*lines, "w1 stranger"]))
    return tmp_path


def read(texts, encoder=None, languages=("sw", "de"), seed=0) -> MaskedText:
    spec = MaskedLmSpec(text=str(texts), languages=languages, ratio=0.5)
    return read_masked_text(spec, encoder or build_encoder(), max_length=12, seed=seed)


class Alone:
    """The objective with all that it trains in one module."""

    def __init__(self, texts, micro_batch_size: int = 16) -> None:
        encoder = build_encoder()
        self.objective = MaskedLm(encoder, read(texts, encoder), 0, 16, micro_batch_size, CPU)
        self.module = nn.ModuleList([encoder, self.objective.module])
        self.micro_batch_size = micro_batch_size

    def backward(self, step: int):
        return self.objective.backward(step)


def test_words_are_hidden_as_bert_hides_them(texts):
    text = read(texts)
    shown, told, num_tokens = [], [], 0
    for step in range(300):
        (batch,) = text.batches(step, 16, 16)
        hidden = batch.labels[0] != IGNORED_LABEL
        shown.append(batch.input_ids[0, hidden].numpy())
        told.append(text.candidates[batch.labels[0, hidden].numpy()])
        num_tokens += int((batch.content_mask[0] & (batch.input_ids[0] != SPECIALS.index("<unk>"))).sum())
    shown_ids, told_ids = np.concatenate(shown), np.concatenate(told)
    size = len(told_ids)
    assert size / num_tokens == pytest.approx(MASKED_SHARE, abs=4 * (0.15 * 0.85 / num_tokens) ** 0.5)
    spread = 4 * (0.8 * 0.2 / size) ** 0.5
    assert np.mean(shown_ids == MASK) == pytest.approx(0.8, abs=spread)
    by_chance = 0.1 / len(text.candidates)  # the other word may be the same
    assert np.mean(shown_ids == told_ids) == pytest.approx(0.1 + by_chance, abs=spread)


def test_what_is_told_is_what_was_there_and_no_special_or_unknown_token(texts):
    text = read(texts)
    assert set(text.candidates) == {len(SPECIALS) + number for number in range(36)}
    assert set(text.token_ids) == set(text.candidates) | {SPECIALS.index(name) for name in SPECIALS if name != "<pad>"}
    found = set()
    for step in range(40):
        (batch,) = text.batches(step, 16, 16)
        rows = torch.split(batch.input_ids[0], batch.lengths)
        labels = torch.split(batch.labels[0], batch.lengths)
        for row, label in zip(rows, labels, strict=True):
            assert row[0] == SPECIALS.index("<s>")
            assert row[-1] == SPECIALS.index("</s>")
            restored = row.numpy().copy()
            hidden = label.numpy() != IGNORED_LABEL
            restored[hidden] = text.candidates[label.numpy()[hidden]]
            words = restored[1:-1] - len(SPECIALS)
            if SPECIALS.index("<unk>") not in restored:
                first, size = (0, 20) if words[0] < 20 else (20, 16)
                assert (np.diff((words - first) % size) % size == 1).all()
            found.add(batch.language)
    assert found == {"sw", "de"}


def test_languages_are_drawn_alike_however_much_text_they_have(texts):
    (texts / "de.txt").write_text("w21 w22\n")
    text = read(texts)
    num_german = sum(text.batches(step, 2, 2)[0].language == "de" for step in range(1000))
    assert 437 < num_german < 563  # 4 standard deviations


def test_a_step_is_a_function_of_seed_and_step_and_not_of_its_parts(texts):
    text = read(texts)
    (whole,) = text.batches(5, 16, 16)
    parts = read(texts).batches(5, 16, 3)
    assert len(parts) == 6
    for name in ("input_ids", "labels", "content_mask"):
        assert torch.equal(torch.cat([getattr(part, name) for part in parts], 1), getattr(whole, name))
    assert not torch.equal(read(texts, seed=1).batches(5, 16, 16)[0].input_ids, whole.input_ids)


def test_gradients_are_those_of_the_whole_batch_whatever_the_micro_batch(texts):
    def gradients(micro_batch_size: int) -> tuple[float, list[torch.Tensor]]:
        alone = Alone(texts, micro_batch_size)
        loss = alone.backward(3)["loss"]
        return float(loss), [each.grad for each in alone.module.parameters() if each.grad is not None]

    (loss, whole), (other_loss, parts) = gradients(16), gradients(3)
    assert loss == pytest.approx(other_loss, rel=1e-5)
    assert len(whole) == len(parts) > 10
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(whole, parts, strict=True))


def test_the_head_computes_what_that_of_transformers_does(texts):
    encoder = build_encoder()
    text = read(texts, encoder)
    head = LmHead(16, 16, len(text.candidates), seed=0)
    peer = XLMRobertaLMHead(encoder.model.config)
    with torch.no_grad():
        head.norm.weight.uniform_(0.5, 1.5)
        head.bias.normal_()
        peer.dense.load_state_dict(head.dense.state_dict())
        peer.layer_norm.load_state_dict(head.norm.state_dict())
        peer.layer_norm.eps = head.norm.eps
        peer.decoder.weight.copy_(encoder.word_embedding.weight)
        peer.decoder.bias.zero_()
        peer.decoder.bias[text.candidates] = head.bias
        hidden = torch.randn(7, 16)
        words = encoder.word_embedding(torch.from_numpy(text.candidates))
        assert torch.allclose(head(hidden, words), peer(hidden)[:, text.candidates], atol=1e-6)


def test_the_head_depends_on_the_seed_alone():
    torch.manual_seed(1)
    first = LmHead(16, 16, 5, seed=3)
    torch.manual_seed(2)
    second, other = LmHead(16, 16, 5, seed=3), LmHead(16, 16, 5, seed=4)
    assert torch.equal(first.dense.weight, second.dense.weight)
    assert not torch.equal(first.dense.weight, other.dense.weight)


def test_training_lowers_the_loss_and_needs_no_more_rows_than_the_texts_have(texts):
    lines = {"sw": range(20), "de": range(20, 36)}  # a sentence is one word, so that what is left of it says it all
    for language, words in lines.items():
        (texts / f"{language}.txt").write_text("\n".join(" ".join([f"w{word}"] * 8) for word in words))
    alone, restricted = Alone(texts), Alone(texts)
    optim = OptimSpec(learning_rate=1e-2, num_steps=120, batch_size=16, weight_decay=0.05)
    outcome = train(alone, optim, seed=0)
    chance = np.log(len(alone.objective.text.candidates))
    assert np.mean(outcome.losses[:5]) > 0.9 * chance
    assert np.mean(outcome.losses[-20:]) < 0.5 * chance
    with restrict_vocabulary(restricted.objective.encoder, restricted.objective.text.token_ids) as rows:
        other = train(restricted, optim, seed=0)
        rows.frozen_decay = frozen_decay(optim, other.num_applied_steps)
    assert other.losses[:20] == pytest.approx(outcome.losses[:20], rel=1e-4)
    unseen = torch.arange(len(SPECIALS) + 36, len(SPECIALS) + NUM_WORDS)
    given = build_encoder().word_embedding.weight[unseen]
    for each in (alone, restricted):
        found = each.objective.encoder.word_embedding.weight[unseen]
        assert torch.allclose(found, given * frozen_decay(optim, 120), rtol=0.0, atol=1e-6)
        assert not torch.allclose(found, given, rtol=0.0, atol=1e-5)


def test_texts_that_the_tokenizer_knows_nothing_of_are_refused(texts):
    (texts / "de.txt").write_text("fremde Worte\n")
    with pytest.raises(DataError, match="knows no token of the texts in 'de'"):
        read(texts)


def test_a_tokenizer_without_a_mask_is_refused(texts):
    encoder = build_encoder()
    encoder.tokenizer.mask_token = None
    with pytest.raises(EncoderError, match="mask token"):
        read(texts, encoder)


def test_a_sentence_that_is_too_long_is_cut(tmp_path):
    (tmp_path / "de.txt").write_text(" ".join(["w1"] * 50))
    assert read(tmp_path, languages=("de",)).batches(0, 1, 1)[0].lengths == (12,)
