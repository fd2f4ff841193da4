"""How progress is put into words, the same for the display, `watch` and `status`. In: plain values. Out: text."""

from collections import Counter
from collections.abc import Iterable, Mapping

from sweeps.observing.extremes import Extremes
from sweeps.observing.heartbeats import Heartbeat
from sweeps.observing.pace import Forecast
from sweeps.observing.vitals import Vitals

_SILENT_AFTER_SECONDS = 60.0
_GB = 1e9


def format_seconds(seconds: float) -> str:
    """Write a duration for people: `45 s`, `12 min`, `3.5 h`, `2.1 days`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"


def describe_counts(counts: Mapping[str, int]) -> str:
    """Write trials by status: `12 ok, 1 diverged, 27 pending`."""
    return ", ".join(f"{number:,} {status}" for status, number in sorted(counts.items()) if number)


def describe_forecast(forecast: Forecast) -> str:
    """Write the rate and the time left, as far as they are known."""
    parts = []
    if forecast.trials_per_minute is not None:
        parts.append(f"{forecast.trials_per_minute:.1f} trials/min")
    if forecast.seconds_left is None:
        parts.append("time left not known yet")
    else:
        parts.append(f"about {format_seconds(forecast.seconds_left)} left")
    return ", ".join(parts)


def describe_step(beat: Heartbeat) -> str:
    """Write where one piece of work is."""
    if beat.doing:
        return f"{beat.kind} {'' if beat.has_stopped else 'trained, '}{beat.doing}"
    if beat.num_steps == 0:
        return "starting" if beat.kind == "start" else beat.kind
    if beat.num_steps_taken >= beat.num_steps:
        return f"{beat.kind} trained, scoring"
    loss = "" if beat.loss is None else f", loss {beat.loss:.3g}"
    return f"{beat.kind} step {beat.num_steps_taken}/{beat.num_steps}{loss}"


def describe_arrays(beats: Iterable[Heartbeat]) -> list[str]:
    """Say how many trials train together, where any do; not those that are trained and scored one by one."""
    at_work = Counter((beat.host, beat.pid) for beat in beats if not beat.doing)
    together = [number for number in at_work.values() if number > 1]
    if not together:
        return []
    processes = "one process" if len(together) == 1 else f"{len(together)} processes"
    return [f"{sum(together)} trials train together in {processes}"]


def describe_silence(seconds: float | None) -> str:
    """Say that nothing was heard for long; empty where something was."""
    return f"silent for {format_seconds(seconds)}" if seconds is not None and seconds > _SILENT_AFTER_SECONDS else ""


def describe_extremes(extremes: Extremes) -> str:
    """Write the languages that fare best and worst."""
    sign, what = ("+", "mean delta") if extremes.is_delta else ("", "mean score")
    best, worst = (f"{end.language} {end.mean:{sign}.1f}" for end in (extremes.best, extremes.worst))
    return f"best {best}, worst {worst} ({extremes.metric}, {what})"


def describe_devices(beats: Iterable[Heartbeat]) -> list[str]:
    """Write one line a GPU that is in use: its memory, by all processes, and how busy it is."""
    newest: dict[tuple[str, str], Vitals] = {}
    sharing: dict[tuple[str, str], int] = {}
    for beat in beats:
        if beat.vitals.device is not None:
            key = (beat.host, beat.vitals.device_id or beat.vitals.device)
            newest[key] = beat.vitals
            sharing[key] = sharing.get(key, 0) + 1
    return [
        f"{host}: {_describe_device(vitals)}, {sharing[host, name]} at work" for (host, name), vitals in newest.items()
    ]


def _describe_device(vitals: Vitals) -> str:
    used, total = vitals.device_bytes or 0, vitals.device_total_bytes or 0
    busy = "use not known (needs nvidia-ml-py)" if vitals.device_percent is None else f"{vitals.device_percent} % busy"
    return f"{vitals.device}, {used / _GB:.1f} of {total / _GB:.1f} GB, {busy}"
