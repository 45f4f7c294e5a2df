"""Commands that make names and score names."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from makemore.cli.app import (
    DEFAULT_HOME,
    NAMES,
    Flat,
    HomeOption,
    ModelOption,
    OutputOption,
    VersionOption,
    app,
    find,
    list_file,
)
from makemore.errors import InvalidOption
from makemore.options import SEED, Device, ReadOptions, SampleOptions


@app.command(group=NAMES)
def sample(
    n: Annotated[int, Parameter(name=["-n", "--number"], help="Number of names.")] = 20,
    *,
    home: HomeOption = DEFAULT_HOME,
    version: VersionOption = None,
    model: ModelOption = None,
    seed: Annotated[int, Parameter(help="Random seed: the same seed gives the same names.")] = SEED,
    best: Annotated[bool, Parameter(help="Print the most probable names, in order, instead of random ones.")] = False,
    options: Annotated[SampleOptions, Flat] = SampleOptions(),
    device: Annotated[Device, Parameter(help="Device that nets run on; by default a GPU if there is one.")] = "auto",
    output: OutputOption = None,
) -> None:
    """Print new names that satisfy all constraints, or write them to a file with their nll.

    The exit code is 3 if fewer names than requested satisfy the constraints.

    Example: makemore sample -n 5 --model ngram --prefix ma --max-length 6 --novel --distinct --seed 1
    """
    from makemore.pipeline import sample as sampling
    from makemore.sampling.requests import Request

    logging.getLogger("makemore").setLevel(logging.INFO)
    request = Request(n, model=model, seed=seed, best=best, device=device, options=options)
    folder = find(home, version).path
    if output is not None and str(output) != "-":
        sampling.assemble(sampling.plan(folder, [request], output))
        return
    for names in sampling.names(folder, request):
        sys.stdout.write("".join(f"{name}\n" for name in names["name"]))


@app.command(group=NAMES)
def generate(
    *,
    requests: Annotated[Path, Parameter(help="CSV with one request per row; docs/guides/generate.md has its columns.")],
    output: Annotated[Path, Parameter(name=["--output", "-o"], help="File to write; the suffix selects the format.")],
    home: HomeOption = DEFAULT_HOME,
    version: VersionOption = None,
) -> None:
    """Write the names of many requests to one file.

    The exit code is 3, and no file is written, if a request cannot be satisfied.

    Example: makemore generate --requests requests.csv -o names.parquet
    """
    from makemore.pipeline import sample as sampling
    from makemore.sampling.requests import read_requests

    logging.getLogger("makemore").setLevel(logging.INFO)
    job = sampling.plan(find(home, version).path, read_requests(requests), output)
    sampling.assemble(job)
    print(f"{output}: {sum(request.n for request in job.requests):,} names of {len(job.requests):,} requests")


@app.command(group=NAMES)
def score(
    *name: Annotated[str, Parameter(help="Names to score.")],
    names: Annotated[
        str | None, Parameter(help="List of names to score; - for stdin.", allow_leading_hyphen=True)
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    version: VersionOption = None,
    model: ModelOption = None,
    read: Annotated[ReadOptions, Flat] = ReadOptions(),
    output: OutputOption = None,
) -> None:
    """Print how probable each name is and the surprisal of each character, or write both to a file.

    Example: makemore score emma
    """
    from makemore.pipeline import score as scoring
    from makemore.reporting import text

    if bool(name) == (names is not None):
        raise InvalidOption(
            "score takes either names or --names", "makemore score emma, or makemore score --names FILE"
        )
    found = find(home, version)
    model_type = found.find_model(model)
    with list_file(names or "") as path:
        if names is None:
            scores, source = iter([scoring.score_names(found.path, model_type, name, read)]), None
        else:
            scores, source = scoring.score_list(found.path, model_type, path, read), path.name
        if output is not None:
            scoring.write_scores(found.path, model_type, scores, output=output, source=source)
        else:
            for frame in scores:
                sys.stdout.writelines(f"{line}\n" for line in text.score_lines(frame))
