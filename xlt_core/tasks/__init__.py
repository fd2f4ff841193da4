"""What is trained on and scored. One file a task; this table names them. Importing it is light."""

from typing import TYPE_CHECKING

from xlt_core.plugins import load_plugin

if TYPE_CHECKING:
    from xlt_core.tasks.base import Task

TASKS: dict[str, str] = {
    "pawsx": "xlt_core.tasks.pawsx:TASK",
    "udpos": "xlt_core.tasks.udpos:TASK",
    "world": "xlt_core.tasks.world:TASK",
    "xnli": "xlt_core.tasks.xnli:TASK",
}


def load_task(name: str) -> "Task":
    """Import a task by its name."""
    task: Task = load_plugin("task", name, TASKS)
    return task
