"""Writes what training leaves behind while training goes on. In: tensors, and what writes them. Out: files, in time.

Copying to the host's memory takes a small part of the time that writing, checksums and flushing to a disk take.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class HostCopy:
    """Tensors as they were at one moment."""

    tensors: dict[str, Tensor]
    is_complete: torch.cuda.Event | None
    """On a GPU, what is to be waited for before the tensors are read."""

    def read(self) -> dict[str, Tensor]:
        """Give the tensors, contiguous and in the host's memory, when they are there."""
        if self.is_complete is not None:
            self.is_complete.synchronize()
        return self.tensors


class HostRoom:
    """Room in the host's memory, page-locked for what comes from a GPU, that copies take by turns."""

    def __init__(self) -> None:
        self._room: dict[str, Tensor] = {}

    def copy(self, tensors: Mapping[str, Tensor]) -> HostCopy:
        """Copy tensors, into the room of those that had the same names before; a GPU is not waited for."""
        copied, device = {}, None
        for name, tensor in tensors.items():
            source, room = tensor.detach(), self._room.get(name)
            if room is None or room.shape != source.shape or room.dtype != source.dtype:
                room = torch.empty(source.shape, dtype=source.dtype, pin_memory=source.is_cuda)
            copied[name] = room.copy_(source, non_blocking=source.is_cuda)
            device = source.device if source.is_cuda else device
        self._room |= copied
        event = None
        if device is not None:
            event = torch.cuda.Event()  # type: ignore[no-untyped-call]
            event.record(torch.cuda.current_stream(device))
        return HostCopy(tensors=copied, is_complete=event)


class BackgroundWriter:
    """Has one thing at a time written by a thread of its own."""

    def __init__(self) -> None:
        self._writing: Future[None] | None = None

    def start(self, write: Callable[[], None]) -> None:
        """Begin to write, when what was begun before is written.

        Raises:
            Exception: as `wait`; nothing is begun then.
        """
        self.wait()
        executor = ThreadPoolExecutor(1, thread_name_prefix="writer")
        try:
            self._writing = executor.submit(write)
        finally:  # by Ctrl-C, too: the thread would wait for more, and Python for the thread
            executor.shutdown(wait=False)

    def wait(self) -> None:
        """See that nothing is being written any more.

        Raises:
            Exception: what the writing raised, once.
        """
        if self._writing is not None:
            wait([self._writing])  # interrupted here, it can be waited for again
            ended, self._writing = self._writing, None
            ended.result()
