"""What was run: versions, hashes, the space, and the commands that do it again.

In: what sweep.json holds, trials, contrasts. Out: tables and texts.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

from results.report.blocks import Grid, lay_out, write
from results.report.evidence import Evidence
from results.report.figures.words import counted
from results.report.wording import is_missing

_FACTS = {"sweep_id": "sweep id", "created_at": "begun", "schema_version": "version of the store's schema"}


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where the numbers come from."""

    facts: Grid
    commands: str
    space: str | None
    """YAML."""
    analysis: str | None
    """YAML of what was declared, resolved to cells."""
    examples: Grid | None
    trials: Grid | None


def trace_provenance(evidence: Evidence) -> Provenance:
    """Say what was run and how to run it again."""
    space, analysis = evidence.sweep.get("space"), evidence.sweep.get("analysis")
    name = str(evidence.sweep.get("name", "sweep"))
    return Provenance(
        facts=lay_out(pd.DataFrame(_facts(evidence), columns=["what", "value"]), "Versions and identity"),
        commands="\n".join(
            [
                f"xlt sweep run {name}.yaml --out runs/{name}    # the space below, saved under this name",
                f"xlt sweep resume {evidence.uri}    # what is missing in this store",
                f"xlt results report {evidence.uri} -o report.html    # this page",
            ]
        ),
        space=_yaml(space) if isinstance(space, Mapping) else None,
        analysis=_yaml(analysis) if isinstance(analysis, Mapping) else None,
        examples=_examples(evidence.contrasts),
        trials=_trials(evidence.trials),
    )


def _facts(evidence: Evidence) -> list[tuple[str, str]]:
    trials = evidence.trials
    facts = [(label, str(evidence.sweep[key])) for key, label in _FACTS.items() if key in evidence.sweep]
    facts += [("store", evidence.uri), ("page made", evidence.made_at)]
    facts += [(f"{name}, of the driver", str(value)) for name, value in (evidence.sweep.get("versions") or {}).items()]
    for text, number in trials["versions"].value_counts().items():
        named = ", ".join(f"{name} {version}" for name, version in json.loads(str(text)).items())
        facts.append((f"of {counted(int(number), 'trial')}", named))
    for text in evidence.contrasts["code_versions"].dropna().unique():
        facts.append(("code that made the numbers", write(json.loads(text))))
    for device, number in trials["device"].value_counts().items():
        facts.append((f"device of {counted(int(number), 'trial')}", str(device)))
    if trials["wall_seconds"].notna().any():
        facts.append(("time of all finished trials", f"{trials['wall_seconds'].sum() / 3600:.2f} hours"))
    return facts


def _examples(contrasts: pd.DataFrame) -> Grid | None:
    """Hash of the test examples that all runs of a language were scored on."""
    rows = contrasts[contrasts["examples_hash"].notna() & contrasts["unit"].eq("language")]
    rows = rows.drop_duplicates(["target_task", "condition", "language", "examples_hash"])
    if rows.empty:
        return None
    frame = rows[["language", "target_task", "condition", "num_examples", "examples_hash"]].rename(
        columns={"target_task": "task", "num_examples": "examples", "examples_hash": "hash of their ids"}
    )
    return lay_out(frame, "Test sets, as scored")


def _trials(trials: pd.DataFrame) -> Grid | None:
    if trials.empty:
        return None
    frame = pd.DataFrame(
        {
            "trial": trials["trial_id"],
            "cell": trials["cell"],
            "seed": trials["seed"],
            "status": trials["status"],
            "attempt": trials["attempt"],
            "steps": trials["num_steps"],
            "seconds": trials["wall_seconds"],
            "stages": ["" if is_missing(keys) else " ".join(keys) for keys in trials["stage_keys"]],
            "note": trials["note"],
        }
    )
    frame = frame if frame["note"].notna().any() else frame.drop(columns="note")
    return lay_out(frame, "Every trial; a stage's key is a hash of all that made it: data, encoder, settings, code")


def _yaml(value: Mapping[str, Any]) -> str:
    writer = YAML()
    writer.default_flow_style = False
    writer.width = 100
    text = io.StringIO()
    writer.dump(json.loads(json.dumps(value, default=str)), text)
    return text.getvalue()
