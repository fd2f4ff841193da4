"""Three doses, six magnitudes, three seeds: a sweep with shared stages against Ray Tune with one Trainer a trial.

The embedded world, its encoder pre-trained beforehand for both; the same examples, steps, batch size, test sets, and
two trials at a time. Naive trials are alike, so that some of the 54 say how long all take.
Usage: python -m benchmarks.shared_stages [--trials-measured 6]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

from transformers import AutoTokenizer

from benchmarks.array_speed import pretrain, run_sweep, write_space
from benchmarks.naive_tune import Finished, Work
from results.store import ResultStore
from search_spaces.loading import load_space
from sweeps.planning.plan import plan_sweep
from xlt_core.plan import TrialPlan
from xlt_core.stage_plan import Stage
from xlt_core.streams import stream_seed
from xlt_core.task_stage import stage_seed
from xlt_core.tasks import load_task
from xlt_core.tasks.examples import PairExamples

TARGET_RATIO = 8.0
NUM_CONCURRENT = 2
_LONGEST = 128


@dataclass(frozen=True, kw_only=True)
class Side:
    """How long one side takes for all trials."""

    seconds: float
    accuracies: dict[str, float]
    """Mean over languages, by trial id."""


def write_design(place: Path, num_steps: int, num_pretrain_steps: int) -> Path:
    """Write the space: 18 cells, three seeds."""
    return write_space(
        place,
        num_steps,
        num_pretrain_steps,
        name="shared-stages",
        axes={
            "intermediate": [{"task": "world", "dose": [0.0, 0.5, 1.0]}],
            "target.perturbation": {"method": "gaussian", "magnitude": [0.0, 0.1, 0.2, 0.3, 0.5, 1.0]},
        },
        baseline={"target.perturbation.magnitude": 0.0},
    )


class NaiveData:
    """The trials' examples as token ids, in files that the naive side reads; each is written once."""

    def __init__(self, folder: Path, encoder: Path) -> None:
        self._folder = folder
        self._tokenizer = AutoTokenizer.from_pretrained(encoder)
        self._files: dict[str, Path] = {}

    def write_training(self, stage: Stage, plan: TrialPlan) -> str:
        """The pairs that a stage of this repository trains on."""
        assert stage.settings is not None
        assert not isinstance(stage.settings.dose, str)
        data_seed = stream_seed(stage_seed(stage, plan.spec), "data")
        task = load_task(stage.settings.task)
        examples = task.load_train(stage.settings.data, dose=stage.settings.dose, data_seed=data_seed)
        return self._write(f"{stage.kind}-{stage.settings.dose}-{data_seed}", examples)

    def write_test(self, plan: TrialPlan, language: str) -> str:
        """The test pairs of a language."""
        settings = plan.spec.target
        return self._write(f"test-{language}", load_task(settings.task).load_eval(settings.data, "test", language))

    def _write(self, name: str, examples: object) -> str:
        assert isinstance(examples, PairExamples)
        path = self._folder / f"{name}.json"
        if not path.exists():
            encoded = self._tokenizer(list(examples.first), list(examples.second), truncation=True, max_length=_LONGEST)
            pairs = {"ids": encoded["input_ids"], "labels": list(examples.labels)}
            path.write_text(json.dumps(pairs), encoding="utf-8")
        return str(path)


def write_work(folder: Path, plans: Sequence[TrialPlan], encoder: Path) -> None:
    """Write all that the naive side is given."""
    data, first = NaiveData(folder, encoder), plans[0]
    optim = first.target_stage.settings and first.target_stage.settings.optim
    assert optim
    trials = []
    for plan in plans:
        (intermediate,) = (stage for stage in plan.shared_stages if stage.kind == "intermediate")
        trials.append(
            {
                "intermediate": data.write_training(intermediate, plan),
                "target": data.write_training(plan.target_stage, plan),
                "magnitude": plan.spec.target.perturbation.magnitude,
                "seed": plan.spec.seed,
            }
        )
    work = Work(
        encoder=str(encoder),
        trials=trials,
        tests={language: data.write_test(first, language) for language in first.languages},
        num_steps=optim.num_steps,
        batch_size=optim.batch_size,
        learning_rate=optim.learning_rate,
        warmup_ratio=optim.warmup_ratio,
        num_concurrent=NUM_CONCURRENT,
    )
    (folder / "work.json").write_text(json.dumps(asdict(work)), encoding="utf-8")


