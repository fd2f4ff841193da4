"""The `xlt` command: the sub-commands put together, and errors turned into messages and exit statuses.

Exit status: 0 all is well, 1 trials failed, 2 the user's mistake, 130 stopped. Importing this is light.
"""

import logging
import os
import sys
from io import TextIOWrapper

import typer

from results.commands import app as results_app
from results.errors import ResultsError
from search_spaces.commands import app as space_app
from sweeps.cli.benchmark import run_benchmark
from sweeps.cli.cluster import app as cluster_app
from sweeps.cli.data import app as data_app
from sweeps.cli.demo import run_demo
from sweeps.cli.difficulty import app as difficulty_app
from sweeps.cli.doctor import run_doctor
from sweeps.cli.extend import extend
from sweeps.cli.listing import app as list_app
from sweeps.cli.logs import run_logs
from sweeps.cli.sweep import app as sweep_app
from sweeps.cli.trial import app as trial_app
from sweeps.cli.watch import run_watch
from xlt_core.errors import XltError

app = typer.Typer(
    help="How training perturbations and intermediate tasks change zero-shot cross-lingual accuracy.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("demo")(run_demo)
sweep_app.command("extend")(extend)
sweep_app.command("watch")(run_watch)
sweep_app.command("logs")(run_logs)
app.add_typer(sweep_app, name="sweep")
app.add_typer(trial_app, name="trial")
results_app.command("benchmark")(run_benchmark)
app.add_typer(results_app, name="results")
app.add_typer(space_app, name="space")
app.add_typer(data_app, name="data")
app.add_typer(cluster_app, name="cluster")
app.add_typer(difficulty_app, name="difficulty")
app.add_typer(list_app, name="list")
app.command("doctor")(run_doctor)

_QUIET_ENVIRONMENT = {
    "TRANSFORMERS_VERBOSITY": "error",
    "DATASETS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


class _OncePerFile(logging.Filter):
    """Says once what is wrong with a file of results, however many tables are made from it."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything pass but what readers of results have said before."""
        message = record.getMessage()
        is_new = not record.name.startswith("results.") or message not in self._said
        self._said.add(message)
        return is_new


def main() -> None:
    """Run the command line and exit; XLT_DEBUG=1 shows the traceback of an error."""
    for name, value in _QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that has no `·` or `±` shows `?` instead of a traceback
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(_OncePerFile())
    try:
        app()
    except (XltError, ResultsError) as error:
        if os.environ.get("XLT_DEBUG") == "1":
            raise
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
