"""How far a stage is, for whoever watches. In: steps taken. Out: a `Progress`, told after each."""

from collections.abc import Callable
from dataclasses import dataclass

from xlt_core.stage_plan import Stage


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a stage is."""

    kind: str
    stage_key: str
    num_steps_taken: int
    num_steps: int


OnProgress = Callable[[Progress], None]


def report_steps(stage: Stage, num_steps: int, on_progress: OnProgress | None) -> Callable[[int], None]:
    """What is to be called with the number of steps that a stage has taken."""

    def on_step(num_steps_taken: int) -> None:
        if on_progress is not None:
            on_progress(
                Progress(kind=stage.kind, stage_key=stage.key, num_steps_taken=num_steps_taken, num_steps=num_steps)
            )

    return on_step
