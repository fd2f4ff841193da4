"""The same fine-tuning by this repository's loop and by `transformers.Trainer`, timed from first step to last.

In: a `Setting` that both share. Out: seconds. Needs torch, transformers, accelerate and pydantic, nothing else.
"""

import argparse
import copy
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import torch
import transformers
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

from benchmarks.naive_tune import add_noise
from benchmarks.pairs import LONGEST, NUM_CLASSES, build_table, build_tokenizer, draw_labels, draw_pairs
from xlt_core.arrays.lockstep import Member, train_in_lockstep
from xlt_core.data.tokens import TokenTable
from xlt_core.encoders.loading import load_encoder
from xlt_core.encoders.vocabulary import restrict_vocabulary
from xlt_core.finetune import FineTuning
from xlt_core.heads import build_head
from xlt_core.model import TrialModel
from xlt_core.perturbations.spec import PerturbationSpec
from xlt_core.spec import ModelSpec, OptimSpec, StageSpec
from xlt_core.train import Training, train
from xlt_core.updates import frozen_decay

_SHAPES = {
    "tiny": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 256},
    "narrow": {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 512},
    "small": {"hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 1024},
    "base": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072},
    "large": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
}
SHAPES = tuple(_SHAPES)
"""`base` and `large` are those of xlm-roberta."""
XLMR_VOCABULARY = 250_002

CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}
OnStep = Callable[[int], None]
"""Told how many steps were taken, after each."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all contestants share."""

    folder: Path
    """Encoder with tokenizer, as saved by transformers."""
    sequences: list[list[int]]
    labels: list[int]
    optim: OptimSpec
    """The whole training's, so that a step is one of a training of usual length."""
    num_steps: int
    """That are taken of it."""
    dropout: float
    device: str = "cpu"
    clock: Callable[[], float] = time.perf_counter
    """Seconds of the wall, or of this process's threads, which other processes disturb less."""

    def read_clock(self) -> float:
        """Seconds, once the device has done what it was given."""
        if self.device == "cuda":
            torch.cuda.synchronize()
        return self.clock()


def build_config(shape: str, vocabulary: int, dropout: float) -> XLMRobertaConfig:
    """XLM-R's own configuration in one of `SHAPES`."""
    return XLMRobertaConfig(
        **_SHAPES[shape],
        vocab_size=vocabulary,
        max_position_embeddings=514 if shape in ("base", "large") else LONGEST + 2,
        type_vocab_size=1,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        classifier_dropout=dropout,
        num_labels=NUM_CLASSES,
    )


def save_random_encoder(
    folder: Path,
    shape: str,
    *,
    vocabulary: int,
    dropout: float,
    tokenizer: transformers.PreTrainedTokenizerBase | None = None,
) -> None:
    """Write an encoder of random weights; a tokenizer of few words, which only pads here, where none is given."""
    torch.manual_seed(0)
    XLMRobertaForSequenceClassification(build_config(shape, vocabulary, dropout)).save_pretrained(folder)
    (tokenizer or build_tokenizer(100)).save_pretrained(folder)


@dataclass(kw_only=True)
class StepClock:
    """Seconds of the steps after the first few; `on_step` of a training."""

    setting: Setting
    num_warmup: int
    """Steps that are left out."""
    moments: list[float] = field(default_factory=list)
    """When the first few were done, and when the last was."""

    def __call__(self, num_steps_taken: int) -> None:
        """Look at the clock where it matters; on CUDA that waits for the device."""
        if num_steps_taken in (self.num_warmup, self.setting.num_steps):
            self.moments.append(self.setting.read_clock())

    @property
    def seconds_a_step(self) -> float:
        """Mean."""
        begin, end = self.moments
        return (end - begin) / (self.setting.num_steps - self.num_warmup)


def build_model(setting: Setting, seed: int) -> TrialModel:
    """The encoder under a new head, on the device."""
    encoder = load_encoder(setting.folder, dropout=setting.dropout)
    head = build_head("pair", encoder.hidden_size, NUM_CLASSES, ModelSpec(head_dropout=setting.dropout), seed)
    return TrialModel(encoder, head).to(setting.device)


def build_tuning(setting: Setting, model: TrialModel, table: TokenTable, seed: int, magnitude: float) -> FineTuning:
    """What trains a model, with Gaussian noise of this magnitude on its word embeddings."""
    noise = PerturbationSpec(method="gaussian", magnitude=magnitude) if magnitude else PerturbationSpec()
    settings = StageSpec(task="xnli", optim=setting.optim, perturbation=noise)
    return FineTuning(model, table, settings, seed=seed, device=torch.device(setting.device))


