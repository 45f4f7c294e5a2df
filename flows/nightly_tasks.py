"""Steps of every run as Prefect tasks. They need no torch: a run with nothing to do has no other tasks."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from makemore.flows.retries import RETRIES
from makemore.maintenance import retention
from makemore.pipeline.ingest import ingest as ingest_list

ingest = task(name="ingest", task_run_name="ingest {uri}", cache_policy=NO_CACHE, **RETRIES)(ingest_list)
prune = task(name="prune", task_run_name="prune", cache_policy=NO_CACHE)(retention.prune)
