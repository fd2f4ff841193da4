"""What a trial takes: a few real steps of its target stage, and some predictions. In: a plan. Out: a `Probe`.

Nothing of a sweep is read or written. The encoder is the given one whatever stages come before, or of its shape where
it is yet to be pre-trained; the training set is represented by a sample and by its longest examples.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from xlt_core.data.batch import PackedBatch
from xlt_core.data.batches import Indices
from xlt_core.data.token_cache import Part
from xlt_core.encoders.loading import load_encoder, wrap_encoder
from xlt_core.encoders.mini import build_mini_model
from xlt_core.encoders.vocabulary import restrict_vocabulary
from xlt_core.finetune import FineTuning
from xlt_core.heads import build_head
from xlt_core.memory import compute_batches, free_memory, measure_peak_bytes
from xlt_core.model import TrialModel
from xlt_core.passes import autocast
from xlt_core.perturbations.base import build_perturbation
from xlt_core.plan import TrialPlan
from xlt_core.predict import Predictor, request_tokens
from xlt_core.probe_sample import SampledTokens, sample_tokens
from xlt_core.process_state import describe_device, reset_process_state, select_device
from xlt_core.recipe import EncoderSpec
from xlt_core.streams import numpy_generator
from xlt_core.tasks import load_task
from xlt_core.tasks.base import FROZEN_SHAPES
from xlt_core.train import train
from xlt_core.workspace import Workspace
from xlt_core.world.tokenizer import build_tokenizer
from xlt_core.world.world import build_world

_NUM_BEFORE = 2
"""Steps before those that are timed: one after which the optimiser has its moments, one of the longest examples."""
_NUM_SCORED = 256
_MAX_TOKENS = 8192
_SEED = 0
_SEARCHED: dict[str, Part] = {"dual": "queries", "retrieval": "candidates", "mining": "queries"}
"""By shape of task, texts in the scored language that stand for all that is embedded."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What one trial takes in one process."""

    device: str
    step_seconds: float
    """Of a step of ordinary examples, the median; 0 where nothing is trained."""
    peak_bytes: int
    """At a step of the longest examples, or while scoring: of GPU memory reserved by torch, on a CPU of the process."""
    evaluate_seconds_per_example: float
    """Of tasks that search, per text that is embedded."""
    load_seconds: float
    """Of the encoder."""
    num_parameters: int
    micro_batch_size: int | None = None
    """Examples of a step in memory at one time; none: all of them fitted."""


class _Order:
    """A step of ordinary examples, one of the longest, and then ordinary ones."""

    def __init__(self, sample: SampledTokens, batch_size: int) -> None:
        self._sample, self._batch_size = sample, batch_size

    def indices(self, step: int) -> Indices:
        """See `finetune.Order`."""
        if step == _NUM_BEFORE - 1:
            return np.resize(self._sample.longest, self._batch_size)
        return numpy_generator(_SEED, "probe_order", step).choice(self._sample.ordinary, self._batch_size)


def probe_trial(plan: TrialPlan, workspace: Workspace, num_steps: int = 2) -> Probe:
    """Take some steps of a trial's target stage and answer some test examples.

    Where memory runs out, micro-batches are made smaller as in training, and what then fits is measured.

    Args:
        plan: of the trial; none of its stages need be there.
        workspace: device, threads and memory; its folders are left alone.
        num_steps: that are timed.

    Raises:
        torch.OutOfMemoryError: not even one example fits, or the step cannot be parted.
        DataError, EncoderError: data or encoder cannot be used.
    """
    reset_process_state(workspace.num_threads, workspace.memory_fraction)
    device, spec = select_device(workspace.device), plan.spec
    task = load_task(spec.target.task)
    with TemporaryDirectory(prefix="xlt-probe-") as folder:
        source = _find_encoder(spec.encoder, Path(folder))
        started = time.perf_counter()
        encoder = load_encoder(source, dropout=spec.model.dropout)
        load_seconds = time.perf_counter() - started
        head = build_head(task.shape, encoder.hidden_size, len(task.labels), spec.model, _SEED)
        model = TrialModel(encoder, head).to(device)
        steps = _Steps(step_seconds=0.0, micro_batch_size=None, has_run_out=False)
        if task.shape not in FROZEN_SHAPES:
            steps = _time_steps(model, plan, workspace, num_steps, device)
        if not steps.has_run_out:
            scratch = Workspace(root=Path(folder), device=workspace.device)
            return Probe(
                device=describe_device(device),
                step_seconds=steps.step_seconds,
                evaluate_seconds_per_example=_time_scoring(model, plan, scratch, device),
                peak_bytes=measure_peak_bytes(device),
                load_seconds=load_seconds,
                num_parameters=sum(parameter.numel() for parameter in model.parameters()),
                micro_batch_size=steps.micro_batch_size,
            )
    del model, encoder, head  # again from the start, or the peak would be that of what did not fit
    free_memory()
    return probe_trial(plan, replace(workspace, micro_batch_size=steps.micro_batch_size), num_steps)


