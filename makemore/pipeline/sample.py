"""The names of requests in a file: check all requests, generate their shards, join the shards.

What few requests need is imported in functions: `makemore sample` starts at once.
"""

import hashlib
import json
import logging
import re
import shutil
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from makemore import __version__
from makemore.errors import InvalidInput, MakemoreError, NotFound
from makemore.files import tables
from makemore.files.atomic import check_target, written_aside
from makemore.inference.generation import Generation
from makemore.inference.loading import LoadedModel
from makemore.options import MAX_LENGTH, ReadOptions, TableFormat
from makemore.progress import counting
from makemore.sampling.requests import Request
from makemore.versions.version import Version

log = logging.getLogger("makemore")

_model = lru_cache(maxsize=2)(LoadedModel)


@dataclass(frozen=True)
class Job:
    """Requests to a version whose names go to one file."""

    version: Path
    output: Path
    requests: tuple[Request, ...]
    shards: tuple[tuple[int, int], ...]  # index of the request, and shard of the request
    parts: Path  # folder of the finished shards, named by a digest of everything that determines their contents
    metadata: dict[str, Any]  # version, weights, requests and lists, for the metadata of the file


def plan(version: Path, requests: Sequence[Request], output: Path) -> Job:
    """Return the job of writing these names to a file; delete shards of other jobs beside it, check all requests."""
    table_format, output = tables.format_of(output), output.absolute()
    check_target(output)
    requests = [replace(request, model=Version(version).find_model(request.model)) for request in requests]
    shards = [
        (number, shard) for number, request in enumerate(requests) for shard in range(prepare(version, request).shards)
    ]
    metadata = _provenance(version, requests)
    digest = hashlib.sha256(json.dumps([table_format, metadata], sort_keys=True).encode()).hexdigest()[:12]
    parts = output.with_name(f".{output.name}.{digest}.shards")
    others = re.compile(rf"\.{re.escape(output.name)}\.[0-9a-f]{{12}}\.shards")
    for other in output.parent.iterdir():
        if others.fullmatch(other.name) and other != parts:
            shutil.rmtree(other)
    return Job(version, output, tuple(requests), tuple(shards), parts, metadata)


def make_shard(job: Job, number: int) -> Path:
    """Return the file of a shard of a job; generate it unless it exists. The file is complete or absent."""
    for _ in _frames(job, number, keep=True):
        pass
    return _part(job, number)


def assemble(job: Job) -> Path:
    """Write the job's file from its finished shards, and generate the others.

    Columns request (if requests have ids), rank, name and nll; only name in a .txt file.
    """
    table_format = tables.format_of(job.output)
    with tables.writing(job.output, table_format, job.metadata) as write, _progress(job.requests) as advance:
        for number, (which, _) in enumerate(job.shards):
            with closing(_frames(job, number, keep=len(job.shards) > 1)) as frames:
                for frame in frames:
                    write(_columns(frame, job.requests[which], table_format))
                    advance(len(frame))
    shutil.rmtree(job.parts, ignore_errors=True)
    return job.output


def names(version: Path, request: Request) -> Iterator[pl.DataFrame]:
    """Yield columns rank, name and nll of the names of a request."""
    generation = prepare(version, request)
    with _progress([generation.request]) as advance:
        for shard in range(generation.shards):
            for frame in _generate(generation, shard):
                yield frame
                advance(len(frame))


def prepare(version: Path, request: Request) -> Generation:
    """Return the generation of a request; raise NotFound or UnsatisfiableRequest."""
    try:
        lists = (*request.options.not_in, *request.options.ban)
        return _prepared(version, request, tuple(_fingerprint(file) for file in lists))
    except MakemoreError as error:
        if not request.id:
            raise
        raise error.prefixed(f"request {request.id}: ") from error


