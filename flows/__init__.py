"""Prefect flows around makemore's steps: tasks, their order, retries and schedule; no logic.

Settings that the flows need are set here, before Prefect is first imported, so that they hold from any folder;
a user's own environment wins.
"""

import logging
import os

__all__ = ["SETTINGS", "generate", "ingest", "nightly", "preflight", "server", "train"]

SETTINGS = {
    # A nightly job calls nobody; offline, analytics are also an error line and a locked database.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    # The embedded server builds its database on its first start: longer than the default of 20 s on a small machine.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # After a power cut, leases in memory would keep the slot of the run that died.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    # Signs of life, in seconds: a run that is killed with its worker is Crashed when they do not come any more.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    # What a standing server knows of runs is forgotten after 90 days, as it forgets events; versions are ours to keep.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    # Nothing is pickled; what a run did is in the version's manifest.
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
    # What the steps say goes to the run's page; Prefect speaks of itself only from a warning on.
    "PREFECT_LOGGING_EXTRA_LOGGERS": "makemore",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    # A step that is called outside of a run has no page to write to, and is right to say something all the same.
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
}

for setting, value in SETTINGS.items():
    os.environ.setdefault(setting, value)

# All that the steps say is for the run's page, in whatever process the run is.
logging.getLogger("makemore").setLevel(logging.INFO)
