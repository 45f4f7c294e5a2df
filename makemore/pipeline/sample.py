"""The steps from requests for names to a file of them: refused at once if they cannot be met, made shard by shard."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from makemore import __version__
from makemore.files import tables
from makemore.files.atomic import check_target, written_aside
from makemore.inference.model import Loaded, Making
from makemore.ingest import readers, sources, validation
from makemore.options import LONGEST, ReadOptions
from makemore.pipeline.evaluate import folded
from makemore.progress import counting
from makemore.sampling.requests import Request
from makemore.versions.version import Version

log = logging.getLogger("makemore")

_loaded = lru_cache(maxsize=2)(Loaded)


@dataclass(frozen=True)
class Job:
    """Requests for names that one file is to hold, made of a version."""

    version: Path
    output: Path
    requests: tuple[Request, ...]
    shards: tuple[tuple[int, int], ...]
    """Each part of the work: which request, and which shard of it."""

    parts: Path
    """The folder of the shards that are made; its name follows from all that decides what they hold."""
    metadata: dict[str, Any]
    """What the names are of."""


def plan(version: Path, requests: Sequence[Request], output: Path) -> Job:
    """The job of writing these names to a file, once it is sure that each request can be met.

    Raises:
        UnsatisfiableRequest: one cannot, with the number of names that there is.
        ValueError: one cannot be read, the version has no such model, or the file's format is unknown.
    """
    table_format, output = tables.format_of(output), output.absolute()
    check_target(output)
    requests = [replace(request, model=Version(version).find_model(request.model)) for request in requests]
    shards = [
        (number, shard) for number, request in enumerate(requests) for shard in range(prepare(version, request).shards)
    ]
    metadata = {"makemore": __version__} | _made_from(version, requests)
    digest = hashlib.sha256(json.dumps([table_format, metadata], sort_keys=True).encode()).hexdigest()[:12]
    parts = output.with_name(f".{output.name}.{digest}.shards")
    others = re.compile(rf"\.{re.escape(output.name)}\.[0-9a-f]{{12}}\.shards")
    for other in output.parent.iterdir():
        if others.fullmatch(other.name) and other != parts:
            # Of another version or of other requests: nothing goes on from it.
            shutil.rmtree(other)
    return Job(version, output, tuple(requests), tuple(shards), parts, metadata)


def make_shard(job: Job, number: int) -> Path:
    """The file of a shard of a job, made if it is not there; it is complete, or absent."""
    which, shard = job.shards[number]
    path = _part(job, number)
    if not path.exists():
        for _ in _kept(path, _told(prepare(job.version, job.requests[which]), shard)):
            pass
    return path


def assemble(job: Job) -> Path:
    """The job's file, of the shards that are there and of the others, which are made on the way.

    Columns request (where requests have ids), rank, name and nll, as far as the format holds them.
    """
    table_format = tables.format_of(job.output)
    with tables.writing(job.output, table_format, job.metadata) as write, _progress(job.requests) as move:
        for number, (which, _) in enumerate(job.shards):
            for frame in _frames(job, number):
                write(_columns(frame, job.requests[which], table_format))
                move(len(frame))
    shutil.rmtree(job.parts, ignore_errors=True)
    return job.output


def names(version: Path, request: Request) -> Iterator[pl.DataFrame]:
    """Columns rank, name and nll of the names of a request, some at a time; nothing is written.

    Raises:
        UnsatisfiableRequest: there are not as many.
        ValueError: the request cannot be read, or the version has no such model.
    """
    making = prepare(version, request)
    with _progress([request]) as move:
        for shard in range(making.shards):
            for frame in _told(making, shard):
                yield frame
                move(len(frame))


def prepare(version: Path, request: Request) -> Making:
    """The names of a request, ready to be made.

    Raises:
        UnsatisfiableRequest: there are not as many.
        FileNotFoundError: a list that it names does not exist.
        ValueError: the request cannot be read, or the version has no such model.
    """
    try:
        files = (*request.options.not_in, *request.options.ban)
        return _prepared(version, request, tuple(_fingerprint(file) for file in files))
    except (ValueError, FileNotFoundError) as error:
        raise type(error)(f"request {request.id}: {error}") if request.id else error from error


@lru_cache(maxsize=2)
def _prepared(version: Path, request: Request, _lists: tuple[str, ...]) -> Making:
    found = Version(version)
    folder = found.model_folder(found.find_model(request.model))
    not_in, ban = (_texts(version, files) for files in (request.options.not_in, request.options.ban))
    return _loaded(folder, request.device).making(request, not_in, ban)


def _fingerprint(file: str) -> str:
    if not Path(file).exists():
        raise FileNotFoundError(f"{file} does not exist.")
    return sources.fingerprint(Path(file))[0]


def _frames(job: Job, number: int) -> Iterator[pl.DataFrame]:
    """The names of a shard, as they were written down or as they are made; one of several is written down then."""
    which, shard = job.shards[number]
    path = _part(job, number)
    if path.exists():
        return _read(path)
    frames = _told(prepare(job.version, job.requests[which]), shard)
    return _kept(path, frames) if len(job.shards) > 1 else frames


def _part(job: Job, number: int) -> Path:
    return job.parts / "{}-{}.arrow".format(*job.shards[number])


def _read(path: Path) -> Iterator[pl.DataFrame]:
    with pa.memory_map(str(path)) as file:
        reader = pa.ipc.open_file(file)
        for i in range(reader.num_record_batches):
            yield pl.DataFrame(pa.Table.from_batches([reader.get_batch(i)]))


def _kept(path: Path, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same frames, which the file holds when the last one has been taken."""
    path.parent.mkdir(exist_ok=True)
    with written_aside(path) as aside, aside.open("wb") as file:
        writer: pa.ipc.RecordBatchFileWriter | None = None
        for frame in frames:
            table = frame.to_arrow()
            writer = writer or pa.ipc.new_file(file, table.schema)
            writer.write_table(table)
            yield frame
        if writer:
            writer.close()


