"""What happened: the store of a sweep, and all that is read from it. `from results import ResultStore` is enough."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from results.store import ResultStore

__all__ = ["ResultStore"]


def __getattr__(name: str) -> Any:
    """Import the store when it is asked for: the command line starts without Arrow."""
    if name == "ResultStore":
        from results.store import ResultStore

        return ResultStore
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
