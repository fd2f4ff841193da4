"""What a model answers on one split of a task, whatever its shape. In: a model, a language. Out: predictions."""

from dataclasses import replace
from typing import NamedTuple

from xlt_core.answers import predict_answers
from xlt_core.data.text_counts import TextCounts
from xlt_core.data.token_cache import Part, TokenRequest, load_token_table
from xlt_core.data.tokens import Cut, TokenTable
from xlt_core.disturbance import DisturbedModel
from xlt_core.edits.base import Edit
from xlt_core.encoders.base import Encoder
from xlt_core.evaluate import predict_labels
from xlt_core.model import TrialModel
from xlt_core.process_state import select_device
from xlt_core.result import Predictions
from xlt_core.retrieval.embedding import Vectors
from xlt_core.retrieval.predict import NUM_RANKS, Sides, embed_with_head, mine_translations, retrieve_translations
from xlt_core.retrieval.ranking import rank_candidates
from xlt_core.spec import DisturbanceSpec, StageSpec, TrialSpec
from xlt_core.tasks import load_task
from xlt_core.tasks.base import Split
from xlt_core.tasks.examples import BitextExamples, Candidates, QueryExamples, SpanExamples
from xlt_core.workspace import Workspace


class Predicted(NamedTuple):
    """Predictions, and how the tokenizer cut the texts they are of."""

    predictions: Predictions
    counts: TextCounts | None


class _Pool(NamedTuple):
    """What the queries of all languages are searched in."""

    candidates: Candidates
    vectors: Vectors


class Predictor:
    """A model and the task it is asked for; candidates of all languages are embedded once."""

    def __init__(self, model: TrialModel, settings: StageSpec, spec: TrialSpec, workspace: Workspace) -> None:
        """Take a trained model.

        Args:
            model: on the workspace's device.
            settings: of the task.
            spec: of the trial.
            workspace: where tokens are kept.
        """
        self._model = model
        self._settings = settings
        self._spec = spec
        self._workspace = workspace
        self._task = load_task(settings.task)
        self._device = select_device(workspace.device)
        self._pools: dict[Split, _Pool] = {}

    def predict(
        self,
        split: Split,
        language: str,
        *,
        edit: Edit | None = None,
        disturbance: DisturbanceSpec | None = None,
        max_examples: int | None = None,
        needs_labels: bool = True,
    ) -> Predicted:
        """Answer the examples of one language.

        Args:
            split: dev or test.
            language: canonical code.
            edit: of the texts.
            disturbance: of the embeddings.
            max_examples: the first so many; none given: all.
            needs_labels: refuse examples without labels.

        Raises:
            DataError: the examples cannot be read.
            EncoderError: the encoder does not know the language.
        """
        if self._task.shape == "dual":
            return self._search(split, language, edit, max_examples, needs_labels)
        if self._task.shape in ("retrieval", "mining"):
            return self._compare(split, language, max_examples, needs_labels)
        table = self._load(split, language, edit=edit, needs_labels=needs_labels).head(max_examples)
        compute_logits = DisturbedModel(disturbance, self._model, table, self._device) if disturbance else None
        if self._task.shape != "span":
            predicted = predict_labels(self._model, table, self._task.labels, self._device, compute_logits)
            return Predicted(predicted, table.counts)
        examples = self._read(split, language, needs_labels)
        assert isinstance(examples, SpanExamples), "the shape says so"
        answers = predict_answers(
            self._model,
            table,
            examples,
            self._device,
            max_answer_length=self._spec.model.questions.max_answer_length,
            compute_logits=compute_logits,
        )
        return Predicted(answers, table.counts)

    def _search(
        self, split: Split, language: str, edit: Edit | None, max_examples: int | None, needs_labels: bool
    ) -> Predicted:
        """Look for the queries of one language among the candidates of all."""
        table = self._load(split, language, part="queries", edit=edit, needs_labels=needs_labels).head(max_examples)
        examples = self._read(split, language, needs_labels)
        assert isinstance(examples, QueryExamples), "the shape says so"
        if split not in self._pools:
            candidates = self._load(split, self._task.source_language, part="candidates")
            self._pools[split] = _Pool(
                self._task.load_candidates(self._settings.data_of(split), split),
                embed_with_head(self._model, candidates, self._device),
            )
        pool = self._pools[split]
        ranked = rank_candidates(
            replace(
                examples,
                ids=table.example_ids,
                queries=examples.queries[: len(table)],
                targets=examples.targets[: len(table)],
            ),
            pool.candidates,
            embed_with_head(self._model, table, self._device),
            pool.vectors,
            language=language,
            k=NUM_RANKS,
        )
        return Predicted(ranked, table.counts)

    def _compare(self, split: Split, language: str, max_examples: int | None, needs_labels: bool) -> Predicted:
        """Compare the sentences of two languages as vectors of the encoder."""
        spec = self._spec.evaluation.embedding
        assert spec is not None, "settings without it are refused"
        if self._task.shape == "retrieval":
            sides = self._load_sides(split, language, max_examples, needs_labels)
            ranked = retrieve_translations(self._model, sides, language, spec, self._device)
            return Predicted(ranked, sides.candidates.counts)  # the queries are English
        # Fewer sentences would be another task, as margins are among all of them; and a threshold needs gold pairs.
        dev, sides = self._load_sides("dev", language), self._load_sides(split, language, needs_labels=needs_labels)
        mined = mine_translations(self._model, dev, sides, language, spec, self._device)
        return Predicted(mined, sides.queries.counts)

    def _load_sides(
        self, split: Split, language: str, max_queries: int | None = None, needs_labels: bool = True
    ) -> Sides:
        examples = self._read(split, language, needs_labels)
        assert isinstance(examples, BitextExamples), "the shape says so"
        queries = self._load(split, language, part="queries", needs_labels=needs_labels).head(max_queries)
        num_queries = len(queries)
        kept = replace(
            examples,
            ids=queries.example_ids,
            queries=examples.queries[:num_queries],
            gold=tuple(pair for pair in examples.gold if pair[0] < num_queries),
        )
        candidates = self._load(split, language, part="candidates", needs_labels=needs_labels)
        return Sides(kept, queries, candidates)

    def _read(self, split: Split, language: str, needs_labels: bool) -> object:
        load = self._task.load_eval if needs_labels else self._task.load_inputs
        return load(self._settings.data_of(split), split, language)

    def _load(
        self,
        split: Split,
        language: str,
        *,
        part: Part = "examples",
        edit: Edit | None = None,
        needs_labels: bool = True,
    ) -> TokenTable:
        return load_tokens(
            self._settings,
            split,
            language,
            self._model.encoder,
            self._spec,
            self._workspace,
            part=part,
            edit=edit,
            needs_labels=needs_labels,
        )


