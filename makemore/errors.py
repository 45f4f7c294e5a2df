"""Every exception that makemore raises for its callers, and the exit code that the command line gives it.

    MakemoreError                  1
    ├── InvalidOption              2   an option, an argument or a model setting is invalid (a ValueError)
    ├── InvalidInput               1   a list, a request file, a query or a name is invalid (a ValueError)
    │   └── TransientError         1   the same, but a retry can succeed: a download broke off
    ├── NotFound                   1   a list, a home or a version does not exist (a FileNotFoundError)
    │   └── NoListFound            1   a folder contains no list, or a glob matches none
    ├── QuarantinedList            4   a list fails the checks of its home and needs a release
    ├── HomeBusy                   1   another run writes to the home
    ├── CorruptData                1   a file is missing, unreadable or has a checksum mismatch (a ValueError)
    │   ├── CorruptVersion         1   a file of a published version
    │   └── CorruptArchive         1   a file of `makemore export-home`
    ├── FailedCheck                1   the data violate a check of sql/checks/
    ├── TrainingFailed             1   no model could be trained
    │   └── Diverged               1   the loss is not finite
    ├── UnsatisfiableRequest       3   no output, or not enough of it, satisfies a request
    └── NeedsAttention             4   completed, but a person has to look at part of it
        └── SomeModelsFailed       4   a version is published without the models that failed

    Interrupted                  130   SIGINT, as by Ctrl-C (a KeyboardInterrupt); 143 SIGTERM

The command line prints these in one line. It does the same for an OSError, such as a full disk, since the machine is at
fault and not the program. Any other exception is a bug and keeps its traceback.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Optional, Self

VERIFY_HINT = "run `makemore verify`, then `makemore rollback` if this version is the champion"
"""Hint for a damaged file of a published version."""


class MakemoreError(Exception):
    """A problem that a person can understand from one line: what is wrong, with the value, and a hint."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        """`hint` is the next step, without a final full stop: 'use one of bigram, ngram'."""
        super().__init__(f"{message.rstrip('.')}. hint: {hint}" if hint else message)
        self.message, self.hint = message, hint

    def prefixed(self, prefix: str) -> Self:
        """The same error, hint included, with a text before its message."""
        error = copy(self)
        error.message, error.args = f"{prefix}{self.message}", (f"{prefix}{self}",)
        return error


class InvalidOption(MakemoreError, ValueError):
    """An option, an argument or a model setting is out of range, unknown or contradicts another one."""

    exit_code = 2


class InvalidInput(MakemoreError, ValueError):
    """A list, a request file, a query or a name is invalid."""


class TransientError(InvalidInput):
    """A list cannot be read now, but a retry can succeed."""


class NotFound(MakemoreError, FileNotFoundError):
    """A list, a home, a version or a file does not exist."""


class NoListFound(NotFound):
    """A folder contains no list at present, or a glob matches none."""


class QuarantinedList(MakemoreError):
    """A list fails the checks of its home and is not ingested until a person releases it."""

    exit_code = 4


class HomeBusy(MakemoreError):
    """Another run writes to the home."""


class CorruptData(MakemoreError, ValueError):
    """A file of a home is missing, unreadable or has a checksum mismatch."""


class CorruptVersion(CorruptData):
    """A file of a published version differs from its manifest."""


class CorruptArchive(CorruptData):
    """A file is not an archive of `makemore export-home`, or differs from what was written."""


class FailedCheck(MakemoreError):
    """The data violate a check of sql/checks/."""


class TrainingFailed(MakemoreError):
    """No model could be trained."""


class Diverged(TrainingFailed):
    """The loss is not finite."""


class UnsatisfiableRequest(MakemoreError):
    """No name satisfies a request, or fewer names than requested."""

    exit_code = 3


class NeedsAttention(MakemoreError):
    """Completed, but a person has to look at something: a quarantined list, a refused version, a failed model."""

    exit_code = 4
    version: Path | None = None
    """The version that was published."""


class SomeModelsFailed(NeedsAttention):
    """A version is published without the models that failed."""

    def __init__(self, message: str, version: Path | None = None) -> None:
        super().__init__(message)
        self.version = version


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Raise NotFound with the command that installs an extra of the package if an import in the block fails."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise _not_installed(error.name, name) from error


def require(module: str, name: str) -> None:
    """Raise NotFound with the command that installs an extra of the package unless its module is installed."""
    if not find_spec(module):
        raise _not_installed(module, name)


def _not_installed(module: str | None, name: str) -> NotFound:
    return NotFound(f"{module} is not installed", f"pip install 'makemore[{name}]'")


class Interrupted(KeyboardInterrupt):
    """A signal stops the command."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM)
    received: ClassVar[Optional["Interrupted"]] = None
    """The last one of the command: a library can replace the exception, as DuckDB does."""

    def __init__(self, number: int) -> None:
        super().__init__(f"received {signal.Signals(number).name}")
        self.number = number
