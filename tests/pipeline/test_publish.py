"""The content of a version."""

import hashlib

import duckdb
import polars as pl
import pytest

from makemore.database import query
from makemore.errors import InvalidInput
from makemore.home import Home
from makemore.options import BuildOptions, ReadOptions, TrainOptions
from makemore.pipeline import ingest, publish
from makemore.pipeline.build import build_relations
from makemore.versions import store, weights
from makemore.versions.version import Version
from tests.conftest import ENGLISH
from tests.pipeline.small_home import MODEL_TYPES, NAMES, NO_HOLDOUT, make_version, select, write_list

REPRODUCIBLE = ("counts.parquet", "dataset.safetensors", "model.safetensors", "config.json", "bigram.parquet")


def test_a_version_has_its_documented_files(tmp_path):
    """All of them are in the manifest with their checksums."""
    version = make_version(tmp_path / "home", write_list(tmp_path, NAMES))

    assert {path.relative_to(version).as_posix() for path in version.rglob("*") if path.is_file()} == {
        "manifest.json", "promotion.json", "README.md", "report.html", "counts.parquet", "dataset.safetensors",
        "stats.duckdb",
        *(f"models/{model_type}/{file}" for model_type in MODEL_TYPES
          for file in ("config.json", "model.safetensors", "metrics.json", "scores.parquet")),
        *(f"samples/{model_type}.parquet" for model_type in MODEL_TYPES),
    }  # fmt: skip
    assert list(Version(version).verify()) == []


