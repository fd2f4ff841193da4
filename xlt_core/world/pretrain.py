"""Pre-training of the mini encoder on the world's text, as an objective of the one training loop.

Every word is predicted among the words of its own language only. With a softmax over all words the tied embeddings
would have to hold the language's identity, and nothing would transfer (`docs/embedded_world.md`).
"""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast, XLMRobertaForMaskedLM

from xlt_core.encoders.mini import build_mini_model
from xlt_core.spec import OptimSpec, PretrainSpec
from xlt_core.train import StepLog
from xlt_core.world.corpus import Corpus
from xlt_core.world.languages import LANGUAGES
from xlt_core.world.masking import MaskedText
from xlt_core.world.tokenizer import build_tokenizer
from xlt_core.world.world import build_world

NUM_WARMUP_STEPS = 100
BATCH_SIZE = 64


class PretrainObjective:
    """Masked language modelling with one softmax a language."""

    def __init__(self, module: XLMRobertaForMaskedLM, tokenizer: PreTrainedTokenizerFast, text: MaskedText) -> None:
        self.module: nn.Module = module
        self.micro_batch_size: int | None = None  # a softmax over the masked words of all of the batch, which is small
        self._model, self._tokenizer, self._text = module, tokenizer, text
        self.forbidden = _forbid_other_languages(text, len(tokenizer))
        """Added to the logits; shape (languages, vocabulary)."""

    def backward(self, step: int) -> StepLog:
        """Differentiate the mean cross entropy of the masked words of one batch."""
        loss = self.loss(step)
        loss.backward()  # type: ignore[no-untyped-call]
        return {"loss": loss.detach()}

    def loss(self, step: int) -> Tensor:
        """Mean cross entropy of the masked words of one batch; shape ()."""
        batch = self._text.batch(step)
        device = next(self.module.parameters()).device
        hidden = self._model.roberta(
            input_ids=torch.from_numpy(batch.input_ids).to(device),
            attention_mask=torch.from_numpy(batch.attention_mask).to(device),
        ).last_hidden_state
        logits = self._model.lm_head(hidden[torch.from_numpy(batch.is_masked).to(device)])
        forbidden = self.forbidden.to(device)[torch.from_numpy(batch.target_languages).to(device)]
        targets = torch.from_numpy(batch.targets).to(device)
        return nn.functional.cross_entropy(logits + forbidden, targets)

    def save(self, folder: Path) -> None:
        """Write the encoder without its language-model head, and the tokenizer."""
        self._model.roberta.save_pretrained(folder)
        self._tokenizer.save_pretrained(folder)


def _forbid_other_languages(text: MaskedText, vocabulary_size: int) -> Tensor:
    """Minus infinity at every token that is no word of a language, else 0; shape (languages, vocabulary)."""
    forbidden = torch.full((len(LANGUAGES), vocabulary_size), -torch.inf)
    for language, words in enumerate(text.language_words):
        forbidden[language, words] = 0.0
    return forbidden


class Pretraining(NamedTuple):
    """What the training loop needs."""

    objective: PretrainObjective
    optim: OptimSpec


def prepare_pretraining(spec: PretrainSpec, corpus: Corpus | None = None) -> Pretraining:
    """Build the untrained mini encoder, its text and its recipe.

    Args:
        spec: steps and seed.
        corpus: none given: that of the default world.
    """
    corpus = corpus or Corpus(world=build_world())
    tokenizer = build_tokenizer(corpus.world)
    text = MaskedText(corpus, seed=spec.seed, batch_size=BATCH_SIZE)
    optim = OptimSpec(
        learning_rate=4.0e-3,
        num_steps=spec.num_steps,
        batch_size=BATCH_SIZE,
        warmup_ratio=min(1.0, NUM_WARMUP_STEPS / spec.num_steps),
        weight_decay=0.01,
        betas=(0.9, 0.98),
    )
    return Pretraining(PretrainObjective(build_mini_model(tokenizer, spec.seed), tokenizer, text), optim)
