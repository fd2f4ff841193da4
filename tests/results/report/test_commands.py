import os
import re
import signal
import subprocess
import sys

from typer.testing import CliRunner

from results.commands import app
from tests.results.factories import small_sweep, write_store


def test_report_writes_one_page_and_says_where_and_how_large(tmp_path):
    store = write_store(tmp_path / "sweep", small_sweep())
    path = tmp_path / "page.html"
    result = CliRunner().invoke(app, ["report", str(store.folder), "-o", str(path), "--theme", "dark"])
    assert result.exit_code == 0, result.output
    assert 'data-theme="dark"' in path.read_text()
    assert re.search(rf"^{re.escape(str(path))}  \(\d\.\d MB\)$", result.output, flags=re.MULTILINE)


def test_serve_says_where_it_is_and_ends_cleanly_on_interrupt(tmp_path):
    store = write_store(tmp_path / "sweep", small_sweep())
    command = [sys.executable, "-c", "from results.commands import app; app()"]
    with subprocess.Popen(
        [*command, "serve", str(store.folder), "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:  # fmt: skip
        assert re.match(r"http://127\.0\.0\.1:\d+/ ", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, output, errors) == (0, "ended\n", "")
