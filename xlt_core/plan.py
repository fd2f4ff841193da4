"""From a spec to the ordered stages of its trial, each with a content key. Light: reads data and hashes, no torch.

In: `TrialSpec`. Out: `TrialPlan`, which a worker can run knowing nothing else.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlt_core.canonical import canonical_json, content_key
from xlt_core.canonical_spec import canonical_trial_spec, depends_on_seed
from xlt_core.checks import check_settings
from xlt_core.conditions.checks import list_asked_languages, select_test_sets
from xlt_core.conditions.spec import CleanSpec
from xlt_core.data import TOKENS_VERSION
from xlt_core.difficulty.spec import DifficultySpec, ScorerSpec
from xlt_core.errors import DataError
from xlt_core.fingerprints import Fingerprints
from xlt_core.sources import BesideSpec
from xlt_core.spec import EncoderSpec, Settings, StageSpec, TrialSpec
from xlt_core.stage_plan import CODE_VERSIONS, Stage, identify_stage, list_trained, plan_stages
from xlt_core.tasks import is_task_file, load_task
from xlt_core.tasks.base import FROZEN_SHAPES
from xlt_core.tasks.training_sets import share_training_set

_NOT_AS_WRITTEN = {"conditions", "embedding", "selections", "num_candidates"}
"""Of the settings of an evaluation, those that enter an identity by what they stand for."""
MAX_CHANCE_OVERLAP = 0.05
"""Share of an intermediate task's examples that the target's training set may have before both are said to be one."""


class TrialPlan(Settings):
    """A canonical spec, its identity, and its stages in the order in which they must run."""

    trial_id: str
    cell_id: str
    """The trial's identity without its seed."""
    spec: TrialSpec
    stages: tuple[Stage, ...]
    """Shared stages first, the trial's own target stage last."""
    languages: tuple[str, ...]
    """To be scored; those without data get a row with the reason."""
    same_task: bool | None = None
    """Whether the intermediate stage trains on the target's training set, or a good part of it; none: no such stage."""

    @property
    def shared_stages(self) -> tuple[Stage, ...]:
        """Every stage but the target."""
        return self.stages[:-1]

    @property
    def target_stage(self) -> Stage:
        """The last stage."""
        return self.stages[-1]


def plan_trial(spec: TrialSpec, fingerprints: Fingerprints | None = None, *, needs_labels: bool = True) -> TrialPlan:
    """Resolve a spec: make it canonical, find its data, key its stages.

    Args:
        spec: of the trial.
        fingerprints: of what other trials of the sweep read, too.
        needs_labels: the test sets are to be scored, not only predicted; the identity is the same.

    Raises:
        SpecError, DataError, EncoderError: what was asked cannot run; raised before any training.
    """
    fingerprints = fingerprints or Fingerprints()
    key = (spec.model_copy(update={"seed": 0}), needs_labels)
    cell = fingerprints.remember(key, lambda: _plan_cell(spec, fingerprints, needs_labels=needs_labels))
    seed = spec.seed if depends_on_seed(cell.spec) else cell.spec.seed
    spec = cell.spec.model_copy(update={"seed": seed})
    stages = plan_stages(spec, fingerprints)
    return TrialPlan.model_construct(  # of parts that are checked; 10,000 trials are planned at a time
        trial_id=content_key({"target": stages[-1].key, **cell.tested}),
        cell_id=cell.cell_id,
        spec=spec,
        stages=stages,
        languages=cell.languages,
        same_task=cell.same_task,
    )


@dataclass(frozen=True, kw_only=True)
class _Cell:
    """What the trials of all seeds of a cell have in common."""

    spec: TrialSpec
    """Canonical, with whole paths."""
    cell_id: str
    tested: dict[str, Any]
    """What of a trial's identity is no part of its stages."""
    languages: tuple[str, ...]
    same_task: bool | None


