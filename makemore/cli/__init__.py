"""The command line: each command is one function of the pipeline or of maintenance, or a flow. No logic.

Results go to stdout, everything else to stderr. Only this package imports cyclopts.

- `app`: the cyclopts app, its groups and the options that several commands share
- `config_file`: the file makemore.toml as a source of options
- `run`: run, ingest, build, train
- `serve`: serve
- `config`: config
- `names`: sample, generate, score
- `inspect`: query, compare, evaluate, show, diff, arpa
- `versions`: versions, promote, rollback, pin, unpin
- `home`: status, verify, prune, export-home, restore, release, forget
- `interruption`: Ctrl-C and SIGTERM
- `main`: the console script
"""

from __future__ import annotations

import logging
import os
import sys
import traceback

try:
    # In the order of `makemore --help`.
    from makemore.cli import run, serve, config, names, inspect, versions, home  # isort: skip
    from makemore.cli import interruption
    from makemore.cli.app import app
    from makemore.errors import MakemoreError
except KeyboardInterrupt:
    print("makemore: interrupted", file=sys.stderr)
    sys.exit(130)

__all__ = [
    "app",
    "config",
    "config_file",
    "home",
    "inspect",
    "interruption",
    "main",
    "names",
    "run",
    "serve",
    "versions",
]


def main() -> None:
    """Run the command line and exit with its code.

    0 success; 1 error; 2 usage error; 3 request cannot be satisfied; 4 completed, needs attention; 130 interrupted; 143
    stopped by SIGTERM.
    A MakemoreError and an OSError are one line on stderr. Any other exception is a bug and keeps its traceback.
    """
    log = logging.getLogger("makemore")
    log.handlers = [logging.StreamHandler(sys.stderr)]
    log.propagate = False
    try:
        with interruption.stopped_by_signals():
            app(sys.argv[1:])
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader closed the pipe, as `head` does. Nothing is left to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (MakemoreError, OSError) as error:
        print(f"makemore: {error}", file=sys.stderr)
        # Prefect keeps the error of a failed task until the interpreter exits, and its frames a database connection:
        # DuckDB would then print forty lines.
        _clear_frames(error)
        sys.exit(error.exit_code if isinstance(error, MakemoreError) else 1)
    except KeyboardInterrupt as error:
        message, code = interruption.describe(error, "".join(sys.argv[1:2]))
        print(message, file=sys.stderr)
        _clear_frames(error)
        sys.exit(code)


def _clear_frames(error: BaseException | None) -> None:
    """Release what the frames of an error and of its causes hold."""
    while error:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
