"""Trains the models that a measure asks for, and asks them. In: runs, an encoder. Out: `Answers`, one a run.

Every run starts from the encoder as it is, under a head of its own. What a run has answered is kept at once, and its
training has checkpoints: a kill costs the steps since the last one, and changes no bit.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from xlt_core.artifacts import is_published, publish_folder, read_manifest
from xlt_core.checkpoints import CheckpointFolder
from xlt_core.data.token_cache import TokenRequest, load_token_table
from xlt_core.data.tokens import Cut, TokenTable
from xlt_core.difficulty.answering import Snapshot, ask_model, find_rows
from xlt_core.difficulty.base import Answers, Hidden, Run
from xlt_core.difficulty.pool import POOL_SEED
from xlt_core.difficulty.spec import ScorerSpec
from xlt_core.edits.hiding import HiddenTexts
from xlt_core.encoders.loading import load_encoder
from xlt_core.encoders.vocabulary import restrict_vocabulary
from xlt_core.errors import DataError, StoreError
from xlt_core.finetune import FineTuning
from xlt_core.heads import build_head
from xlt_core.model import TrialModel
from xlt_core.process_state import select_device
from xlt_core.spec import StageSpec
from xlt_core.tasks import load_task
from xlt_core.train import OnStep, train
from xlt_core.workspace import Workspace

OnSteps = Callable[[int, int], None]
"""Called with the steps taken so far, and those of all runs."""
_ANSWERS = "answers.npz"


class ScorerTrainer:
    """Trains one model after the other on parts of one pool."""

    def __init__(
        self,
        settings: StageSpec,
        scorer: ScorerSpec,
        encoder_source: str | Path,
        workspace: Workspace,
        folder: Path,
    ) -> None:
        """Take what all runs have in common.

        Args:
            settings: task and data, whose training examples are the pool.
            scorer: recipe and model.
            encoder_source: hub id or folder.
            workspace: device, threads, and where tokens are kept.
            folder: for checkpoints and answers of unfinished work; of this scorer on this pool alone.
        """
        self._task = load_task(settings.task)
        self._scorer = scorer
        self._settings = StageSpec(task=settings.task, data=settings.data, optim=scorer.optim)
        self._source = encoder_source
        self._workspace = workspace
        self._folder = folder
        self._device = select_device(workspace.device)
        encoder = load_encoder(encoder_source)
        self._tokenizer, self._fingerprint = encoder.tokenizer, encoder.tokenizer_fingerprint
        self._longest = min(scorer.model.max_length, encoder.max_length)
        self._tables: dict[Hidden, TokenTable] = {}

    def load_table(self, hidden: Hidden = "nothing") -> TokenTable:
        """Tokens of the whole pool.

        Raises:
            DataError: the examples cannot be read.
            SpecError: such texts cannot be hidden.
        """
        if hidden not in self._tables:
            questions = self._scorer.model.questions
            request = TokenRequest(
                task=self._task,
                data=self._settings.data_of("train"),
                split="train",
                language=self._task.source_language,
                cut=Cut(
                    max_length=self._longest,
                    max_question_length=questions.max_question_length,
                    doc_stride=questions.doc_stride,
                ),
                data_seed=POOL_SEED,
                edit=None if hidden == "nothing" else HiddenTexts(which=hidden),
            )
            self._tables[hidden] = load_token_table(
                request,
                tokenizer=self._tokenizer,
                fingerprint=self._fingerprint,
                cache_folder=self._workspace.tokens,
            )
        return self._tables[hidden]

    def answer(self, runs: Sequence[Run], on_steps: OnSteps | None = None) -> tuple[Answers, ...]:
        """Train and ask a model for every run that has not been.

        Raises:
            DataError: a training diverged.
            SpecError: such texts cannot be hidden; before anything is trained.
        """
        for run in runs:
            self.load_table(run.hidden)
        num_steps = self._scorer.optim.num_steps

        def report_from(num_before: int) -> OnStep | None:
            if on_steps is None:
                return None
            return lambda num_taken: on_steps(num_before + num_taken, num_steps * len(runs))

        return tuple(self._answer_run(place, run, report_from(place * num_steps)) for place, run in enumerate(runs))

    def _answer_run(self, place: int, run: Run, on_step: OnStep | None) -> Answers:
        folder = self._folder / f"run_{place:04d}"
        moments = [folder / f"moment_{number}" for number in range(len(run.moments))]
        if not all(map(is_published, moments)):
            self._train(run, moments, CheckpointFolder(folder / "checkpoints", folder.parent.name), on_step)
        if not all(map(is_published, moments)):
            raise StoreError(f"{folder}: answers are missing that were there; delete the folder to make them anew")
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
        return _stack([_read_snapshot(moment) for moment in moments])

    def _train(self, run: Run, moments: Sequence[Path], checkpoints: CheckpointFolder, on_step: OnStep | None) -> None:
        """Take the steps of one run, and publish what the model answers at each moment."""
        optim, table = self._scorer.optim, self.load_table(run.hidden)
        model = self._build_model(run.seed)
        objective = FineTuning(
            model,
            table,
            self._settings,
            seed=run.seed,
            device=self._device,
            micro_batch_size=self._workspace.micro_batch_size,
            pool=find_rows(table, run.trained),
        )
        due = [max(1, round(share * optim.num_steps)) for share in run.moments]

        def look(num_taken: int) -> None:
            for moment, step in zip(moments, due, strict=True):
                if step == num_taken and not is_published(moment):
                    _publish_snapshot(ask_model(model, table, run.asked, self._device), moment)
            if on_step is not None:
                on_step(num_taken)

        # The model is asked about these texts alone, so that what becomes of other tokens' rows does not matter.
        with restrict_vocabulary(model.encoder, table.input_ids):
            outcome = train(
                objective,
                optim,
                seed=run.seed,
                checkpoints=checkpoints,
                checkpoint_every_steps=self._workspace.checkpoint_every_steps,
                on_step=look,
            )
        if outcome.diverged_reason is not None:
            raise DataError(
                f"the scorer of '{self._scorer.measure}' diverged in repetition {run.repetition}: "
                f"{outcome.diverged_reason}. Give it a lower learning rate (optim.learning_rate is "
                f"{optim.learning_rate:g}) or a longer warm-up ({optim.warmup_ratio:g} of its steps)"
            )

    def _build_model(self, seed: int) -> TrialModel:
        encoder = load_encoder(self._source, dropout=self._scorer.model.dropout)
        head = build_head(self._task.shape, encoder.hidden_size, len(self._task.labels), self._scorer.model, seed)
        return TrialModel(encoder, head).to(self._device)


def _publish_snapshot(snapshot: Snapshot, folder: Path) -> None:
    arrays = {field.name: getattr(snapshot, field.name) for field in fields(snapshot)}
    publish_folder(folder, lambda partial: np.savez(partial / _ANSWERS, **arrays), {"num_examples": len(snapshot.bits)})


def _read_snapshot(folder: Path) -> Snapshot:
    read_manifest(folder)
    with np.load(folder / _ANSWERS, allow_pickle=False) as arrays:
        return Snapshot(**arrays)


def _stack(snapshots: Sequence[Snapshot]) -> Answers:
    return Answers(
        **{field.name: np.stack([getattr(each, field.name) for each in snapshots]) for field in fields(Snapshot)}
    )
