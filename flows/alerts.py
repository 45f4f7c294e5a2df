"""How a run tells somebody that it wants a look: a hook of its last state, which tells whom MAKEMORE_NOTIFY names."""

from __future__ import annotations

import os
from typing import Any

from prefect.blocks.core import Block

from makemore import notifications
from makemore.database import first_line
from makemore.notifications import Notice
from makemore.pipeline.nightly import Night

NOTIFY = "MAKEMORE_NOTIFY"
"""Addresses are no parameter of the flow: a run's page shows those, and an address may be a secret."""
LOOK = "Wants a look"
"""Name of the state of a night that is done, and had a problem."""


def tell(flow: Any, flow_run: Any, state: Any) -> None:
    """Send what a run of a flow came to, if it is not good."""
    if state.is_completed() and state.name != LOOK:
        return
    to = notifications.addresses(os.environ.get(NOTIFY, ""))
    notifications.send(_notice(flow.name, flow_run.parameters.get("home"), state), to, _notify)


def _notice(flow: str, home: Any, state: Any) -> Notice:
    home = str(home or "artifacts")
    came_to = state.result(raise_on_failure=False) if state.data is not None else None
    if isinstance(came_to, Night):
        return Notice(home, came_to.version.name if came_to.version else None, "done", came_to.problems, flow)
    problem = first_line(came_to) if isinstance(came_to, Exception) else state.message or state.name
    return Notice(home, None, "crashed" if state.is_crashed() else "failed", (problem,), flow)


def _notify(block: str, text: str) -> None:
    loaded: Any = Block.load(block)
    loaded.notify(text, subject="makemore")