def _told(making: Making, shard: int) -> Iterator[pl.DataFrame]:
    """The names of a shard; after the last one, what must be known of them is logged."""
    yield from making.names(shard)
    if shard == making.shards - 1 and making.is_constrained:
        log.info("%s", making.account())


@contextmanager
def _progress(requests: Sequence[Request]) -> Iterator[Callable[[int], None]]:
    """A function that moves a bar by some names, beside which stands how many are made in a second."""
    models = ", ".join(dict.fromkeys(str(request.model) for request in requests))
    with counting(f"sampling {models}", sum(request.n for request in requests)) as move:
        done, started = 0, time.perf_counter()

        def made(n: int) -> None:
            nonlocal done
            done += n
            move(done, f"{done / (time.perf_counter() - started):,.0f} names/s")

        yield made


def _columns(frame: pl.DataFrame, request: Request, table_format: tables.TableFormat) -> pl.DataFrame:
    if table_format == "txt":
        return frame.select("name")
    return frame.select(pl.lit(request.id).alias("request"), pl.all()) if request.id else frame


def _texts(version: Path, files: Sequence[str]) -> list[str]:
    """The names, or other texts, of lists, each read as `ingest` reads one.

    Raises:
        FileNotFoundError: there is no such list.
        ValueError: it cannot be read.
    """
    if not files:
        return []
    texts, options = list[str](), folded(version, ReadOptions(max_length=LONGEST))
    for file in files:
        try:
            sources.format_of(Path(file), options)
        except ValueError as error:
            raise ValueError(f"{file} has no suffix of a list: call it {', '.join(sources.SUFFIXES)}.") from error
        for batch in readers.read(Path(file), options):
            texts += validation.divide(batch, options)[0]["name"].to_list()
    return texts


def _made_from(version: Path, requests: Sequence[Request]) -> dict[str, Any]:
    """All that decides which names there are."""
    told = Version(version).manifest.get("files", {})
    files = {file for request in requests for file in (*request.options.not_in, *request.options.ban)}
    return {
        "version": version.name,
        "weights": {
            str(request.model): told.get(f"models/{request.model}/model.safetensors", {}).get("sha256")
            for request in requests
        },
        "requests": [asdict(request) for request in requests],
        "lists": {file: _fingerprint(file) for file in sorted(files)},
    }