def _plan_cell(spec: TrialSpec, fingerprints: Fingerprints, *, needs_labels: bool) -> _Cell:
    spec = _with_whole_paths(canonical_trial_spec(spec))
    check_settings(spec)
    languages = resolve_languages(spec)
    cell = spec.model_copy(update={"seed": 0})
    stages = plan_stages(cell, fingerprints)
    # Seeds of a cell that shares its intermediate stage vary less than those of one that does not.
    fixed = {} if spec.intermediate_seed is None else {"intermediate_seed": spec.intermediate_seed}
    cell_stages = [identify_stage(stage, cell, None, fingerprints) for stage in list_trained(stages)]
    tested = _identify_test(spec, languages, fingerprints, needs_labels=needs_labels)
    return _Cell(
        spec=spec,
        cell_id=content_key({"stages": cell_stages, **fixed, **tested}),
        tested=tested,
        languages=languages,
        same_task=_share_examples(spec, fingerprints),
    )


def _identify_test(
    spec: TrialSpec, languages: tuple[str, ...], fingerprints: Fingerprints, *, needs_labels: bool
) -> dict[str, Any]:
    """What decides a trial's scores beside the weights."""
    task = load_task(spec.target.task)
    split = spec.evaluation.split
    tested = {
        "version": CODE_VERSIONS["evaluate"],
        "tokens": TOKENS_VERSION,
        "evaluation": spec.evaluation.model_dump(mode="json", exclude=_NOT_AS_WRITTEN) | {"languages": languages},
        "data": fingerprints.of_data(task, spec.target.data_of(split), split, languages, needs_labels=needs_labels),
    }
    if task.shape == "span":
        tested["max_answer_length"] = spec.model.questions.max_answer_length
    if spec.evaluation.embedding is not None:
        tested["embedding"] = spec.evaluation.embedding.model_dump(mode="json")
    if task.shape == "mining":  # the threshold is tuned on it
        tested["dev"] = fingerprints.of_data(task, spec.target.data_of("dev"), "dev", languages)
    if spec.evaluation.conditions != (CleanSpec(),):
        identities = (
            fingerprints.of_condition(condition, select_test_sets(condition, spec, languages))
            for condition in spec.evaluation.conditions
        )
        tested["conditions"] = sorted(identities, key=canonical_json)  # a set: the order in our table means nothing
    if spec.evaluation.other_selections:
        tested["selections"] = _identify_selections(spec, languages, fingerprints)
    return tested


def _identify_selections(spec: TrialSpec, languages: tuple[str, ...], fingerprints: Fingerprints) -> dict[str, Any]:
    """What decides which weights are scored beside the last.

    Raises:
        DataError: the dev set to choose by is not there.
    """
    task, data, names = load_task(spec.target.task), spec.target.data_of("dev"), spec.evaluation.other_selections
    identity: dict[str, Any] = {
        "version": CODE_VERSIONS["select"],
        "names": names,
        "num_candidates": spec.evaluation.num_candidates,
    }
    found = task.find_languages(data, "dev")
    if "english_dev" in names and task.source_language not in found:
        raise DataError(
            f"evaluation.selections: english_dev chooses by the dev set of the source language, and task "
            f"'{task.name}' has no dev data of '{task.source_language}' in '{data}'; leave english_dev out, or give "
            "the data"
        )
    if "target_oracle" in names and not set(languages) & set(found):
        raise DataError(
            f"evaluation.selections: target_oracle chooses by each language's dev set, and task '{task.name}' has no "
            f"dev data of any that is scored in '{data}'; leave target_oracle out, or give the data"
        )
    read = {task.source_language} if "english_dev" in names else set()
    read |= set(languages) if "target_oracle" in names else set()
    if read:
        ordered = tuple(language for language in found if language in read)
        identity["dev"] = fingerprints.of_data(task, data, "dev", ordered)
    return identity


def _share_examples(spec: TrialSpec, fingerprints: Fingerprints) -> bool | None:
    """Whether tasks of the intermediate stage have the target's training set, by name or by what is in both."""
    if spec.intermediate is None:
        return None
    if any(share_training_set(task, spec.target.task) for task in spec.intermediate.tasks):
        return True
    target = load_task(spec.target.task)
    if target.shape in FROZEN_SHAPES:
        return False
    trained = [(spec.intermediate.task, spec.intermediate.data_of("train"))]
    trained += [(beside.task, beside.data) for beside in spec.intermediate.beside]
    return any(
        fingerprints.of_overlap(load_task(task), data, target, spec.target.data_of("train")) > MAX_CHANCE_OVERLAP
        for task, data in trained
    )


