"""Files of names: complete or absent, and independent of interruptions."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from makemore.errors import NotFound, UnsatisfiableRequest
from makemore.files.tables import metadata_of
from makemore.home import Home
from makemore.options import SampleOptions
from makemore.pipeline import sample as sampling
from makemore.sampling import sample, samplers
from makemore.sampling.requests import Request
from makemore.versions.store import find_version

SHARD_SIZE = samplers.BLOCK_SIZE + 1000
"""Names of a shard in these tests."""


@pytest.fixture(scope="module")
def version(published):
    return find_version(Home(published)).path


@pytest.fixture
def shards(monkeypatch):
    """Small shards."""
    monkeypatch.setattr(sample, "SHARD_SIZE", SHARD_SIZE)
    sampling._prepared.cache_clear()
    yield
    sampling._prepared.cache_clear()


def write(version, output, *requests):
    return sampling.assemble(sampling.plan(version, requests, output))


def test_files_of_all_formats_have_the_same_names(version, tmp_path):
    """Nll and rank are columns of all formats but text."""
    request = Request(30, seed=3, options=SampleOptions(prefix="ka"))
    names = pl.concat(sampling.names(version, request))

    for suffix in ("txt", "csv", "jsonl", "parquet", "csv.gz", "jsonl.zst"):
        write(version, tmp_path / f"names.{suffix}", request)

    assert (tmp_path / "names.txt").read_text().splitlines() == names["name"].to_list()
    for frame in (
        pl.read_csv(tmp_path / "names.csv"),
        pl.read_ndjson(tmp_path / "names.jsonl"),
        pl.read_parquet(tmp_path / "names.parquet"),
        pl.read_csv(gzip.decompress((tmp_path / "names.csv.gz").read_bytes())),
        pl.read_ndjson(pa.input_stream(str(tmp_path / "names.jsonl.zst"), compression="zstd").read()),
    ):
        assert frame.columns == ["rank", "name", "nll"]
        assert frame["name"].to_list() == names["name"].to_list()
        assert frame["nll"].to_list() == pytest.approx(names["nll"].to_list())


def test_metadata_describe_the_names(version, tmp_path):
    """Version, model, weights, seed, options and lists, in a Parquet file or beside a file of another format."""
    (tmp_path / "issued.txt").write_text("kate\n")
    request = Request(3, seed=3, options=SampleOptions(not_in=(str(tmp_path / "issued.txt"),)))

    write(version, tmp_path / "names.parquet", request)
    write(version, tmp_path / "names.csv", request)

    metadata = json.loads(pq.read_schema(tmp_path / "names.parquet").metadata[b"makemore"])
    assert metadata == json.loads(metadata_of(tmp_path / "names.csv").read_text())
    assert metadata["version"] == version.name
    assert metadata["requests"][0]["model"] == "ngram"
    assert metadata["requests"][0]["seed"] == 3
    assert metadata["requests"][0]["options"]["not_in"] == [str(tmp_path / "issued.txt")]
    assert len(metadata["weights"]["ngram"]) == len(metadata["lists"][str(tmp_path / "issued.txt")]) == 64


def test_many_shards_are_one_file(version, tmp_path, shards):
    """Ranks are consecutive, and the names are those of one sample."""
    job = sampling.plan(version, [Request(2 * SHARD_SIZE + 10, seed=3)], tmp_path / "names.parquet")

    sampling.assemble(job)

    names = pl.read_parquet(tmp_path / "names.parquet")
    assert len(job.shards) == 3
    assert names["rank"].to_list() == list(range(1, 2 * SHARD_SIZE + 11))
    assert (
        names["name"].to_list()
        == pl.concat(sampling.names(version, Request(2 * SHARD_SIZE + 10, seed=3)))["name"].to_list()
    )
    assert [path.name for path in tmp_path.iterdir()] == ["names.parquet"]


@pytest.mark.parametrize("suffix", ["parquet", "csv.gz"])
def test_an_interrupted_job_resumes_to_the_same_bytes(version, tmp_path, shards, monkeypatch, suffix):
    """Two of three shards are finished and are not generated again; the file appears only at the end."""
    requests = [Request(2 * SHARD_SIZE + 10, seed=3)]
    expected = write(version, tmp_path / f"complete.{suffix}", *requests).read_bytes()
    job = sampling.plan(version, requests, tmp_path / f"names.{suffix}")
    made, generate = [], sampling._generate

    def broken(generation, shard):
        made.append(shard)
        if shard == 2 and made.count(2) == 1:
            raise OSError("no space left on device")
        return generate(generation, shard)

    monkeypatch.setattr(sampling, "_generate", broken)
    with pytest.raises(OSError, match="no space left"):
        sampling.assemble(job)
    assert not (tmp_path / f"names.{suffix}").exists()
    assert sorted(path.name for path in job.parts.iterdir()) == ["0-0.arrow", "0-1.arrow"]

    sampling.assemble(sampling.plan(version, requests, tmp_path / f"names.{suffix}"))

    assert (tmp_path / f"names.{suffix}").read_bytes() == expected
    assert made == [0, 1, 2, 2]
    assert not job.parts.exists()


def test_shards_in_any_order_give_the_same_file(version, tmp_path, shards):
    """Several workers can generate the shards of a job."""
    requests = [Request(2 * SHARD_SIZE + 10, seed=3)]
    expected = write(version, tmp_path / "complete.csv", *requests).read_bytes()
    job = sampling.plan(version, requests, tmp_path / "names.csv")

    paths = [sampling.make_shard(job, number) for number in (2, 0, 1)]
    again = sampling.make_shard(job, 0)

    assert again == paths[1]
    assert sampling.assemble(job).read_bytes() == expected


def test_shards_in_threads_give_the_same_file(version, tmp_path, shards):
    """The flow generates two shards at a time."""
    requests = [Request(4 * SHARD_SIZE, seed=3, options=SampleOptions(contains="a"))]
    expected = write(version, tmp_path / "complete.csv", *requests).read_bytes()
    job = sampling.plan(version, requests, tmp_path / "names.csv")

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda number: sampling.make_shard(job, number), range(4)))

    assert sampling.assemble(job).read_bytes() == expected


def test_a_job_finds_its_shards_and_keeps_those_of_other_files(version, tmp_path, shards, monkeypatch):
    """Relative and absolute paths are equivalent; names.csv and names.csv.gz are different files."""
    monkeypatch.chdir(tmp_path)
    job, other = (
        sampling.plan(version, [Request(SHARD_SIZE + 1, seed=3)], Path(name)) for name in ("names.csv", "names.csv.gz")
    )
    sampling.make_shard(job, 0)
    sampling.make_shard(other, 0)

    again = sampling.plan(version, [Request(SHARD_SIZE + 1, seed=3)], Path("names.csv"))

    assert again == job
    assert job.parts.exists()
    assert other.parts.exists()


def test_a_changed_list_is_read_again(version, tmp_path):
    """Names added to the list between two requests are excluded from the second."""
    issued = tmp_path / "issued.txt"
    issued.write_text("nobody\n")
    request = Request(50, seed=1, options=SampleOptions(not_in=(str(issued),)))
    first = pl.concat(sampling.names(version, request))["name"].to_list()

    issued.write_text("\n".join(first))

    assert not set(first) & set(pl.concat(sampling.names(version, request))["name"])


def test_long_names_of_a_list_are_excluded(version, tmp_path):
    """Names of 80 characters, which `ingest` rejects by default."""
    request = Request(3, seed=1, options=SampleOptions(min_length=80))
    names = pl.concat(sampling.names(version, request))["name"].to_list()
    (tmp_path / "issued.txt").write_text("\n".join(names))
    options = SampleOptions(min_length=80, not_in=(str(tmp_path / "issued.txt"),))

    assert not set(names) & set(pl.concat(sampling.names(version, Request(3, seed=1, options=options)))["name"])


def test_shards_of_another_job_are_deleted(version, tmp_path, shards):
    """A job with another seed deletes the shards of a killed job for the same file."""
    old = sampling.plan(version, [Request(SHARD_SIZE + 1, seed=3)], tmp_path / "names.csv")
    sampling.make_shard(old, 0)

    new = sampling.plan(version, [Request(SHARD_SIZE + 1, seed=4)], tmp_path / "names.csv")

    assert old.parts != new.parts
    assert list(tmp_path.iterdir()) == []


def test_many_requests_are_one_file_with_their_ids(version, tmp_path):
    """Each request has its own model, seed and constraints; the file has their order."""
    requests = [
        Request(5, "girls", "bigram", 1, options=SampleOptions(suffix="a")),
        Request(3, "best", best=True),
        Request(4, "short", seed=2, options=SampleOptions(max_length=3, distinct=True)),
    ]

    write(version, tmp_path / "names.csv", *requests)

    names = pl.read_csv(tmp_path / "names.csv")
    assert names.columns == ["request", "rank", "name", "nll"]
    assert names["request"].to_list() == ["girls"] * 5 + ["best"] * 3 + ["short"] * 4
    assert names["rank"].to_list() == [1, 2, 3, 4, 5, 1, 2, 3, 1, 2, 3, 4]
    assert names.filter(request="girls")["name"].str.ends_with("a").all()
    assert names.filter(request="short")["name"].n_unique() == 4


def test_an_unsatisfiable_request_fails_all_before_the_start(version, tmp_path):
    """The error has the id and the number of names; no file is written."""
    requests = [Request(5, "girls"), Request(30, "m", options=SampleOptions(pattern="m.", distinct=True))]

    with pytest.raises(UnsatisfiableRequest, match="request m: ngram: only 26 names satisfy these constraints"):
        write(version, tmp_path / "names.csv", *requests)

    assert list(tmp_path.iterdir()) == []


def test_names_of_lists_are_excluded(version, tmp_path):
    """A list is a text file or an earlier output, in any format that `ingest` reads."""
    write(version, tmp_path / "first.csv", Request(200, seed=1))
    (tmp_path / "banned.txt").write_text("an\nel\n")
    options = SampleOptions(not_in=(str(tmp_path / "first.csv"),), ban=(str(tmp_path / "banned.txt"),), distinct=True)

    names = pl.concat(sampling.names(version, Request(500, seed=1, options=options)))["name"]

    assert not set(names) & set(pl.read_csv(tmp_path / "first.csv")["name"])
    assert not names.str.contains("an|el").any()
    with pytest.raises(NotFound, match=r"nowhere.txt does not exist"):
        next(sampling.names(version, Request(1, options=SampleOptions(not_in=("nowhere.txt",)))))
