import http.client
import json
import socket
import threading

import pytest

from results.errors import NotASweepError, ResultsError
from results.report.live import LivePage, LiveServer, digest_store
from results.storage import open_storage
from tests.results.factories import score_row, small_sweep, trial_row, write_store


@pytest.fixture
def store(tmp_path):
    return write_store(tmp_path / "sweep", small_sweep())


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    store = write_store(tmp_path_factory.mktemp("served") / "sweep", small_sweep())
    with LiveServer(LivePage(str(store.folder)), 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(server, method="GET", path="/", host=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request(method, path, headers={"Host": host or f"127.0.0.1:{server.server_port}"})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def _finish_pending(store):
    scores = [score_row("late-0", language, 70.0) for language in ("en", "de", "sw")]
    store.publish_trial(trial_row("late-0"), scores)


def test_the_page_and_its_state_are_served(server):
    response, content = ask(server)
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert b"made-up" in content
    _, state = ask(server, path="/state")
    assert json.loads(state) == {"digest": server.page.current.digest, "problem": None}


def test_head_gives_no_content(server):
    response, content = ask(server, "HEAD")
    assert response.status == 200
    assert int(response.headers["Content-Length"]) == len(server.page.current.content)
    assert content == b""


@pytest.mark.parametrize("path", ["/sweep.json", "/../sweep.json", "/trials/base-0.parquet", "/?a=1", "/state/"])
def test_no_other_path_is_there(server, path):
    response, content = ask(server, path=path)
    assert response.status == 404
    assert b"sweep_id" not in content


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_no_other_method_is_answered(server, method):
    assert ask(server, method)[0].status in (405, 501)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "localhost", "127.0.0.1:1"])
def test_a_request_meant_for_another_host_is_refused(server, host):
    for path in ("/", "/state"):
        response, content = ask(server, path=path, host=host)
        assert response.status == 421
        assert b"made-up" not in content


def test_localhost_is_this_machine_too(server):
    assert ask(server, host=f"localhost:{server.server_port}")[0].status == 200


def test_only_the_loopback_interface_is_listened_on(server):
    assert server.server_address[0] == "127.0.0.1"


def test_the_page_is_made_again_only_when_the_store_has_changed(store):
    page = LivePage(str(store.folder))
    first = page.current
    page.renew()
    assert page.current is first
    _finish_pending(store)
    page.renew()
    assert page.current.digest != first.digest
    assert b"1 pending" in first.content
    assert b"1 pending" not in page.current.content


def test_what_goes_wrong_stands_beside_the_page_that_was_there(store):
    page = LivePage(str(store.folder))
    first = page.current
    whole = (store.folder / "sweep.json").read_text()
    (store.folder / "sweep.json").write_text("{")
    page.renew()
    assert page.current.content == first.content
    assert "sweep.json" in page.current.problem
    (store.folder / "sweep.json").write_text(whole)
    page.renew()
    assert page.current.problem is None


def test_reading_and_serving_write_nothing(store):
    def state():
        return {path: path.stat().st_mtime_ns for path in store.folder.rglob("*")}

    before = state()
    LivePage(str(store.folder)).renew()
    assert state() == before


def test_the_digest_changes_with_a_trial_and_with_nothing_else(store):
    storage = open_storage(store.folder)
    before = digest_store(storage)
    assert digest_store(storage) == before
    store.write_deltas()
    assert digest_store(storage) == before
    _finish_pending(store)
    assert digest_store(storage) != before


def test_a_folder_without_a_sweep_is_refused_before_anything_is_served(tmp_path):
    with pytest.raises(NotASweepError):
        LivePage(str(tmp_path))


def test_a_port_that_is_taken_is_named(store):
    page = LivePage(str(store.folder))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ResultsError, match=f"port {port} .* give another with --port"):
            LiveServer(page, port)
