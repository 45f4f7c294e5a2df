"""From requests to a file: the same bytes however often it was killed, or none."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from makemore.errors import UnsatisfiableRequest
from makemore.files.tables import metadata_of
from makemore.home import Home
from makemore.options import SampleOptions
from makemore.pipeline import sample as sampling
from makemore.sampling import sample
from makemore.sampling.requests import Request
from makemore.versions.store import find_version

FEW = sample.BLOCK + 1000
"""Names of a shard, in these tests."""


@pytest.fixture(scope="module")
def version(published):
    return find_version(Home(published)).path


@pytest.fixture
def shards(monkeypatch):
    """Samples are cut into small shards."""
    monkeypatch.setattr(sample, "SHARD", FEW)
    sampling._prepared.cache_clear()
    yield
    sampling._prepared.cache_clear()


def write(version, output, *requests):
    return sampling.assemble(sampling.plan(version, requests, output))


def test_a_file_has_the_names_that_are_printed(version, tmp_path):
    """With their nll and rank, where the format can hold them."""
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


def test_metadata_say_what_the_names_are_of(version, tmp_path):
    """In a Parquet file, or beside a file of text: version, model, weights, seed and options."""
    (tmp_path / "issued.txt").write_text("kate\n")
    request = Request(3, seed=3, options=SampleOptions(not_in=(str(tmp_path / "issued.txt"),)))

    write(version, tmp_path / "names.parquet", request)
    write(version, tmp_path / "names.csv", request)

    told = json.loads(pq.read_schema(tmp_path / "names.parquet").metadata[b"makemore"])
    assert told == json.loads(metadata_of(tmp_path / "names.csv").read_text())
    assert told["version"] == version.name
    assert told["requests"][0]["model"] == "ngram"
    assert told["requests"][0]["seed"] == 3
    assert told["requests"][0]["options"]["not_in"] == [str(tmp_path / "issued.txt")]
    assert len(told["weights"]["ngram"]) == len(told["lists"][str(tmp_path / "issued.txt")]) == 64


def test_many_shards_are_one_file(version, tmp_path, shards):
    """Ranks go on from one to the next; the names are those of one sample."""
    job = sampling.plan(version, [Request(2 * FEW + 10, seed=3)], tmp_path / "names.parquet")

    sampling.assemble(job)

    names = pl.read_parquet(tmp_path / "names.parquet")
    assert len(job.shards) == 3
    assert names["rank"].to_list() == list(range(1, 2 * FEW + 11))
    assert (
        names["name"].to_list() == pl.concat(sampling.names(version, Request(2 * FEW + 10, seed=3)))["name"].to_list()
    )
    assert [path.name for path in tmp_path.iterdir()] == ["names.parquet"]


@pytest.mark.parametrize("suffix", ["parquet", "csv.gz"])
def test_a_job_that_is_cut_off_goes_on_to_the_same_bytes(version, tmp_path, shards, monkeypatch, suffix):
    """Two of three shards were written down: they are not made again, and no file was there before the last."""
    requests = [Request(2 * FEW + 10, seed=3)]
    expected = write(version, tmp_path / f"whole.{suffix}", *requests).read_bytes()
    job = sampling.plan(version, requests, tmp_path / f"names.{suffix}")
    made, told = [], sampling._told

    def broken(making, shard):
        made.append(shard)
        if shard == 2 and made.count(2) == 1:
            raise OSError("no space left on device")
        return told(making, shard)

    monkeypatch.setattr(sampling, "_told", broken)
    with pytest.raises(OSError, match="no space left"):
        sampling.assemble(job)
    assert not (tmp_path / f"names.{suffix}").exists()
    assert sorted(path.name for path in job.parts.iterdir()) == ["0-0.arrow", "0-1.arrow"]

    sampling.assemble(sampling.plan(version, requests, tmp_path / f"names.{suffix}"))

    assert (tmp_path / f"names.{suffix}").read_bytes() == expected
    assert made == [0, 1, 2, 2]
    assert not job.parts.exists()


def test_shards_made_in_any_order_are_the_same_file(version, tmp_path, shards):
    """As many workers as there are shards may make them."""
    requests = [Request(2 * FEW + 10, seed=3)]
    expected = write(version, tmp_path / "whole.csv", *requests).read_bytes()
    job = sampling.plan(version, requests, tmp_path / "names.csv")

    paths = [sampling.make_shard(job, number) for number in (2, 0, 1)]
    again = sampling.make_shard(job, 0)

    assert again == paths[1]
    assert sampling.assemble(job).read_bytes() == expected


def test_shards_of_one_request_are_made_in_threads(version, tmp_path, shards):
    """As the flow does: two at a time, the same file."""
    requests = [Request(4 * FEW, seed=3, options=SampleOptions(contains="a"))]
    expected = write(version, tmp_path / "whole.csv", *requests).read_bytes()
    job = sampling.plan(version, requests, tmp_path / "names.csv")

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda number: sampling.make_shard(job, number), range(4)))

    assert sampling.assemble(job).read_bytes() == expected


def test_a_relative_path_finds_its_shards_and_leaves_those_of_others(version, tmp_path, shards, monkeypatch):
    """names.csv is not names.csv.gz, and what was made is kept, wherever it is named from."""
    monkeypatch.chdir(tmp_path)
    job, other = (
        sampling.plan(version, [Request(FEW + 1, seed=3)], Path(name)) for name in ("names.csv", "names.csv.gz")
    )
    sampling.make_shard(job, 0)
    sampling.make_shard(other, 0)

    again = sampling.plan(version, [Request(FEW + 1, seed=3)], Path("names.csv"))

    assert again == job
    assert job.parts.exists()
    assert other.parts.exists()


def test_a_list_that_has_changed_is_read_again(version, tmp_path):
    """A name that is issued in the meantime does not come again."""
    issued = tmp_path / "issued.txt"
    issued.write_text("nobody\n")
    request = Request(50, seed=1, options=SampleOptions(not_in=(str(issued),)))
    first = pl.concat(sampling.names(version, request))["name"].to_list()

    issued.write_text("\n".join(first))

    assert not set(first) & set(pl.concat(sampling.names(version, request))["name"])


def test_a_long_name_that_was_issued_does_not_come_again(version, tmp_path):
    """Longer than a list may hold when it is ingested."""
    request = Request(3, seed=1, options=SampleOptions(min_length=80))
    names = pl.concat(sampling.names(version, request))["name"].to_list()
    (tmp_path / "issued.txt").write_text("\n".join(names))
    options = SampleOptions(min_length=80, not_in=(str(tmp_path / "issued.txt"),))

    assert not set(names) & set(pl.concat(sampling.names(version, Request(3, seed=1, options=options)))["name"])


def test_shards_of_another_job_are_cleared(version, tmp_path, shards):
    """What a killed job left is of no use to one that asks for something else."""
    old = sampling.plan(version, [Request(FEW + 1, seed=3)], tmp_path / "names.csv")
    sampling.make_shard(old, 0)

    new = sampling.plan(version, [Request(FEW + 1, seed=4)], tmp_path / "names.csv")

    assert old.parts != new.parts
    assert list(tmp_path.iterdir()) == []


def test_many_requests_are_one_file_with_their_ids(version, tmp_path):
    """Each with its own model, seed and wishes, in the order of the requests."""
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


def test_one_request_that_cannot_be_met_stops_all_before_the_start(version, tmp_path):
    """By its id, with the number there is; no file, and nothing of one."""
    requests = [Request(5, "girls"), Request(30, "m", options=SampleOptions(pattern="m.", distinct=True))]

    with pytest.raises(UnsatisfiableRequest, match="request m: ngram: there are 26 such names, and 30 are wanted"):
        write(version, tmp_path / "names.csv", *requests)

    assert list(tmp_path.iterdir()) == []


def test_lists_of_names_that_were_issued_are_read_as_ingest_reads_them(version, tmp_path):
    """Text, or a file that was made before: none of its names is made again."""
    write(version, tmp_path / "first.csv", Request(200, seed=1))
    (tmp_path / "banned.txt").write_text("an\nel\n")
    options = SampleOptions(not_in=(str(tmp_path / "first.csv"),), ban=(str(tmp_path / "banned.txt"),), distinct=True)

    names = pl.concat(sampling.names(version, Request(500, seed=1, options=options)))["name"]

    assert not set(names) & set(pl.read_csv(tmp_path / "first.csv")["name"])
    assert not names.str.contains("an|el").any()
    with pytest.raises(FileNotFoundError, match=r"nowhere.txt does not exist"):
        next(sampling.names(version, Request(1, options=SampleOptions(not_in=("nowhere.txt",)))))
