"""Scoring and training at one size, for `benchmarks.scaling`: a two-layer encoder on random words. In: a `Point`."""

from collections.abc import Mapping
from typing import Any

from benchmarks.scaling_point import Point

_TOKENS_A_TEXT = 16


def score_languages(point: Point) -> None:
    _score(point, num_languages=point.size, num_test=100)


def score_examples(point: Point) -> None:
    _score(point, num_languages=2, num_test=point.size)


def _score(point: Point, *, num_languages: int, num_test: int) -> None:
    """Test sets cut into tokens and scored, then scored again from the tokens that are kept."""
    from xlt_core.encoders.loading import load_encoder
    from xlt_core.heads import build_head
    from xlt_core.model import TrialModel
    from xlt_core.recipe import ModelSpec
    from xlt_core.scoring import score_trial

    with point.preparing():
        trial, workspace = _prepare_trial(point, num_languages=num_languages, num_train=64, num_test=num_test)
        encoder = load_encoder(str(point.folder / "encoder"), dropout=0.0)
        model = TrialModel(encoder, build_head("single", encoder.hidden_size, 2, ModelSpec(), seed=0))
    for name in ("tokenising and scoring", "scoring"):
        with point.measured(name):
            score_trial(trial, model, workspace)


def train_examples(point: Point) -> None:
    """The same number of steps on more and more examples."""
    _train(point, num_train=point.size, num_steps=30, batch_size=32)


def train_tokens(point: Point) -> None:
    """The same number of steps of larger and larger batches; the size is a step's tokens."""
    _train(point, num_train=2048, num_steps=10, batch_size=point.size // _TOKENS_A_TEXT)


def _train(point: Point, *, num_train: int, num_steps: int, batch_size: int) -> None:
    from xlt_core.trial_stages import train_trial

    optim = {"batch_size": batch_size, "learning_rate": 1e-3}
    with point.preparing():
        sizes = {"num_languages": 1, "num_train": num_train, "num_test": 20}
        first, workspace = _prepare_trial(point, **sizes, optim={**optim, "num_steps": 1})
        train_trial(first, workspace)  # tokens are kept from then on
        trial, _ = _prepare_trial(point, **sizes, optim={**optim, "num_steps": num_steps})
    with point.measured("training steps"):
        train_trial(trial, workspace)


def train_width(point: Point) -> None:
    """The same number of steps of more and more trials that train together."""
    from xlt_core.arrays.run import ArrayMember, train_array
    from xlt_core.trial_stages import train_trial

    sizes: dict[str, Any] = {"num_languages": 1, "num_train": 512, "num_test": 20}
    with point.preparing():
        first, workspace = _prepare_trial(point, **sizes)
        train_trial(first, workspace)
        optim = {"batch_size": 32, "learning_rate": 1e-3, "num_steps": 20}
        plans = [_prepare_trial(point, **sizes, optim=optim, seed=seed)[0] for seed in range(point.size)]
    with point.measured("array of trials"):
        train_array([ArrayMember(one, workspace, None) for one in plans], max_width=point.size)


def _prepare_trial(
    point: Point,
    *,
    num_languages: int,
    num_train: int,
    num_test: int,
    optim: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> tuple[Any, Any]:
    """A trial on random words with a two-layer encoder, and where it works."""
    from benchmarks.scaling_stores import write_texts
    from sweeps.planning.plan import plan_single_trial
    from tests.factories import build_encoder
    from xlt_core.languages import LANGUAGES
    from xlt_core.spec import parse_trial_spec
    from xlt_core.workspace import Workspace

    codes = ["en", *(code for code in LANGUAGES if code != "en")][:num_languages]
    num_words = _TOKENS_A_TEXT - 2
    task = write_texts(point.folder / "texts", codes, num_train=num_train, num_test=num_test, num_words=num_words)
    if not (point.folder / "encoder").exists():
        build_encoder().save(point.folder / "encoder")
    spec = {
        "encoder": str(point.folder / "encoder"),
        "target": {"task": str(task), "data": str(task.parent)},
        "optim": optim or {"num_steps": 1, "batch_size": 8},
        "seed": seed,
    }
    workspace = Workspace(root=point.folder / "work", num_threads=1, device="cpu")
    return plan_single_trial(parse_trial_spec(spec)).plan, workspace