def load_tokens(
    settings: StageSpec,
    split: Split,
    language: str,
    encoder: Encoder,
    spec: TrialSpec,
    workspace: Workspace,
    *,
    part: Part = "examples",
    data_seed: int = 0,
    edit: Edit | None = None,
    needs_labels: bool = True,
) -> TokenTable:
    """The tokens of one split and language, from the workspace where it has them; arguments as `request_tokens`."""
    request = request_tokens(
        settings, split, language, encoder, spec, part=part, data_seed=data_seed, edit=edit, needs_labels=needs_labels
    )
    return load_token_table(
        request,
        tokenizer=encoder.tokenizer,
        fingerprint=encoder.tokenizer_fingerprint,
        cache_folder=workspace.tokens,
    )


def request_tokens(
    settings: StageSpec,
    split: Split,
    language: str,
    encoder: Encoder,
    spec: TrialSpec,
    *,
    part: Part = "examples",
    data_seed: int = 0,
    edit: Edit | None = None,
    needs_labels: bool = True,
) -> TokenRequest:
    """Ask for the texts of one split and language, cut to what the recipe and the encoder allow.

    `data_seed` is of training data that are drawn: a stage's own, or an intermediate stage on the target's task would
    train on the very examples of the target, on more of them the nearer its dose.
    """
    task, questions = load_task(settings.task), spec.model.questions
    longest = min(spec.model.max_length, encoder.max_length)
    if part == "queries" and task.shape == "dual":
        num_specials = encoder.tokenizer.num_special_tokens_to_add()
        longest = min(longest, questions.max_question_length + num_specials)
    dose = None if settings.difficulty else settings.dose  # an arm is drawn of the task's own mix
    assert not isinstance(dose, str), "named arms need scores"
    return TokenRequest(
        task=task,
        data=settings.data_of(split),
        split=split,
        language=language,
        cut=Cut(
            max_length=longest,
            max_question_length=questions.max_question_length,
            doc_stride=questions.doc_stride,
        ),
        part=part,
        dose=dose,
        data_seed=data_seed,
        edit=edit,
        needs_labels=needs_labels,
    )