@lru_cache(maxsize=2)
def _prepared(version: Path, request: Request, _lists: tuple[str, ...]) -> Generation:
    found = Version(version)
    folder = found.model_folder(found.find_model(request.model))
    not_in, ban = (_texts(version, files) for files in (request.options.not_in, request.options.ban))
    return _model(folder, request.device).generation(request, not_in, ban)


def _fingerprint(file: str) -> str:
    if not Path(file).exists():
        raise NotFound(f"{file} does not exist")
    from makemore.ingest.sources import list_fingerprint

    return str(list_fingerprint(Path(file))["sha256"])


def _frames(job: Job, number: int, *, keep: bool) -> Generator[pl.DataFrame]:
    """Yield the names of a shard from its file, or generate them, and write the file if it is to be kept."""
    (which, shard), path = job.shards[number], _part(job, number)
    if path.exists():
        yield pl.read_ipc(path)
        return
    frames = _generate(prepare(job.version, job.requests[which]), shard)
    yield from _written(path, frames) if keep else frames


def _part(job: Job, number: int) -> Path:
    return job.parts / "{}-{}.arrow".format(*job.shards[number])


def _written(path: Path, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Yield the frames and write them to a file, complete or absent. Remove its folder if that stays empty."""
    import pyarrow as pa

    path.parent.mkdir(exist_ok=True)
    try:
        with written_aside(path) as aside, aside.open("wb") as file:
            writer: pa.ipc.RecordBatchFileWriter | None = None
            for frame in frames:
                table = frame.to_arrow()
                writer = writer or pa.ipc.new_file(file, table.schema)
                writer.write_table(table)
                yield frame
            if writer:
                writer.close()
    finally:
        with suppress(OSError):
            path.parent.rmdir()


def _generate(generation: Generation, shard: int) -> Iterator[pl.DataFrame]:
    """Yield the names of a shard; log a summary of the constraints after the last shard."""
    yield from generation.names(shard)
    if shard == generation.shards - 1 and generation.probability != 1:
        log.info("%s", generation.summary())


@contextmanager
def _progress(requests: Sequence[Request]) -> Iterator[Callable[[int], None]]:
    models = ", ".join(dict.fromkeys(str(request.model) for request in requests))
    with counting(f"sampling {models}", sum(request.n for request in requests)) as move:
        done, started = 0, time.perf_counter()

        def advance(n: int) -> None:
            nonlocal done
            done += n
            move(done, f"{done / (time.perf_counter() - started):,.0f} names/s")

        yield advance


def _columns(frame: pl.DataFrame, request: Request, table_format: TableFormat) -> pl.DataFrame:
    if table_format == "txt":
        return frame.select("name")
    return frame.select(pl.lit(request.id).alias("request"), pl.all()) if request.id else frame


def _texts(version: Path, files: Sequence[str]) -> list[str]:
    """Read names or other texts from lists, as `ingest` reads them."""
    texts: list[str] = []
    if not files:
        return texts
    from makemore.ingest import readers, validation
    from makemore.pipeline.evaluate import folded

    options = folded(version, ReadOptions(max_length=MAX_LENGTH))
    for file in files:
        try:
            readers.format_of(Path(file), options)
        except InvalidInput as error:
            raise InvalidInput(f"{file} has an unknown suffix", f"use {', '.join(readers.SUFFIXES)}") from error
        for batch in readers.read(Path(file), options):
            texts += validation.divide(batch, options)[0]["name"].to_list()
    return texts


def _provenance(version: Path, requests: Sequence[Request]) -> dict[str, Any]:
    """Return everything that determines the names, for the metadata of the file."""
    manifest = Version(version).manifest.get("files", {})
    lists = {file for request in requests for file in (*request.options.not_in, *request.options.ban)}
    return {
        "makemore": __version__,
        "version": version.name,
        "weights": {
            str(request.model): manifest.get(f"models/{request.model}/model.safetensors", {}).get("sha256")
            for request in requests
        },
        "requests": [asdict(request) for request in requests],
        "lists": {file: _fingerprint(file) for file in sorted(lists)},
    }
