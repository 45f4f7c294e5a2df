"""The flow that writes names to a file, in shards."""

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.futures import wait
from prefect.task_runners import ThreadPoolTaskRunner

from makemore.flows import sampling_tasks as tasks
from makemore.flows.alerts import send_alert
from makemore.home import Home
from makemore.sampling.requests import Request, read_requests
from makemore.versions.store import find_version

RUNNER: Any = ThreadPoolTaskRunner(max_workers=2)
"""Each shard takes about 100 MB and a core."""


@flow(name="generate", task_runner=RUNNER, on_failure=[send_alert], on_crashed=[send_alert])
def generate(
    output: Path, requests: Path | list[Request], home: Path = Path("artifacts"), version: str | None = None
) -> Path:
    """Write the names of all requests, or of a CSV of requests, to `output`. The default version is the champion.

    A retry, and another run of the same requests, reuse the existing shards.
    """
    all_requests = read_requests(requests) if isinstance(requests, Path) else requests
    job = tasks.plan(find_version(Home(home), version).path, all_requests, output)
    shards = [tasks.make_shard.submit(job, number) for number in range(len(job.shards))]
    wait(shards)
    for shard in shards:
        shard.result()
    return tasks.assemble(job)