def _find_encoder(encoder: EncoderSpec, folder: Path) -> str | Path:
    """What is loaded: the given encoder, or one of random weights where it would have to be pre-trained."""
    if encoder.pretrain is None:
        return encoder.source
    tokenizer = build_tokenizer(build_world())
    random = folder / "encoder"
    wrap_encoder(build_mini_model(tokenizer, encoder.pretrain.seed).roberta, tokenizer).save(random)
    return random


@dataclass(frozen=True, kw_only=True)
class _Steps:
    step_seconds: float
    micro_batch_size: int | None
    has_run_out: bool


def _time_steps(
    model: TrialModel, plan: TrialPlan, workspace: Workspace, num_steps: int, device: torch.device
) -> _Steps:
    """Train for a few steps, by the training loop itself."""
    settings = plan.target_stage.settings
    assert settings is not None, "a target stage has a task"
    assert settings.optim is not None, "a canonical stage carries its recipe"
    last_step = _NUM_BEFORE + num_steps
    # Nothing is learned, so that no setting can make these few steps diverge.
    optim = settings.optim.model_copy(
        update={"num_steps": max(settings.optim.num_steps, last_step), "learning_rate": 0.0}
    )
    source_language = load_task(settings.task).source_language
    sample = sample_tokens(
        request_tokens(settings, "train", source_language, model.encoder, plan.spec),
        model.encoder,
        num_longest=optim.batch_size,
        max_examples=settings.max_train_examples,
        edit=build_perturbation([settings.perturbation]).edit_examples(_SEED),
    )
    objective = FineTuning(
        model,
        sample.table,
        settings.model_copy(update={"optim": optim}),
        seed=_SEED,
        device=device,
        micro_batch_size=workspace.micro_batch_size,
        order=_Order(sample, optim.batch_size),
    )
    moments: list[float] = []
    shortages: list[str] = []

    def tell(event: str, **fields: Any) -> None:
        del fields
        if event == "oom":
            shortages.append(event)

    with restrict_vocabulary(model.encoder, sample.token_ids):
        outcome = train(
            objective,
            optim,
            seed=_SEED,
            until_step=last_step,
            on_step=lambda _: moments.append(time.perf_counter()),
            tell=tell,
        )
    times = [after - before for before, after in zip(moments[_NUM_BEFORE - 1 :], moments[_NUM_BEFORE:], strict=False)]
    return _Steps(step_seconds=median(times), micro_batch_size=outcome.micro_batch_size, has_run_out=bool(shortages))


def _time_scoring(model: TrialModel, plan: TrialPlan, scratch: Workspace, device: torch.device) -> float:
    """Seconds an example, tokenizing not counted."""
    settings, split = plan.spec.target, plan.spec.evaluation.split
    task = load_task(settings.task)
    found = task.find_languages(settings.data_of(split), split)
    language = next(language for language in (task.source_language, *plan.languages) if language in found)
    if task.shape in _SEARCHED:
        request = request_tokens(
            settings, split, language, model.encoder, plan.spec, part=_SEARCHED[task.shape], needs_labels=False
        )
        table = sample_tokens(request, model.encoder, num_longest=1, num_sampled=_NUM_SCORED).table

        def embed(batch: PackedBatch) -> None:
            with torch.no_grad(), autocast(device):
                model.encoder.encode(batch, model.encoder.embed(batch)).float().cpu()

        model.eval()
        started = time.perf_counter()
        for _ in compute_batches(table, embed, device, max_tokens=_MAX_TOKENS):
            pass
        return (time.perf_counter() - started) / len(table)
    predictor = Predictor(model, settings, plan.spec, scratch)
    predictor.predict(split, language, max_examples=_NUM_SCORED, needs_labels=False)
    started = time.perf_counter()
    predicted = predictor.predict(split, language, max_examples=_NUM_SCORED, needs_labels=False).predictions
    return (time.perf_counter() - started) / len(predicted.example_ids)
