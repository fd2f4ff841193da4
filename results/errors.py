"""Errors of the store and of what is read from it; each message says what was found and what to do next."""


class ResultsError(ValueError):
    """Base of every error here that is the user's to mend; the command line prints it and exits with 2."""


class NotASweepError(ResultsError):
    """A folder holds no sweep, or something that is no sweep."""


class OtherSweepError(ResultsError):
    """A folder holds another sweep than the one that was to be written there."""


class SchemaVersionError(ResultsError):
    """A file was written by another version of the store's schema."""


class DamagedFileError(ResultsError):
    """A file under a final name cannot be read."""


class DiskFullError(ResultsError):
    """There is no room left for a file; nothing published before was touched."""


class StorageError(ResultsError):
    """A folder or bucket cannot be reached, read or written; the message holds what the system or service said."""


class RowError(ResultsError):
    """A row does not fit its schema."""


class QueryError(ResultsError):
    """A SQL statement or condition could not be run."""


class FormatError(ResultsError):
    """An output format is unknown or cannot be written where it was asked for."""


class UnlikeError(ResultsError):
    """Runs that were to be compared do not match: other seeds, or other test examples."""
