"""The commands that make names."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from makemore.cli.app import HOME, Flat, HomeOption, ModelOption, OutputOption, VersionOption, app
from makemore.home import Home
from makemore.options import SEED, Device, SampleOptions


@app.command
def sample(
    n: Annotated[int, Parameter(name=["-n", "--number"], help="Names to make.")] = 20,
    *,
    home: HomeOption = HOME,
    version: VersionOption = None,
    model: ModelOption = None,
    seed: Annotated[int, Parameter(help="Seed: the same names for the same seed.")] = SEED,
    best: Annotated[bool, Parameter(help="The most probable names, in their order.")] = False,
    options: Annotated[SampleOptions, Flat] = SampleOptions(),
    device: Annotated[Device, Parameter(help="Where nets make names: a GPU if there is one, if left out.")] = "auto",
    output: OutputOption = None,
) -> None:
    """Print new names, all as asked, or write them to a file with their nll; exit code 3 if there are not as many.

    Example: makemore sample -n 5 --model ngram --prefix ma --max-length 6 --novel --distinct --seed 1
    """
    from makemore.pipeline import sample as sampling
    from makemore.sampling.requests import Request
    from makemore.versions.store import find_version

    logging.getLogger("makemore").setLevel(logging.INFO)
    request = Request(n, model=model, seed=seed, best=best, device=device, options=options)
    folder = find_version(Home(home), version).path
    if output is not None and str(output) != "-":
        sampling.assemble(sampling.plan(folder, [request], output))
        return
    for names in sampling.names(folder, request):
        sys.stdout.write("".join(f"{name}\n" for name in names["name"]))


@app.command
def generate(
    *,
    requests: Annotated[Path, Parameter(help="CSV of requests, one a row: docs/guides/generate.md lists its columns.")],
    output: Annotated[Path, Parameter(name=["--output", "-o"], help="File to write; its suffix is its format.")],
    home: HomeOption = HOME,
    version: VersionOption = None,
) -> None:
    """Write the names of many requests to one file; exit code 3, and no file, if one of them cannot be met.

    Example: makemore generate --requests requests.csv -o names.parquet
    """
    from makemore.pipeline import sample as sampling
    from makemore.sampling.requests import read_requests
    from makemore.versions.store import find_version

    logging.getLogger("makemore").setLevel(logging.INFO)
    folder = find_version(Home(home), version).path
    job = sampling.plan(folder, read_requests(requests), output)
    sampling.assemble(job)
    print(f"{output}: {sum(request.n for request in job.requests):,} names of {len(job.requests):,} requests")
