"""Faults that a process is to meet. In: `Fault`s. Out: it is killed, or an operation fails, at a chosen moment.

File operations are seen through Python's audit events, so that nothing of the program is named or changed; calls are
wrapped when their module is imported. Only the standard library: this is also loaded into Ray's own processes.
"""

import datetime
import errno
import functools
import importlib
import importlib.abc
import importlib.util
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any

VARIABLE = "XLT_TEST_FAULTS"
"""Environment variable that holds faults as JSON."""

_EVENTS = {"open": "write", "os.rename": "rename", "os.remove": "remove", "os.rmdir": "remove", "os.mkdir": "mkdir"}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something bad, and when it happens."""

    effect: str
    """`kill`; `errno:NAME`; `raise:MODULE:NAME`; `sleep:SECONDS`; `clock:SECONDS` (on the spot); `nan` (a call that
    gives a mapping with a `loss` gives NaN); `set:VALUE` (the default of a function's keyword); `note:FILE` (a line
    each time); `kill-new:FILE` (where no operation like it is noted in the file, which it then is).
    """
    files: str = ""
    """Regular expression for `write PATH`, `rename PATH`, `remove PATH`, `mkdir PATH`; strikes before the operation."""
    call: str = ""
    """`module:name.of.function`; strikes before the call. For `set`, with `?keyword` at the end."""
    nth: int = 1
    """Matching operation of a process, from 1, at which it strikes."""
    is_lasting: bool = False
    """Strikes at every matching operation from the nth on."""
    once: str = ""
    """File that is made when it strikes: then it never strikes again, in any process."""


def to_environment(faults: Sequence[Fault]) -> dict[str, str]:
    """Give the variables under which a new process, and all that it starts, meets the faults."""
    return {VARIABLE: json.dumps([asdict(fault) for fault in faults]), "PYTHONPATH": os.path.dirname(__file__)}  # noqa: PTH120


def install_from_environment() -> None:
    """Install the faults named in the environment; none, nothing."""
    if text := os.environ.get(VARIABLE):
        install([Fault(**values) for values in json.loads(text)])


def install(faults: Sequence[Fault]) -> None:
    """Let this process meet the faults from now on; there is no way back."""
    of_files = [(_Trigger(fault), re.compile(fault.files)) for fault in faults if fault.files]
    if of_files:
        sys.addaudithook(functools.partial(_on_event, of_files))
    for fault in faults:
        if fault.effect.startswith("clock:"):
            _shift_clock(float(fault.effect.partition(":")[2]))
        elif fault.call:
            _when_imported(fault.call.partition(":")[0], functools.partial(_change_module, fault))


class _Trigger:
    """Counts the operations that match a fault, and strikes at the right one."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._num_seen = 0

    def strike(self, what: str) -> bool:
        """Count one operation; give whether the fault struck and this process lives on."""
        self._num_seen += 1
        fault = self._fault
        if self._num_seen < fault.nth or (self._num_seen > fault.nth and not fault.is_lasting):
            return False
        if fault.once:
            try:
                os.close(os.open(fault.once, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return False
        _cause(fault.effect, what)
        return True


def _cause(effect: str, what: str) -> None:
    kind, _, value = effect.partition(":")
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif kind == "errno":
        number = getattr(errno, value)
        raise OSError(number, os.strerror(number), what)
    elif kind == "raise":
        module, _, name = value.partition(":")
        raise getattr(importlib.import_module(module), name)(f"injected at {what}")
    elif kind == "sleep":
        time.sleep(float(value))
    elif kind == "note":
        _note(value, what)
    elif kind == "kill-new":
        with suppress(FileNotFoundError), open(value, encoding="utf-8") as file:  # noqa: PTH123
            if f"{_without_names(what)}\n" in file:
                return
        _note(value, _without_names(what))
        os.kill(os.getpid(), signal.SIGKILL)


def _note(file: str, line: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


def _without_names(what: str) -> str:
    """An operation without what differs between trials, stages and writers: keys, step numbers, random suffixes."""
    return re.sub(r"\*-\w{8}\b", "*", re.sub(r"(?<![a-z])[0-9a-f]{4,}", "*", what))


def _on_event(triggers: list[tuple[_Trigger, re.Pattern[str]]], event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook (PEP 578): hears of file operations before they are done."""
    if event not in _EVENTS:
        return
    path = arguments[1] if event == "os.rename" else arguments[0]
    if not isinstance(path, str | bytes | os.PathLike):  # a descriptor that is open already
        return
    if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        return
    what = f"{_EVENTS[event]} {os.fsdecode(path)}"
    for trigger, pattern in triggers:
        if pattern.search(what):
            trigger.strike(what)


def _change_module(fault: Fault, module: ModuleType) -> None:
    """Put the fault's wrapper in the place of the function."""
    name, _, keyword = fault.call.partition(":")[2].partition("?")
    *path, last = name.split(".")
    owner = functools.reduce(getattr, path, module)
    function = getattr(owner, last)
    if keyword:
        assert keyword in function.__kwdefaults__, f"{fault.call}: it has no such keyword"
        function.__kwdefaults__[keyword] = json.loads(fault.effect.partition(":")[2])
    else:
        setattr(owner, last, _wrap(function, fault))


def _wrap(function: Callable[..., Any], fault: Fault) -> Callable[..., Any]:
    trigger = _Trigger(fault)

    @functools.wraps(function)
    def wrapped(*arguments: Any, **keywords: Any) -> Any:
        if not trigger.strike(fault.call) or fault.effect != "nan":
            return function(*arguments, **keywords)
        return {**function(*arguments, **keywords), "loss": float("nan")}

    return wrapped


def _when_imported(name: str, change: Callable[[ModuleType], None]) -> None:
    """Change a module now, or as soon as it is imported."""
    if name in sys.modules:
        change(sys.modules[name])
    else:
        sys.meta_path.insert(0, _ChangingFinder(name, change))


class _ChangingFinder(importlib.abc.MetaPathFinder):
    """Finds one module, as others would, and has it changed after it was executed."""

    def __init__(self, name: str, change: Callable[[ModuleType], None]) -> None:
        self._name = name
        self._change = change

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name != self._name:
            return None
        with suppress(ValueError):
            sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_change(module: ModuleType) -> None:
                execute(module)
                self._change(module)

            spec.loader.exec_module = execute_and_change  # type: ignore[method-assign]
        return spec


def _shift_clock(seconds: float) -> None:
    """Set the wall clock of this process for all modules imported so far; file times and the monotonic clock stay."""
    real_time, real_class = time.time, datetime.datetime

    class ShiftedDatetime(real_class):  # type: ignore[misc,valid-type]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real_class.now(tz) + datetime.timedelta(seconds=seconds)

    time.time = lambda: real_time() + seconds
    for module in list(sys.modules.values()):  # not in `datetime` itself, whose class libraries in C know the size of
        if module is not datetime and vars(module).get("datetime") is real_class:
            vars(module)["datetime"] = ShiftedDatetime
