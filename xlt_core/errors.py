"""Errors a caller can act on: each message says what was given, what is allowed and what to do next."""

from collections.abc import Iterable
from difflib import get_close_matches


class XltError(Exception):
    """Base of every error that is the user's to mend; the command line prints it and exits with 2."""


class SpecError(XltError, ValueError):
    """A setting of a trial or a space is outside what is allowed."""


class DataError(XltError, ValueError):
    """A data file is missing, malformed, or holds labels that cannot be scored."""


class EncoderError(XltError, ValueError):
    """An encoder cannot be loaded or cannot be used for what was asked."""


class ScoreError(XltError, ValueError):
    """Predictions that a metric has no value for."""


class StoreError(XltError, ValueError):
    """A results folder is not what it should be: another sweep, another schema, a damaged file."""


class DamagedArtifactError(StoreError):
    """A published stage whose files are missing or have changed; it is to be set aside and computed again."""

    def __init__(self, message: str, stage_key: str) -> None:
        super().__init__(message, stage_key)
        self.stage_key = stage_key

    def __str__(self) -> str:
        return str(self.args[0])


class UnknownNameError(XltError, KeyError):
    """A name that no table holds."""

    def __init__(self, kind: str, given: str, known: Iterable[str]) -> None:
        names = sorted(known)
        nearest = get_close_matches(given, names, n=1)
        hint = f"; did you mean '{nearest[0]}'?" if nearest else "."
        super().__init__(f"unknown {kind} '{given}'{hint} Known: {', '.join(names)}")

    def __str__(self) -> str:
        return str(self.args[0])
