"""Counters and gauges of a sweep for Prometheus, through Ray's own metrics: `ray_xlt_*` beside those of Ray.

In: what the driver hears. Out: what Ray's agents export, where they do (`ray[default]`); elsewhere nothing. Light until
it is made; needs a running Ray.
"""

import logging
from collections.abc import Callable

logger = logging.getLogger(__name__)


class SweepMetrics:
    """The metrics of one sweep; never raises: they are a courtesy."""

    def __init__(self, sweep_name: str) -> None:
        from ray.util.metrics import Counter, Gauge

        tags = {"sweep": sweep_name}
        self._ended = Counter(
            "xlt_units_ended", "Stages and trials that ended, by kind and status.", ("sweep", "kind", "status")
        )
        self._running = Gauge("xlt_units_running", "Stages and trials that run now.", ("sweep",))
        self._pending = Gauge("xlt_trials_pending", "Planned trials that have not ended.", ("sweep",))
        for metric in (self._ended, self._running, self._pending):
            metric.set_default_tags(tags)
        self._is_broken = False

    def unit_ended(self, kind: str, status: str) -> None:
        """Count a stage or a trial."""
        self._try(lambda: self._ended.inc(1, {"kind": kind, "status": status}))

    def now(self, *, num_running: int, num_pending: int) -> None:
        """Say how it stands."""
        self._try(lambda: self._running.set(num_running))
        self._try(lambda: self._pending.set(num_pending))

    def _try(self, record: Callable[[], object]) -> None:
        if self._is_broken:
            return
        try:
            record()
        except Exception as error:
            self._is_broken = True
            logger.warning("Ray takes no metrics (%s); the sweep goes on without", error)
