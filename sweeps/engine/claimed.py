"""Stages that another sweep computes, as the driver knows them. In: claims beside them. Out: which are over."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from sweeps.units.claims import Claim, ClaimWatch, claim_path

_LOOK_SECONDS = 1.0


class ClaimedStages:
    """Stages that are waited for."""

    def __init__(self, stages: Path, launch_id: str) -> None:
        self._stages = stages
        self._launch_id = launch_id
        self._watch = ClaimWatch()
        self._keys: set[str] = set()
        self._looked_at = 0.0

    @property
    def keys(self) -> frozenset[str]:
        """Of the stages."""
        return frozenset(self._keys)

    def add(self, key: str) -> None:
        """Wait for a stage."""
        self._keys.add(key)

    def find_other(self, key: str) -> Claim | None:
        """Give the claim of another sweep that computes a stage now."""
        holder = self._watch.find_holder(claim_path(self._stages, key))
        return holder if holder is not None and holder.launch_id != self._launch_id else None

    def describe_dead(self, key: str) -> str:
        """JSON of a claim that may be taken over; empty where there is none."""
        dead = self._watch.find_dead(claim_path(self._stages, key))
        return json.dumps(asdict(dead)) if dead else ""

    def look(self) -> Iterator[str]:
        """Give the stages that are waited for, from time to time; looks at most once a second."""
        if self._keys and time.monotonic() - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = time.monotonic()
            yield from sorted(self._keys)

    def is_given_up(self, key: str) -> bool:
        """Whether nobody computes a stage any more."""
        return self._watch.find_holder(claim_path(self._stages, key)) is None

    def discard(self, key: str) -> None:
        """Wait for a stage no more."""
        self._keys.discard(key)
