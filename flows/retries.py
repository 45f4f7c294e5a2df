"""How a task is tried again, and when."""

from __future__ import annotations

from typing import Any

from makemore.errors import TransientError


def _may_pass(_task: Any, _run: Any, state: Any) -> bool:
    """Whether trying again may help: a download that broke, a list still being written, a full disk; not bad input."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, (TransientError, OSError)) and not isinstance(error, FileNotFoundError)


AGAIN: Any = {"retries": 2, "retry_delay_seconds": [2, 20], "retry_condition_fn": _may_pass}
"""After 2 seconds, then after 20 more."""
