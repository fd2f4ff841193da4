import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pyarrow.fs import FileSystemHandler, LocalFileSystem, PyFileSystem

from results.errors import StorageError
from results.storage import open_storage
from results.storage.buckets import BucketStorage


def _opening(uri: str) -> str:
    with pytest.raises(StorageError) as caught:
        open_storage(uri)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_bucket_that_is_not_there_is_a_sentence(bucket: str) -> None:
    said = _opening("s3://no-such-bucket/runs")
    assert said.startswith("s3://no-such-bucket/runs: the bucket does not exist: make it, or mend its name. ")
    assert "NO_SUCH_BUCKET" in said


def test_wrong_credentials_are_a_sentence(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0)
    said = _opening(f"s3://{bucket}/runs")
    assert "the credentials are missing, wrong or not enough" in said
    assert "AWS_ACCESS_KEY_ID" in said
    assert "INVALID_ACCESS_KEY_ID" in said


def test_an_endpoint_that_does_not_answer_is_a_sentence(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("results.storage.services._GCS_RETRY_SECONDS", 1)
    said = _opening(f"s3://{bucket}/runs?endpoint_override=http://127.0.0.1:9")
    assert "the service does not answer: look at the network, and at the endpoint (AWS_ENDPOINT_URL" in said
    said = _opening(f"gs://{bucket}/runs?endpoint_override=http://127.0.0.1:9&anonymous=true")
    assert "the service does not answer" in said


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("s3://bucket/runs?endpoint=x", "unknown option 'endpoint'; the options are endpoint_override, region, scheme"),
        ("s3://key:secret@bucket/runs", "credentials do not belong into a URI"),
        ("s3://", "'' is no name of a bucket"),
        ("s3://Bad_Bucket!/x", "'Bad_Bucket!' is no name of a bucket; give s3://BUCKET/PREFIX"),
    ],
)
def test_a_uri_that_means_nothing_is_refused(uri: str, sentence: str) -> None:
    said = _opening(uri)
    assert sentence in said
    assert "secret" not in said


def test_options_stay_in_the_uri_so_that_another_machine_opens_the_same(
    bucket: str, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    storage = open_storage(f"s3://{bucket}/runs/?endpoint_override={s3_endpoint}&region=eu-west-1")
    storage.publish_bytes("a", b"x")
    assert storage.uri == f"s3://{bucket}/runs?endpoint_override={s3_endpoint}&region=eu-west-1"
    assert storage.locate("a") == f"s3://{bucket}/runs/a"
    assert open_storage(storage.below("deep").uri).list_names() == []
    assert open_storage(storage.uri).read_bytes("a") == b"x"


def test_an_answer_that_is_missing_while_a_sweep_runs_is_a_sentence(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = open_storage(f"s3://{bucket}/runs")
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0)
    with pytest.raises(StorageError, match="the credentials are missing"):
        storage.publish_bytes("a", b"x")


class _Failing(FileSystemHandler):
    """Local files behind a service that fails a few times."""

    def __init__(self, errors: list[str]) -> None:
        self.errors = errors
        self.local = LocalFileSystem()

    def _fail(self) -> None:
        if self.errors:
            raise OSError(self.errors.pop(0))

    def open_input_stream(self, path):
        self._fail()
        return self.local.open_input_stream(path)

    def open_output_stream(self, path, metadata):
        self._fail()
        return self.local.open_output_stream(path)

    def get_type_name(self):
        return "failing"

    def _unused(self, *_):
        raise AssertionError("not asked for")

    get_file_info = get_file_info_selector = create_dir = delete_dir = delete_dir_contents = _unused
    delete_root_dir_contents = delete_file = move = copy_file = open_input_file = open_append_stream = _unused

    def normalize_path(self, path):
        return path


def _failing(folder: Path, *errors: str) -> BucketStorage:
    return BucketStorage("s3", str(folder), "", PyFileSystem(_Failing(list(errors))))


def test_errors_that_may_pass_are_waited_out_with_growing_pauses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    storage = _failing(tmp_path, "AWS Error SLOW_DOWN: Please reduce your request rate", "AWS Error INTERNAL_FAILURE")
    storage.publish_bytes("a", b"content")
    assert (tmp_path / "a").read_bytes() == b"content"
    assert len(pauses) == 2
    assert pauses[0] < pauses[1]


@pytest.mark.parametrize(("error", "num_attempts"), [("AWS Error ACCESS_DENIED", 1), ("AWS Error SLOW_DOWN", 4)])
def test_errors_that_stay_are_raised_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str, num_attempts: int
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    errors = [error] * 10
    storage = BucketStorage("s3", str(tmp_path), "", PyFileSystem(_Failing(errors)))
    with pytest.raises(StorageError, match=re.escape(error)):
        storage.read_bytes("a")
    assert 10 - len(errors) == num_attempts


class _BusyService(BaseHTTPRequestHandler):
    """An empty bucket of a service that is too busy at first."""

    num_refusals = 0

    def do_GET(self):
        if type(self).num_refusals:
            type(self).num_refusals -= 1
            status, code = 503, "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
        else:
            status, code = 200, "<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>"
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(code)))
        self.end_headers()
        self.wfile.write(code.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def busy_endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _BusyService)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_service_that_is_too_busy_is_asked_again(
    busy_endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = open_storage(f"s3://{bucket}/runs?endpoint_override={busy_endpoint}")
    monkeypatch.setattr(_BusyService, "num_refusals", 5)  # more than the service's own client tries again
    assert storage.list_names() == []
    assert _BusyService.num_refusals == 0