def resolve_languages(spec: TrialSpec) -> tuple[str, ...]:
    """Languages to score, in the task's order.

    Raises:
        DataError: a language asked for by name, or every language, has no data.
    """
    task, asked, split = load_task(spec.target.task), list_asked_languages(spec), spec.evaluation.split
    data = spec.target.data_of(split)
    found = task.find_languages(data, split)
    if not found:
        first = task.languages[0]
        raise DataError(
            f"task '{task.name}': no {split} data of any language in '{data}'; expected for {first}: "
            f"{task.describe_files(data, split, first)}, and so on. Is it a folder of this task? "
            f"`xlt data check {spec.target.task} {data}` lists what is found in it"
        )
    if isinstance(spec.evaluation.languages, str):
        return tuple(language for language in task.languages if language in asked)
    absent = [language for language in asked if language not in found]
    if absent:
        raise DataError(
            f"task '{task.name}': no {split} data for {', '.join(absent)} in '{data}'; found {', '.join(found)}"
        )
    return tuple(language for language in task.languages if language in asked)


def _with_whole_paths(spec: TrialSpec) -> TrialSpec:
    """Folders and files by their whole paths, so that a worker or a later resume finds them from wherever it runs."""

    def resolve_encoder(encoder: EncoderSpec) -> EncoderSpec:
        source = encoder.source if encoder.pretrain else _whole_path(encoder.source)
        return encoder.model_copy(update={"source": source})

    def resolve_scorer(scorer: ScorerSpec) -> ScorerSpec:
        encoder = scorer.encoder and resolve_encoder(scorer.encoder)
        path = scorer.path and str(Path(scorer.path).expanduser().resolve())
        return scorer.model_copy(update={"encoder": encoder, "path": path})

    def resolve_difficulty(difficulty: DifficultySpec) -> DifficultySpec:
        independent = difficulty.independent and resolve_scorer(difficulty.independent)
        return difficulty.model_copy(update={"scorer": resolve_scorer(difficulty.scorer), "independent": independent})

    def resolve_beside(beside: BesideSpec) -> BesideSpec:
        return beside.model_copy(update={"task": _whole_task(beside.task), "data": _whole_path(beside.data)})

    def resolve_stage(stage: StageSpec) -> StageSpec:
        perturbation = stage.perturbation
        if perturbation.neighbors is not None:
            whole = str(Path(perturbation.neighbors).expanduser().resolve())
            perturbation = perturbation.model_copy(update={"neighbors": whole})
        data = stage.data
        if isinstance(data, str):
            data = _whole_path(data)
        else:
            data = data.model_copy(update={split: _whole_path(place) for split, place in data if place})
        masked_lm = stage.masked_lm
        if masked_lm is not None:
            masked_lm = masked_lm.model_copy(update={"text": _whole_path(masked_lm.text)})
        return stage.model_copy(
            update={
                "task": _whole_task(stage.task),
                "data": data,
                "beside": tuple(map(resolve_beside, stage.beside)),
                "masked_lm": masked_lm,
                "perturbation": perturbation,
                "difficulty": stage.difficulty and resolve_difficulty(stage.difficulty),
            }
        )

    return spec.model_copy(
        update={
            "encoder": resolve_encoder(spec.encoder),
            "target": resolve_stage(spec.target),
            "intermediate": resolve_stage(spec.intermediate) if spec.intermediate else None,
            "evaluation": spec.evaluation.model_copy(
                update={"conditions": tuple(each.with_whole_paths() for each in spec.evaluation.conditions)}
            ),
        }
    )


def _whole_task(task: str) -> str:
    return str(Path(task).expanduser().resolve()) if is_task_file(task) else task


def _whole_path(location: str) -> str:
    """A folder's whole path, also behind `hub:`; anything else as it is."""
    prefix = "hub:" if location.startswith("hub:") else ""
    folder = Path(location.removeprefix(prefix)).expanduser()
    return prefix + str(folder.resolve()) if location != "hub" and folder.is_dir() else location
