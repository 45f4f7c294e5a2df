"""When and how often a task is retried."""

from __future__ import annotations

from typing import Any

from makemore.errors import TransientError


def _can_succeed(_task: Any, _run: Any, state: Any) -> bool:
    """Return whether a retry can succeed: after a broken download, a list still being written, or a full disk."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, (TransientError, OSError)) and not isinstance(error, FileNotFoundError)


RETRIES: Any = {"retries": 2, "retry_delay_seconds": [2, 20], "retry_condition_fn": _can_succeed}
