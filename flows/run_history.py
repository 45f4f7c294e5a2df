"""What Prefect remembers of runs, trimmed where no standing server does it: its embedded one forgets events alone."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect.client.base import ServerType
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterEndTime

DAYS = 90
"""As a standing server keeps them (PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD)."""
AT_ONCE = 20
"""Runs that one run forgets at most: a night leaves one, and none is to wait for many."""

log = logging.getLogger("makemore")


def trim() -> int:
    """Number of runs that ended more than 90 days ago and are forgotten now, with their tasks and logs."""
    long_ago: Any = datetime.now(UTC) - timedelta(days=DAYS)
    ended = FlowRunFilter(end_time=FlowRunFilterEndTime(before_=long_ago))
    trimmed = 0
    with get_client(sync_client=True) as client:
        if client.server_type is not ServerType.EPHEMERAL:
            return 0
        try:
            for run in client.read_flow_runs(flow_run_filter=ended, limit=AT_ONCE):
                client.delete_flow_run(run.id)
                trimmed += 1
        except Exception as error:
            log.warning("old runs could not be forgotten: %s", error)
    return trimmed
