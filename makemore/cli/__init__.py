"""The command line: one verb a step or a flow; results on stdout, all else on stderr."""

from __future__ import annotations

import logging
import os
import sys
import traceback

from makemore.cli import home, inspect, lists, names, run, serve, versions
from makemore.cli.app import app
from makemore.errors import MakemoreError

__all__ = ["app", "home", "inspect", "lists", "main", "names", "run", "serve", "versions"]


def main() -> None:
    """Run the command line: exit code 0; 1 with one line on stderr; 2 for a command or an option that there is not.

    3, with a line on stderr, is of names that there are not, or not as many; 4 of what is done, but wants a look.
    """
    log = logging.getLogger("makemore")
    log.handlers = [logging.StreamHandler(sys.stderr)]
    log.propagate = False
    try:
        app(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Who reads our output has had enough: nothing is wrong, and nothing is left to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ValueError, OSError) as error:
        print(f"makemore: {error}", file=sys.stderr)
        # Prefect keeps the error of a failed task, and with its frames a database connection, until the interpreter
        # is gone; DuckDB then prints forty lines of complaint.
        for cause in (error, error.__cause__, error.__context__):
            traceback.clear_frames(cause.__traceback__ if cause else None)
        sys.exit(error.exit_code if isinstance(error, MakemoreError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
