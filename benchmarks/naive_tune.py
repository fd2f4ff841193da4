"""What a user would write without this repository: Ray Tune, a `transformers.Trainer` trial a process, nothing shared.

In: a folder with `work.json` (encoder, recipe, trials; see `Work`) and token ids as JSON. Out: one JSON line: seconds
and the accuracy of every trial. Usage: python -m benchmarks.naive_tune FOLDER
"""

import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Work:
    """All that is to be trained; JSON."""

    encoder: str
    """Folder, as transformers saves it."""
    trials: list[dict[str, Any]]
    """Of each: `intermediate` and `target`, files of pairs; `magnitude` of the target stage's noise; `seed`."""
    tests: dict[str, str]
    """File of each language's test pairs."""
    num_steps: int
    """Of either stage."""
    batch_size: int
    learning_rate: float
    warmup_ratio: float
    num_concurrent: int


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What came of it; JSON."""

    fit_seconds: float
    """Of `Tuner.fit`: all trials."""
    accuracies: list[float]
    """Mean over languages of each trial, in per cent."""


def train_one(config: dict[str, Any]) -> None:
    """Intermediate stage, target stage, every language: one trial, in a process that Tune has started for it."""
    import torch
    import transformers
    from ray import tune

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    work, trial = Work(**config["work"]), config["trial"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(work.encoder)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        first = _train(work.encoder, trial["intermediate"], 0.0, trial["seed"], work, tokenizer, folder)
        first.model.save_pretrained(folder / "intermediate")
        second = _train(
            str(folder / "intermediate"), trial["target"], trial["magnitude"], trial["seed"], work, tokenizer, folder
        )
        accuracies = []
        for path in work.tests.values():
            answers = second.predict(_read_rows(path))
            accuracies.append(100.0 * float((answers.predictions.argmax(-1) == answers.label_ids).mean()))
    tune.report({"accuracy": sum(accuracies) / len(accuracies), "threads": torch.get_num_threads()})


def _train(
    encoder: str, data: str, magnitude: float, seed: int, work: Work, tokenizer: Any, scratch: Path
) -> "transformers.Trainer":  # noqa: F821
    """One stage; the head is new in the first, and goes on into the second, as it would for most users."""
    import transformers

    transformers.set_seed(seed)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(encoder, num_labels=2)
    if magnitude:
        add_noise(model, magnitude)
    trainer = transformers.Trainer(
        model=model,
        args=transformers.TrainingArguments(
            output_dir=str(scratch),
            max_steps=work.num_steps,
            per_device_train_batch_size=work.batch_size,
            per_device_eval_batch_size=128,
            learning_rate=work.learning_rate,
            warmup_steps=work.warmup_ratio,
            use_cpu=True,
            seed=seed,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=True,
        ),
        train_dataset=_read_rows(data),
        data_collator=transformers.DataCollatorWithPadding(tokenizer),
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()
    return trainer


def add_noise(model: Any, magnitude: float) -> None:
    """Gaussian noise on the word embeddings while training; the magnitude is relative to their mean norm."""
    import torch

    table = model.get_input_embeddings()
    deviation = magnitude * float(table.weight.detach().norm(dim=-1).mean()) / table.embedding_dim**0.5

    def disturb(module: torch.nn.Module, _: object, output: torch.Tensor) -> torch.Tensor:
        return output + torch.randn_like(output) * deviation if module.training else output

    table.register_forward_hook(disturb)


def _read_rows(path: str) -> list[dict[str, Any]]:
    pairs = json.loads(Path(path).read_text(encoding="utf-8"))
    return [{"input_ids": ids, "labels": label} for ids, label in zip(pairs["ids"], pairs["labels"], strict=True)]


def run(folder: Path) -> Finished:
    """Hand all trials to Tune, as its documentation does."""
    import ray
    from ray import tune

    work = Work(**json.loads((folder / "work.json").read_text(encoding="utf-8")))
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    ray.init(address="local", num_cpus=work.num_concurrent, include_dashboard=False, log_to_driver=False)
    tuner = tune.Tuner(
        tune.with_resources(train_one, {"cpu": 1}),
        param_space={"work": asdict(work), "trial": tune.grid_search(work.trials)},
        tune_config=tune.TuneConfig(max_concurrent_trials=work.num_concurrent),
        run_config=tune.RunConfig(name="naive", storage_path=str(folder / "tune"), verbose=0),
    )
    started = time.perf_counter()
    results = tuner.fit()
    seconds = time.perf_counter() - started
    if results.num_errors:
        raise SystemExit(f"{results.num_errors} trials failed: {results.errors[:1]}")
    return Finished(fit_seconds=seconds, accuracies=[result.metrics["accuracy"] for result in results])


if __name__ == "__main__":
    print(json.dumps(asdict(run(Path(sys.argv[1])))))
