"""Old runs in the database of Prefect's embedded server, which deletes only old events itself."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterEndTime

KEEP_DAYS = 90
"""As on a Prefect server (PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD)."""
BATCH_SIZE = 20
"""Maximum runs to delete in one run, so that none takes long. Each nightly run adds one."""

log = logging.getLogger("makemore")


def trim() -> int:
    """Delete runs that ended more than 90 days ago, with their tasks and logs, and return their number."""
    before: Any = datetime.now(UTC) - timedelta(days=KEEP_DAYS)
    ended = FlowRunFilter(end_time=FlowRunFilterEndTime(before_=before))
    deleted = 0
    with get_client(sync_client=True) as client:
        try:
            for run in client.read_flow_runs(flow_run_filter=ended, limit=BATCH_SIZE):
                client.delete_flow_run(run.id)
                deleted += 1
        except Exception as error:
            log.warning("failed to delete old runs: %s", error)
    return deleted