def test_the_same_input_config_and_seed_give_the_same_bytes(tmp_path):
    """This holds for counts, dataset, weights, configs and samples, in another home at another time."""

    def hashes(home):
        version = make_version(home, write_list(tmp_path, NAMES))
        files = [path for path in version.rglob("*") if path.name in REPRODUCIBLE]
        return {path.relative_to(version).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    first = hashes(tmp_path / "first")

    assert len(first) == 2 + 2 * len(MODEL_TYPES) + 1
    assert hashes(tmp_path / "second") == first


def test_golden_numbers_of_the_lecture(lecture_list, tmp_path):
    """Sizes, the five most frequent bigrams, nll without and with smoothing, and the loss of the net."""
    for smoothing, nll, models in ((0, 2.4540145, ("bigram",)), (1, 2.4545768, ("bigram", "bigram_net"))):
        build, train = BuildOptions(holdout=0, smoothing=smoothing), TrainOptions(models, samples=50)
        version = make_version(tmp_path, str(lecture_list), build=build, train=train)
        assert Version(version).read_metrics("bigram")["nll"] == {"train": pytest.approx(nll, abs=5e-8)}
        assert select(version, "select sum(count) as n from bigram_counts")["n"].item() == 228_146

    frequent = query(
        version / "stats.duckdb", "select ch1 || ch2 as pair, count from bigram_counts order by count desc limit 5"
    )
    assert frequent.rows() == [("n.", 6763), ("a.", 6640), ("an", 5438), (".a", 4410), ("e.", 3983)]
    assert select(version, "select count(*) as lines, count(distinct name) as names from names").row(0) == (
        32_033,
        29_494,
    )
    assert Version(version).read_metrics("bigram_net")["loss"] == pytest.approx(2.48300, abs=5e-6)


def test_is_new_marks_samples_outside_the_lists(published):
    """It is false exactly for names of the lists."""
    known = set(ENGLISH.read_text().splitlines())
    samples = pl.read_parquet(store.find_version(Home(published)).path / "samples" / "bigram.parquet")

    assert samples.columns == ["row", "name", "nll", "is_new"]
    assert samples["row"].to_list() == list(range(1, 10_001))
    assert samples["is_new"].to_list() == [name not in known for name in samples["name"]]
    assert 0 < samples["is_new"].sum() < 10_000


def test_a_snapshot_has_metrics_of_all_versions(tmp_path):
    """A later snapshot contains the metrics of earlier versions, and its own samples."""
    first = make_version(tmp_path / "home", write_list(tmp_path, NAMES))
    second = make_version(tmp_path / "home", write_list(tmp_path, ["zoe", "max"], "more.txt"))

    metrics = query(
        second / "stats.duckdb", "select distinct version, model_type, split from metrics order by all"
    ).rows()
    samples = query(
        second / "stats.duckdb", "select model_type, count(*) as n from samples group by all order by all"
    ).rows()

    assert metrics == sorted((v.name, m, "train") for v in (first, second) for m in MODEL_TYPES)
    assert samples == [(model_type, 50) for model_type in MODEL_TYPES]


def test_a_snapshot_can_be_read_while_the_home_is_written(tmp_path):
    """Queries on the snapshot do not conflict with the write connection of a run."""
    version = make_version(tmp_path / "home", write_list(tmp_path, NAMES), train=TrainOptions(("bigram",), samples=1))

    with duckdb.connect(str(tmp_path / "home" / "makemore.duckdb")) as writer:
        writer.execute("begin; delete from entries")
        counted = select(version, "select count(*) as n from names")["n"].item()
        writer.execute("rollback")

    assert counted == len(NAMES)


@pytest.mark.parametrize(
    "sql",
    [
        "delete from names",
        "copy names to 'names.csv'",
        "select * from read_csv('/etc/hostname')",
        "attach 'other.duckdb'",
        "set enable_external_access = true",
        "install httpfs",
    ],
)
def test_a_query_has_access_to_its_snapshot_only(published, sql, tmp_path, monkeypatch):
    """Writes, files, network and changes of settings are errors."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InvalidInput, match="query failed: "):
        query(store.find_version(Home(published)).stats, sql)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": ("bigram", "lstm")}, "unknown model type 'lstm'. hint: use one of"),
        ({"set": ("bigram.smoothin=1",)}, "unknown setting 'smoothin' of bigram"),
        ({"set": ("gru.steps=1",)}, "--set gru.steps=1 is invalid. hint: use MODEL.SETTING=VALUE"),
        ({"set": ("bigram",)}, "--set bigram is invalid. hint: use MODEL.SETTING=VALUE"),
        ({"set": ("bigram_net.steps=0",)}, "bigram_net.steps=0 is invalid. hint: use 1 or more"),
    ],
)
def test_an_invalid_option_is_an_error_before_the_start(tmp_path, options, message):
    """No file of a version is written."""
    home = tmp_path / "home"
    home.mkdir()
    ingest.ingest(home, write_list(tmp_path, NAMES), ReadOptions())
    build_relations(home, NO_HOLDOUT)

    with pytest.raises(ValueError, match=message):
        publish.make_version(home, TrainOptions(**options))

    assert not Home(home).staging.exists()


def test_the_bigram_uses_the_smoothing_of_the_build(tmp_path):
    """SQL and the model agree by default; --set overrides the smoothing of the model."""
    home, build = tmp_path / "home", BuildOptions(holdout=0, smoothing=2.5)
    version = make_version(home, write_list(tmp_path, NAMES), build=build, train=TrainOptions(("bigram",), samples=1))
    other = publish.make_version(home, TrainOptions(("bigram",), samples=1, set=("bigram.smoothing=0.5",)))

    assert weights.load_model(version / "models" / "bigram")[0].config.smoothing == 2.5
    assert weights.load_model(other / "models" / "bigram")[0].config.smoothing == 0.5
    sql_nll = query(
        version / "stats.duckdb", "select sum(nll * (length(name) + 1)) / sum(length(name) + 1) as nll from name_nll"
    )
    assert sql_nll["nll"].item() == pytest.approx(Version(version).read_metrics("bigram")["nll"]["train"])


def test_a_home_can_have_any_name(tmp_path):
    """The path is quoted in SQL and is not a glob for Polars."""
    version = make_version(tmp_path / "a b'c" / 'quo"te' / "[1]*" / "zoë", write_list(tmp_path, NAMES))

    assert select(version, "select count(*) as n from samples")["n"].item() == 50 * len(MODEL_TYPES)


def test_a_vocab_may_have_hundreds_of_characters(tmp_path):
    """The report shows the most frequent ones."""
    names = [chr(0x4E00 + i) + chr(0x4E00 + (7 * i) % 300) for i in range(300)]

    version = make_version(
        tmp_path / "home",
        write_list(tmp_path, names),
        build=BuildOptions(holdout=0, smoothing=0.001),
        train=TrainOptions(samples=20, set=("bigram_net.steps=3",)),
    )

    assert select(version, "select count(*) as n from vocab")["n"].item() == 301
    assert list(Version(version).verify()) == []


def test_the_file_of_a_killed_download_is_deleted(tmp_path):
    """It is in staging, like all incomplete files."""
    home = Home(tmp_path / "home")
    home.staging.mkdir(parents=True)
    (home.staging / "da3a87a4293c-names.txt").write_text("em")

    make_version(home.path, write_list(tmp_path, NAMES), train=TrainOptions(("bigram",), samples=1))

    assert list(home.staging.glob("*")) == []


def test_truncated_samples_are_logged(tmp_path, caplog):
    """With a smoothing of 1e6, the end token is as improbable as 400 other characters."""
    names = [chr(0x4E00 + i) for i in range(400)]
    options = {"build": BuildOptions(holdout=0, smoothing=1e6), "train": TrainOptions(("bigram",), samples=100)}

    make_version(tmp_path / "home", write_list(tmp_path, names), **options)

    assert "1000 characters" in caplog.text
