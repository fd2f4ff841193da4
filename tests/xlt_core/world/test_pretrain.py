"""Pre-training the mini encoder."""

import numpy as np
import pytest
import torch

from xlt_core.encoders.loading import load_encoder
from xlt_core.spec import PretrainSpec
from xlt_core.train import train
from xlt_core.world.corpus import Corpus
from xlt_core.world.languages import LANGUAGES
from xlt_core.world.masking import MaskedText
from xlt_core.world.pretrain import BATCH_SIZE, prepare_pretraining
from xlt_core.world.world import build_world


def compute_loss_word_by_word(objective, step, seed):
    """Mean negative log probability of each masked word among its own language's words, one by one."""
    text = MaskedText(Corpus(world=build_world()), seed=seed, batch_size=BATCH_SIZE)
    batch = text.batch(step)
    with torch.no_grad():
        output = objective.module(
            input_ids=torch.from_numpy(batch.input_ids), attention_mask=torch.from_numpy(batch.attention_mask)
        )
    logits = output.logits.double().numpy()[batch.is_masked]
    losses = []
    for row, target, language in zip(logits, batch.targets, batch.target_languages, strict=True):
        own = row[text.language_words[language]]
        losses.append(np.log(np.exp(own - own.max()).sum()) + own.max() - row[target])
    return float(np.mean(losses))


def test_the_loss_is_that_of_one_softmax_a_language():
    objective, _ = prepare_pretraining(PretrainSpec(seed=3))
    objective.module.eval()
    expected = compute_loss_word_by_word(objective, step=7, seed=3)
    assert float(objective.loss(7).detach()) == pytest.approx(expected, rel=1e-5)


def test_words_of_other_languages_get_neither_probability_nor_gradient():
    objective, _ = prepare_pretraining(PretrainSpec(seed=0))
    forbidden = objective.forbidden
    words = MaskedText(Corpus(world=build_world()), seed=0, batch_size=2).language_words
    for language in range(len(LANGUAGES)):
        logits = torch.randn(forbidden.shape[1], requires_grad=True)
        probabilities = (logits + forbidden[language]).softmax(dim=0)
        probabilities[words[language][0]].log().backward()
        outside = np.setdiff1d(np.arange(len(logits)), words[language])
        assert float(probabilities[outside].detach().sum()) == 0.0
        assert float(probabilities.detach().sum()) == pytest.approx(1.0, abs=1e-6)
        assert not logits.grad[outside].any()
        assert float(logits.grad[words[language]].abs().min()) > 0


def test_a_step_taken_again_gives_the_same_gradients():
    gradients = []
    for _ in range(2):
        objective, _ = prepare_pretraining(PretrainSpec(seed=0))
        objective.backward(5)
        objective.module.zero_grad()
        objective.backward(2)
        gradients.append([parameter.grad for parameter in objective.module.parameters()])
    assert all(torch.equal(*pair) for pair in zip(*gradients, strict=True))


def test_the_seed_fixes_the_untrained_weights_and_leaves_the_global_generator_alone():
    torch.manual_seed(11)
    before = torch.get_rng_state()
    models = [prepare_pretraining(PretrainSpec(seed=seed)).objective.module.state_dict() for seed in (0, 0, 1)]
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(models[0][name], models[1][name]) for name in models[0])
    name = "roberta.embeddings.word_embeddings.weight"
    assert not torch.equal(models[0][name], models[2][name])


def test_the_warm_up_is_a_hundred_steps_or_the_whole_of_a_short_run():
    for num_steps, expected in ((2600, 100), (50, 50)):
        optim = prepare_pretraining(PretrainSpec(num_steps=num_steps)).optim
        assert optim.num_steps == num_steps
        assert optim.warmup_ratio * num_steps == pytest.approx(expected)


def test_what_is_saved_loads_as_an_encoder_with_equal_weights(tmp_path):
    objective, optim = prepare_pretraining(PretrainSpec(num_steps=2))
    train(objective, optim, seed=0)
    objective.save(tmp_path)
    encoder = load_encoder(tmp_path)
    trained = objective.module.roberta.state_dict()
    loaded = encoder.model.state_dict()
    assert trained.keys() == loaded.keys()
    assert all(torch.equal(trained[name], loaded[name]) for name in trained)
    assert torch.equal(encoder.word_embedding.weight, objective.module.lm_head.decoder.weight)


@pytest.mark.slow
def test_three_hundred_steps_lower_the_loss_well_below_guessing_by_frequency():
    objective, optim = prepare_pretraining(PretrainSpec(num_steps=300))
    outcome = train(objective, optim, seed=0)
    start, end = np.mean(outcome.losses[:10]), np.mean(outcome.losses[-50:])
    words = build_world().lexicons["src"].words
    assert start > np.log(len(words)) - 0.5  # as if all words of the language were as likely
    assert end < 2.3
