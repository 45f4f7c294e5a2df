"""The steps of every night as Prefect tasks. They do without torch: a night with nothing new has no others."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from makemore.flows.retries import AGAIN
from makemore.maintenance import retention
from makemore.pipeline import ingest as intake

ingest = task(name="ingest", task_run_name="ingest {uri}", cache_policy=NO_CACHE, **AGAIN)(intake.ingest)
prune = task(name="prune", task_run_name="prune", cache_policy=NO_CACHE)(retention.prune)
