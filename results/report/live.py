"""The report of a sweep that is still running, on this machine only: a page that renews itself.

In: the place of a store. Out: a web server on the loopback interface that answers GET / and GET /state, nothing else,
and never writes.
"""

import hashlib
import json
import logging
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from results.errors import ResultsError
from results.report.evidence import gather_evidence
from results.report.page import PageTheme, content_policy, render_page
from results.storage import Storage, open_storage
from results.store import ResultStore

logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
_MIN_PAUSE_SECONDS = 2.0
_WATCHED = ("plan", "languages", "trials")
"""Folders whose files a page is made from; a trial's other files come before its own."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A page, and what of the store it shows."""

    content: bytes
    digest: str
    problem: str | None = None
    """Why the store's present state is not shown."""


class LivePage:
    """The newest page of a store; `renew` makes another when the store has changed."""

    def __init__(self, place: str, theme: PageTheme = "auto") -> None:
        self._place = place
        self._theme = theme
        self._storage = open_storage(place)
        self._current = self._render()

    @property
    def current(self) -> Rendered:
        """The newest page."""
        return self._current

    def renew(self) -> float:
        """Look at the store, and make a new page where it has changed; what goes wrong stands beside the old one.

        Returns:
            Seconds it took.
        """
        began = time.monotonic()
        old = self._current
        try:
            if digest_store(self._storage) != old.digest:
                self._current = self._render()
            elif old.problem is not None:
                self._current = Rendered(content=old.content, digest=old.digest)
        except ResultsError as error:
            self._current = Rendered(content=old.content, digest=old.digest, problem=str(error))
        return time.monotonic() - began

    def _render(self) -> Rendered:
        digest = digest_store(self._storage)  # before reading: what comes meanwhile is seen next time
        evidence = gather_evidence(ResultStore.open(self._place), is_kept=False)
        text = render_page(evidence, theme=self._theme, digest=digest)
        return Rendered(content=text.encode(), digest=digest)


def digest_store(storage: Storage) -> str:
    """Hash what tells one state of a store from another: names, sizes and times of its files."""
    state = hashlib.sha256()
    for entry in [one for folder in ("", *_WATCHED) for one in storage.list_entries(folder)]:
        state.update(f"{entry.name} {entry.num_bytes} {entry.modified_ns}\n".encode())
    return state.hexdigest()[:16]


class LiveServer(ThreadingHTTPServer):
    """Serves one page on the loopback interface."""

    daemon_threads = True

    def __init__(self, page: LivePage, port: int) -> None:
        self.page = page
        self.policy = f"{content_policy(is_live=True)}; frame-ancestors 'none'"
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except OSError as error:
            raise ResultsError(
                f"port {port} of {LOOPBACK} cannot be had ({error.strerror}); give another with --port, 0 takes any"
            ) from error

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{LOOPBACK}:{self.server_port}/"

    @property
    def hosts(self) -> frozenset[str]:
        """Names that a browser may know this server by; another is a page elsewhere that wants to read this one."""
        return frozenset(f"{name}:{self.server_port}" for name in (LOOPBACK, "localhost"))


def serve(place: str, *, port: int, theme: PageTheme = "auto") -> None:
    """Serve the report of a store until Ctrl-C.

    Raises:
        ResultsError: no store there, or the port is taken.
    """
    with LiveServer(LivePage(place, theme), port) as server:
        is_over = threading.Event()
        renewer = threading.Thread(target=_keep_renewing, args=(server.page, is_over), daemon=True)
        try:
            renewer.start()
            print(f"{server.url}  (this machine only; Ctrl-C ends it)", flush=True)
            server.serve_forever()
        except KeyboardInterrupt:
            print("ended")
        finally:
            is_over.set()


def _keep_renewing(page: LivePage, is_over: threading.Event) -> None:
    """Renew the page now and then; at most half of the time is spent on it."""
    pause = _MIN_PAUSE_SECONDS
    while not is_over.wait(pause):
        pause = max(_MIN_PAUSE_SECONDS, page.renew())


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD of two paths."""

    server: LiveServer
    server_version = "xlt"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        if self.headers.get("Host", "").lower() not in self.server.hosts:
            self._send(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", f"open {self.server.url}\n".encode())
            return
        current = self.server.page.current
        if self.path == "/":
            self._send(HTTPStatus.OK, "text/html", current.content)
        elif self.path == "/state":
            state = {"digest": current.digest, "problem": current.problem}
            self._send(HTTPStatus.OK, "application/json", json.dumps(state).encode())
        else:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", f"only {self.server.url} is here\n".encode())

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", self.server.policy)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        logger.debug(format, *args)