def time_naive(folder: Path, plans: Sequence[TrialPlan], num_trials: int) -> Side:
    """Run the naive side on the trials that were written; scale to `num_trials` what grows with them."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.naive_tune", str(folder)]
    environment = {**os.environ, "RAY_AUTH_MODE": "token"}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if ended.returncode != 0:
        raise SystemExit(f"the naive side ended with {ended.returncode}:\n{ended.stdout[-1000:]}{ended.stderr[-3000:]}")
    seconds = time.perf_counter() - started
    finished = Finished(**json.loads(ended.stdout.splitlines()[-1]))
    accuracies = {plan.trial_id: value for plan, value in zip(plans, finished.accuracies, strict=True)}
    start_seconds = seconds - finished.fit_seconds
    return Side(seconds=start_seconds + finished.fit_seconds * num_trials / len(plans), accuracies=accuracies)


def time_ours(place: Path, space: Path, number: int, options: Sequence[str] = ()) -> Side:
    """Run the sweep on Ray in a folder of its own; only the pre-trained encoder is there before."""
    out = place / f"sweep-{number}"
    stages = place / f"stages-{number}"
    stages.mkdir()
    (encoder,) = (place / "stages").iterdir()
    (stages / encoder.name).symlink_to(encoder)
    seconds = run_sweep(space, out, stages, tuple(options))
    rows = ResultStore.open(out).scores().to_pylist()
    values: dict[str, list[float]] = {}
    for row in rows:
        values.setdefault(row["trial_id"], []).append(row["value"])
    return Side(seconds=seconds, accuracies={trial: fmean(found) for trial, found in values.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=750, help="of either stage; the demo's recipe has 750")
    parser.add_argument("--pretrain-steps", type=int, default=2600)
    parser.add_argument("--trials-measured", type=int, help="of the naive side's 54; all if not given")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--no-arrays", action="store_true", help="ours without arrays, to see what sharing alone gives")
    arguments = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    ratios = []
    with tempfile.TemporaryDirectory(prefix="xlt-shared-stages-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        pretrain_seconds = pretrain(place, arguments.pretrain_steps)
        space = write_design(place, arguments.steps, arguments.pretrain_steps)
        plans = [trial.plan for trial in plan_sweep(load_space(space)).trials]
        num_measured = arguments.trials_measured or len(plans)
        measured = [plans[place * len(plans) // num_measured] for place in range(num_measured)]
        (encoder,) = (place / "stages").iterdir()
        print(f"{len(plans)} trials, {arguments.steps} steps a stage; pre-training, of both: {pretrain_seconds:.1f} s")
        if num_measured < len(plans):
            print(f"naive: {num_measured} trials were run; their seconds are scaled to {len(plans)}")
        for number in range(arguments.rounds):
            naive_folder = place / f"naive-{number}"
            naive_folder.mkdir()
            write_work(naive_folder, measured, encoder)
            ours = time_ours(place, space, number, ["--no-arrays"] if arguments.no_arrays else [])
            naive = time_naive(naive_folder, measured, len(plans))
            ratios.append(naive.seconds / ours.seconds)
            print(f"round {number + 1}: ours {ours.seconds:.1f} s, naive {naive.seconds:.1f} s: {ratios[-1]:.2f}")
            print(
                f"  accuracy of those {num_measured} trials, mean over languages: "
                f"ours {fmean(ours.accuracies[trial] for trial in naive.accuracies):.1f}, "
                f"naive {fmean(naive.accuracies.values()):.1f}"
            )
    print(f"naive / ours: from {min(ratios):.2f} to {max(ratios):.2f}, target {TARGET_RATIO}")


if __name__ == "__main__":
    main()
