"""What a `data` setting points at. In: its text. Out: a local folder, or a data set in the hub's form."""

import re
from dataclasses import dataclass
from pathlib import Path

from xlt_core.errors import DataError

_HUB = "hub"
_REPOSITORY = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")


@dataclass(frozen=True, kw_only=True)
class HubAddress:
    """A data set repository."""

    repository: str
    """`OWNER/NAME`."""
    revision: str = "main"
    """Branch, tag or commit."""


@dataclass(frozen=True, kw_only=True)
class HubCopy:
    """A local folder with a data set in the form that the hub keeps it in."""

    folder: Path


Location = Path | HubAddress | HubCopy


def is_on_hub(data: str) -> bool:
    """Whether a `data` setting names what only the hub is sure to have; a folder in its form is on this machine."""
    kind, _, address = data.partition(":")
    return kind == _HUB and not (address and Path(address).is_dir())


def parse_location(data: str, default_repository: str | None) -> Location:
    """Read `hub`, `hub:OWNER/NAME[@REVISION]`, `hub:FOLDER` or a folder's path.

    Args:
        data: the setting.
        default_repository: what `hub` means, `OWNER/NAME[@REVISION]`; none: nothing.

    Raises:
        DataError: none of these, or the folder is not there.
    """
    kind, _, address = data.partition(":")
    if kind != _HUB:
        folder = Path(data)
        if not folder.is_dir():
            raise DataError(f"data '{data}': no such folder; give a folder, 'hub' or 'hub:OWNER/NAME[@REVISION]'")
        return folder
    if address and Path(address).is_dir():
        return HubCopy(folder=Path(address))
    address = address or default_repository or ""
    if not address:
        return HubAddress(repository="")
    match = _REPOSITORY.fullmatch(address)
    if not match:
        raise DataError(
            f"data '{data}': '{address}' is neither a folder nor a repository; give 'hub:OWNER/NAME[@REVISION]'"
        )
    return HubAddress(repository=match["name"], revision=match["revision"] or "main")
