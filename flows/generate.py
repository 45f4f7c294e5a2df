"""Names from a published version into a file, in shards."""

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.futures import wait
from prefect.task_runners import ThreadPoolTaskRunner

from makemore.flows import sampling_tasks as tasks
from makemore.flows.alerts import tell
from makemore.home import Home
from makemore.sampling.requests import Request, read_requests
from makemore.versions.store import find_version

RUNNER: Any = ThreadPoolTaskRunner(max_workers=2)
"""Two shards at a time: each takes some 100 MB, and a core."""


@flow(name="generate", task_runner=RUNNER, on_failure=[tell], on_crashed=[tell])
def generate(
    output: Path,
    requests: Path | list[Request],
    home: Path = Path("artifacts"),
    version: str | None = None,
) -> Path:
    """Write the names of all requests, or of a CSV of them, to `output`, from the champion if no version is named.

    A shard that was made is not made again, neither by a retry nor by another run of the same requests.
    """
    asked = read_requests(requests) if isinstance(requests, Path) else requests
    job = tasks.plan(find_version(Home(home), version).path, asked, output)
    shards = [tasks.make_shard.submit(job, number) for number in range(len(job.shards))]
    wait(shards)
    for shard in shards:
        shard.result()
    return tasks.assemble(job)
