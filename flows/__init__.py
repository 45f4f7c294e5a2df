"""Prefect only: tasks, their order, retries, schedules and run pages. No logic.

- `nightly`: the flow that runs the whole pipeline
- `ingest`, `train`, `generate`: flows of its parts
- `server`: a Prefect server and a worker on one machine
- `embedded`: the server of one run, without a standing server
- `embedded_server`: the process of that server
- `preflight`: a check of its database
- `SETTINGS`: Prefect settings of the flows

The settings are set here, before the first import of Prefect, so that they apply in every working directory. A setting
in the user's environment has priority.
"""

import logging
import os

__all__ = ["SETTINGS", "embedded", "generate", "ingest", "nightly", "preflight", "server", "train"]

SETTINGS = {
    # No telemetry. Without a network it also costs an error line and a locked database.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    # Seconds. The embedded server creates its database on the first start: the default of 20 is too short.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # After a power cut, leases in memory would keep the concurrency slot of the killed run.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    # Seconds between heartbeats. The automation of deployments.py crashes a run without them.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    # The server deletes runs and events after 90 days. Versions stay.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    # No pickle.
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
    # Logs of makemore appear on the run page; of Prefect's own logs only warnings.
    "PREFECT_LOGGING_EXTRA_LOGGERS": "makemore",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    # Steps also log outside a run, which has no page.
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
}

for setting, value in SETTINGS.items():
    os.environ.setdefault(setting, value)

# The run page shows all log lines, in whatever process the run is.
logging.getLogger("makemore").setLevel(logging.INFO)
