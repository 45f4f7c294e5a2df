"""Alerts of runs that failed, crashed or need attention, sent to the addresses in MAKEMORE_NOTIFY."""

from __future__ import annotations

import os
from typing import Any

from prefect.blocks.core import Block

from makemore import notifications
from makemore.database import first_line
from makemore.notifications import Alert
from makemore.pipeline.nightly import RunResult

NOTIFY = "MAKEMORE_NOTIFY"
"""Not a parameter of the flow: run pages show parameters, and an address can contain a secret."""
NEEDS_ATTENTION = "Needs attention"
"""Name of the state of a run that completed with problems."""


def send_alert(flow: Any, flow_run: Any, state: Any) -> None:
    """Send an alert, unless the run completed without problems. A state hook of Prefect."""
    if state.is_completed() and state.name != NEEDS_ATTENTION:
        return
    to = notifications.addresses(os.environ.get(NOTIFY, ""))
    notifications.send(_alert(flow.name, flow_run.parameters.get("home"), state), to, _notify)


def _alert(flow: str, home: Any, state: Any) -> Alert:
    home = str(home or "artifacts")
    result = state.result(raise_on_failure=False) if state.data is not None else None
    if isinstance(result, RunResult):
        return Alert(home, result.version.name if result.version else None, "completed", result.problems, flow)
    problem = first_line(result) if isinstance(result, Exception) else state.message or state.name
    return Alert(home, None, "crashed" if state.is_crashed() else "failed", (problem,), flow)


def _notify(block: str, text: str) -> None:
    loaded: Any = Block.load(block)
    loaded.notify(text, subject="makemore")
