"""Steps of the flow `generate` as Prefect tasks."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from makemore.flows.retries import RETRIES
from makemore.pipeline import sample

plan = task(name="plan", task_run_name="plan {output}", cache_policy=NO_CACHE)(sample.plan)
make_shard = task(name="shard", task_run_name="shard {number}", cache_policy=NO_CACHE, **RETRIES)(sample.make_shard)
assemble = task(name="assemble", task_run_name="assemble", cache_policy=NO_CACHE)(sample.assemble)