def time_ours(setting: Setting, seed: int, *, magnitude: float = 0.0, on_step: OnStep | None = None) -> float:
    """Seconds of `xlt_core.train`, from its first step to its last."""
    optim, table, model = setting.optim, build_table(setting.sequences, setting.labels), build_model(setting, seed)
    tuning = build_tuning(setting, model, table, seed, magnitude)
    started = setting.read_clock()
    with restrict_vocabulary(model.encoder, table.input_ids) as rows:
        train(tuning, optim, seed=seed, until_step=setting.num_steps, on_step=on_step)
        rows.frozen_decay = frozen_decay(optim, setting.num_steps)
    return setting.read_clock() - started


def time_array(setting: Setting, magnitudes: Sequence[float], *, on_step: OnStep | None = None) -> float:
    """Seconds in which one array trains a trial of each magnitude; all have one seed, so that they read the same."""
    table, first = build_table(setting.sequences, setting.labels), build_model(setting, 0)
    models = [first, *(copy.deepcopy(first) for _ in magnitudes[1:])]  # quicker than loading each
    tunings = [
        build_tuning(setting, model, table, 0, magnitude) for model, magnitude in zip(models, magnitudes, strict=True)
    ]
    with ExitStack() as stack:
        for model in models:
            stack.enter_context(restrict_vocabulary(model.encoder, table.input_ids))
        tellers = [None] * (len(tunings) - 1) + [on_step]  # the last to end each step
        members = [
            Member(
                tuning=tuning,
                training=Training(tuning.module, setting.optim, until_step=setting.num_steps, on_step=tell),
            )
            for tuning, tell in zip(tunings, tellers, strict=True)
        ]
        started = setting.read_clock()
        train_in_lockstep(members)
        return setting.read_clock() - started


def time_trainer(
    setting: Setting, sampling: str, seed: int, *, magnitude: float = 0.0, on_step: OnStep | None = None
) -> float:
    """Seconds of `transformers.Trainer`, from its first step to its last; rows are lists, quicker than a data set's.

    Args:
        setting: shared.
        sampling: `random` or `group_by_length`.
        seed: of head, data order and dropout.
        magnitude: of Gaussian noise on the word embeddings, relative to their mean norm.
        on_step: told of every step.
    """

    class Watch(transformers.TrainerCallback):
        def on_train_begin(self, *_: object, **__: object) -> None:
            self.started = setting.read_clock()

        def on_step_end(self, _: object, state: transformers.TrainerState, *__: object, **___: object) -> None:
            if on_step is not None:
                on_step(state.global_step)

        def on_train_end(self, *_: object, **__: object) -> None:
            self.seconds = setting.read_clock() - self.started

    watch = Watch()
    model = XLMRobertaForSequenceClassification.from_pretrained(setting.folder, num_labels=NUM_CLASSES)
    if magnitude:
        add_noise(model, magnitude)
    tokenizer = transformers.AutoTokenizer.from_pretrained(setting.folder)
    rows = [{"input_ids": ids, "labels": label} for ids, label in zip(setting.sequences, setting.labels, strict=True)]
    optim = setting.optim
    with tempfile.TemporaryDirectory() as folder:
        trainer = transformers.Trainer(
            model=model,
            args=transformers.TrainingArguments(
                output_dir=folder,
                max_steps=setting.num_steps,
                per_device_train_batch_size=optim.batch_size,
                learning_rate=optim.learning_rate,
                warmup_steps=optim.warmup_ratio,
                weight_decay=optim.weight_decay,
                max_grad_norm=optim.max_grad_norm,
                train_sampling_strategy=sampling,
                bf16=setting.device == "cuda",
                use_cpu=setting.device == "cpu",
                seed=seed,
                save_strategy="no",
                logging_strategy="no",
                report_to=[],
                disable_tqdm=True,
            ),
            train_dataset=rows,
            data_collator=transformers.DataCollatorWithPadding(tokenizer),
            callbacks=[watch],
        )
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
    return watch.seconds


def quiet_transformers() -> None:
    """No bars and no warnings on standard error."""
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def draw_setting(options: argparse.Namespace, folder: Path) -> Setting:
    """Draw pairs for an encoder that is there; the words lie spread over the vocabulary."""
    num_examples = max(options.steps * options.batch, 2 * options.words // 3)
    spread = (options.vocabulary - 5) // options.words
    sequences = draw_pairs(options.words, num_examples, length=options.length)
    return Setting(
        folder=folder,
        sequences=[[5 + spread * (token - 5) if token >= 5 else token for token in ids] for ids in sequences],
        labels=draw_labels(num_examples),
        optim=OptimSpec(batch_size=options.batch, weight_decay=0.01),
        num_steps=options.steps,
        dropout=options.dropout,
        device=options.device,
    )
