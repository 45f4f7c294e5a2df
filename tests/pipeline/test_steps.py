"""From a list to a version: the whole way, on small lists and on the lecture's."""

import hashlib
from pathlib import Path

import duckdb
import polars as pl
import pytest

from makemore.database import query
from makemore.errors import (
    Diverged,
    FailedCheck,
    InvalidInput,
    NotFound,
    SomeModelsFailed,
    TrainingFailed,
    TransientError,
)
from makemore.home import Home, locked_home
from makemore.options import BuildOptions, ReadOptions, TrainOptions
from makemore.pipeline import evaluate, ingest, publish
from makemore.pipeline import train as modelling
from makemore.pipeline.build import build_relations
from makemore.relations import catalog
from makemore.reporting import text
from makemore.versions import store, weights
from makemore.versions.version import Version
from tests.conftest import ENGLISH

NAMES = ["emma", "olivia", "ava", "isabella", "sophia", "mia", "amelia", "mila", "ella", "anna"]
EVERYTHING = BuildOptions(holdout=0)
DEFAULT = ("bigram", "bigram_net", "ngram")
REPRODUCIBLE = ("counts.parquet", "dataset.safetensors", "model.safetensors", "config.json", "bigram.parquet")


def write_list(folder, names, name="list.txt"):
    """The path of a list of these names."""
    path = folder / name
    path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return str(path)


def make_version(home, *lists, build=EVERYTHING, train=None, steps=None):
    """The version of these lists."""
    with locked_home(home, "the test"):
        for uri in lists:
            ingest.ingest(home, uri, ReadOptions())
        build_relations(home, build)
        return publish.make_version(home, train or TrainOptions(samples=50), publish.VersionSteps(**steps or {}))


def test_a_version_holds_all_that_the_design_says(tmp_path):
    """Counts, dataset, snapshot, models with metrics and samples, a page, a card, a manifest: and all hashes hold."""
    version = make_version(tmp_path / "home", write_list(tmp_path, NAMES))

    assert {path.relative_to(version).as_posix() for path in version.rglob("*") if path.is_file()} == {
        "manifest.json", "promotion.json", "README.md", "report.html", "counts.parquet", "dataset.safetensors",
        "stats.duckdb",
        *(f"models/{model_type}/{file}" for model_type in DEFAULT
          for file in ("config.json", "model.safetensors", "metrics.json", "scores.parquet")),
        *(f"samples/{model_type}.parquet" for model_type in DEFAULT),
    }  # fmt: skip
    assert list(Version(version).verify()) == []


def test_the_same_input_config_and_seed_give_the_same_bytes(tmp_path):
    """In another home, at another time: counts, dataset, weights, configs and samples do not differ in a byte."""

    def hashes(home):
        version = make_version(home, write_list(tmp_path, NAMES))
        files = [path for path in version.rglob("*") if path.name in REPRODUCIBLE]
        return {path.relative_to(version).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    first = hashes(tmp_path / "first")

    assert len(first) == 2 + 2 * len(DEFAULT) + 1
    assert hashes(tmp_path / "second") == first


def ask(version, sql):
    """What an analyst is answered."""
    return query(version / "stats.duckdb", sql)


@pytest.mark.parametrize("count_with", ["sql", "polars"])
def test_either_engine_gives_the_same_counts(tmp_path, count_with):
    """What an engine counts is what counts.parquet holds: the bigrams of a plain loop."""
    build, train = BuildOptions(holdout=0, count_with=count_with), TrainOptions(("bigram",), samples=1)
    version = make_version(tmp_path / "home", write_list(tmp_path, ["emma", "éva"]), build=build, train=train)
    counts = pl.read_parquet(version / "counts.parquet")

    found = {(row["ch1"], row["ch2"]): row["count"] for row in counts.filter(pl.col("count") > 0).to_dicts()}

    assert found == {
        (".", "e"): 1, ("e", "m"): 1, ("m", "m"): 1, ("m", "a"): 1, ("a", "."): 2,
        (".", "é"): 1, ("é", "v"): 1, ("v", "a"): 1,
    }  # fmt: skip
    assert counts.columns == ["ix1", "ix2", "ch1", "ch2", "count"]
    assert len(counts) == 6**2


def test_golden_numbers_of_the_lecture(lecture_list, tmp_path):
    """32,033 names, 228,146 bigrams, the most frequent five, nll without smoothing and with one, the net's loss."""
    for smoothing, nll, models in ((0, 2.4540145, ("bigram",)), (1, 2.4545768, ("bigram", "bigram_net"))):
        build, train = BuildOptions(holdout=0, smoothing=smoothing), TrainOptions(models, samples=50)
        version = make_version(tmp_path, str(lecture_list), build=build, train=train)
        assert Version(version).read_metrics("bigram")["nll"] == {"train": pytest.approx(nll, abs=5e-8)}
        assert ask(version, "select sum(count) as n from bigram_counts")["n"].item() == 228_146

    frequent = query(
        version / "stats.duckdb", "select ch1 || ch2 as pair, count from bigram_counts order by count desc limit 5"
    )
    assert frequent.rows() == [("n.", 6763), ("a.", 6640), ("an", 5438), (".a", 4410), ("e.", 3983)]
    assert ask(version, "select count(*) as lines, count(distinct name) as names from names").row(0) == (
        32_033,
        29_494,
    )
    assert Version(version).read_metrics("bigram_net")["loss"] == pytest.approx(2.48300, abs=5e-6)


def test_samples_say_which_names_are_new(published):
    """is_new is false just for names that stand in the lists."""
    known = set(ENGLISH.read_text().splitlines())
    samples = pl.read_parquet(store.find_version(Home(published)).path / "samples" / "bigram.parquet")

    assert samples.columns == ["row", "name", "nll", "is_new"]
    assert samples["row"].to_list() == list(range(1, 10_001))
    assert samples["is_new"].to_list() == [name not in known for name in samples["name"]]
    assert 0 < samples["is_new"].sum() < 10_000


def test_analysts_find_samples_and_the_metrics_of_all_versions(tmp_path):
    """A later version's snapshot has the nll of the earlier one too, and its own samples."""
    first = make_version(tmp_path / "home", write_list(tmp_path, NAMES))
    second = make_version(tmp_path / "home", write_list(tmp_path, ["zoe", "max"], "more.txt"))

    metrics = query(
        second / "stats.duckdb", "select distinct version, model_type, split from metrics order by all"
    ).rows()
    samples = query(
        second / "stats.duckdb", "select model_type, count(*) as n from samples group by all order by all"
    ).rows()

    assert metrics == sorted((v.name, m, "train") for v in (first, second) for m in DEFAULT)
    assert samples == [(model_type, 50) for model_type in DEFAULT]


def test_a_snapshot_can_be_read_while_the_home_is_written(tmp_path):
    """The analyst's query and the run's write connection do not meet."""
    version = make_version(tmp_path / "home", write_list(tmp_path, NAMES), train=TrainOptions(("bigram",), samples=1))

    with duckdb.connect(str(tmp_path / "home" / "makemore.duckdb")) as writer:
        writer.execute("begin; delete from entries")
        found = ask(version, "select count(*) as n from names")["n"].item()
        writer.execute("rollback")

    assert found == len(NAMES)


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
def test_a_query_reaches_nothing_but_its_snapshot(published, sql, tmp_path, monkeypatch):
    """No write, no file, no network, and no way to allow them."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InvalidInput, match="query failed: "):
        query(store.find_version(Home(published)).stats, sql)

    assert list(tmp_path.iterdir()) == []


def test_training_on_relations_that_are_out_of_date_is_refused(tmp_path):
    """A list that came after the build is not silently left out; a home without lists says how to begin."""
    home = tmp_path / "home"
    home.mkdir()
    with pytest.raises(NotFound, match="run `makemore ingest LIST"):
        build_relations(home, EVERYTHING)
    ingest.ingest(home, write_list(tmp_path, NAMES), ReadOptions())
    with pytest.raises(InvalidInput, match="run `makemore build`"):
        publish.make_version(home, TrainOptions())
    build_relations(home, EVERYTHING)
    ingest.ingest(home, write_list(tmp_path, ["zoe"], "more.txt"), ReadOptions())

    with pytest.raises(InvalidInput, match="run `makemore build`"):
        publish.make_version(home, TrainOptions())


def test_relations_of_another_makemore_are_built_anew_first(tmp_path, monkeypatch):
    """A version needs a build by the same makemore."""
    home = tmp_path / "home"
    home.mkdir()
    ingest.ingest(home, write_list(tmp_path, NAMES), ReadOptions())
    build_relations(home, EVERYTHING)
    with monkeypatch.context() as patch:
        patch.setattr(catalog, "digest", lambda: "another")
        with pytest.raises(InvalidInput, match="were built by another makemore"):
            publish.make_version(home, TrainOptions())


def test_a_broken_law_stops_the_build_and_leaves_the_relations_as_they_were(tmp_path):
    """The error has the law's words; the vocab of the last good build is still there."""
    home = tmp_path / "home"
    home.mkdir()
    ingest.ingest(home, write_list(tmp_path, NAMES), ReadOptions())
    build_relations(home, EVERYTHING)
    with duckdb.connect(str(home / "makemore.duckdb")) as con:
        before = con.execute("from vocab").fetchall()
        con.execute("insert into entries values (1, 99, 'a.b', 1)")

    with pytest.raises(
        FailedCheck, match=r"every_entry_is_a_name: each entry .* Found: .*names \d+, lines_counted \d+"
    ):
        build_relations(home, EVERYTHING)

    with duckdb.connect(str(home / "makemore.duckdb")) as con:
        assert con.execute("from vocab").fetchall() == before


def test_a_list_that_changes_while_it_is_read_leaves_no_trace(tmp_path, monkeypatch):
    """Bytes that are not those of the first look: the list is refused as one that may be complete later."""
    home, uri = tmp_path / "home", write_list(tmp_path, NAMES)
    home.mkdir()
    divide = ingest.validation.divide

    def growing(batch, options):
        with Path(uri).open("a") as file:
            file.write("late\n")
        return divide(batch, options)

    monkeypatch.setattr(ingest.validation, "divide", growing)
    with pytest.raises(TransientError, match=r"list.txt changed while it was read"):
        ingest.ingest(home, uri, ReadOptions())

    with duckdb.connect(str(home / "makemore.duckdb")) as con:
        assert con.execute("select (select count(*) from lists), (select count(*) from entries)").fetchall() == [(0, 0)]


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
def test_a_wrong_option_is_refused_before_anything_is_made(tmp_path, options, message):
    """The error comes before the first file of a version."""
    home = tmp_path / "home"
    home.mkdir()
    ingest.ingest(home, write_list(tmp_path, NAMES), ReadOptions())
    build_relations(home, EVERYTHING)

    with pytest.raises(ValueError, match=message):
        publish.make_version(home, TrainOptions(**options))

    assert not Home(home).staging.exists()


def test_smoothing_of_the_build_is_the_bigrams_own(tmp_path):
    """One option: the SQL of the analyst and the model agree; --set can still say otherwise for the model."""
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
    """A path is text for SQL and no pattern for Polars."""
    version = make_version(tmp_path / "a b'c" / 'quo"te' / "[1]*" / "zoë", write_list(tmp_path, NAMES))

    assert ask(version, "select count(*) as n from samples")["n"].item() == 50 * len(DEFAULT)


def test_a_large_alphabet_makes_a_version_too(tmp_path):
    """Hundreds of characters: trained, sampled, with a report of the most frequent ones."""
    names = [chr(0x4E00 + i) + chr(0x4E00 + (7 * i) % 300) for i in range(300)]

    version = make_version(
        tmp_path / "home",
        write_list(tmp_path, names),
        build=BuildOptions(holdout=0, smoothing=0.001),
        train=TrainOptions(samples=20, set=("bigram_net.steps=3",)),
    )

    assert ask(version, "select count(*) as n from vocab")["n"].item() == 301
    assert list(Version(version).verify()) == []


def test_what_a_killed_download_leaves_is_cleared(tmp_path):
    """It lies in staging, as all that is not complete."""
    home = Home(tmp_path / "home")
    home.staging.mkdir(parents=True)
    (home.staging / "da3a87a4293c-names.txt").write_text("em")

    make_version(home.path, write_list(tmp_path, NAMES), train=TrainOptions(("bigram",), samples=1))

    assert list(home.staging.iterdir()) == []


def test_a_table_read_as_text_is_pointed_out(tmp_path, caplog):
    """Lines such as emma,5 are names if the user says so; he is told what they look like."""
    with locked_home(tmp_path / "home", "the test"):
        ingest.ingest(tmp_path / "home", write_list(tmp_path, ["emma,5", "ava,3"]), ReadOptions())

    assert "--columns name,... or --format csv" in caplog.text


def test_a_list_is_evaluated_as_it_would_be_read(tmp_path):
    """With a mark, decomposed, in upper case where the version's lists were folded, and with a line that is no name."""
    home = tmp_path / "home"
    with locked_home(home, "the test"):
        ingest.ingest(home, write_list(tmp_path, ["Zoë", "ZOË", "Eva"]), ReadOptions(lower=True))
        build_relations(home, EVERYTHING)
        version = publish.make_version(home, TrainOptions(models=("bigram",), samples=1))
    (tmp_path / "own.txt").write_bytes("\ufeffZOE\u0308\r\n\r\neva\r\n".encode())

    names, rejected = evaluate.read_names(version, tmp_path / "own.txt", ReadOptions())

    assert names.rows() == [("zoë", 1, True), ("eva", 1, True)]
    assert rejected == 1
    assert evaluate.evaluate_list(version, "bigram", names)["nll"] > 0


def test_a_list_is_evaluated_with_its_counts(tmp_path):
    """A name counts as often as its lines say, and is told apart where the version's train has it."""
    version = make_version(tmp_path / "home", write_list(tmp_path, NAMES), train=TrainOptions(("bigram",), samples=1))
    (tmp_path / "own.csv").write_text("name,count\nemma,3\nmilla,1\nemma,2\n")

    names, _ = evaluate.read_names(version, tmp_path / "own.csv", ReadOptions())
    told = evaluate.evaluate_list(version, "bigram", names)

    assert names.rows() == [("emma", 5, True), ("milla", 1, False)]
    assert told["nll"] == pytest.approx((25 * told["nll_seen"] + 6 * told["nll_unseen"]) / 31)


def test_a_list_with_a_character_that_the_version_does_not_know_is_refused(tmp_path):
    """One error, which names it, before any model is loaded."""
    version = make_version(tmp_path / "home", write_list(tmp_path, NAMES), train=TrainOptions(("bigram",), samples=1))

    with pytest.raises(ValueError, match=r"'zoë' contains 'z', which is not in this vocab of .* then train"):
        evaluate.read_names(version, Path(write_list(tmp_path, ["ella", "zoë"], "own.txt")), ReadOptions())
    with pytest.raises(ValueError, match=r"own.txt has no name to evaluate: 1 rejected rows"):
        evaluate.read_names(version, Path(write_list(tmp_path, ["a.b"], "own.txt")), ReadOptions())


def test_names_that_do_not_end_are_pointed_out(tmp_path, caplog):
    """Smoothing by a million leaves the end one character among many: names run to the limit, and the log says so."""
    names = [chr(0x4E00 + i) for i in range(400)]
    options = {"build": BuildOptions(holdout=0, smoothing=1e6), "train": TrainOptions(("bigram",), samples=100)}

    make_version(tmp_path / "home", write_list(tmp_path, names), **options)

    assert "1000 characters" in caplog.text


def break_training(monkeypatch, broken, error):
    """Have the training of one model type fail after it has written something."""
    train = modelling.train.train

    def failing(model_type, config, corpus, how):
        if model_type == broken:
            raise error
        return train(model_type, config, corpus, how)

    monkeypatch.setattr(modelling.train, "train", failing)


def test_a_model_that_fails_costs_the_others_nothing(tmp_path, monkeypatch, caplog):
    """The version is published with the rest, complete; the manifest, the log and the error say what failed and why."""
    break_training(monkeypatch, "bigram_net", Diverged("bigram_net: the loss is nan"))

    with pytest.raises(SomeModelsFailed) as failed:
        make_version(tmp_path / "home", write_list(tmp_path, NAMES))

    version = store.find_version(Home(tmp_path / "home")).path
    assert str(failed.value) == (f"published {version} without the models that failed. bigram_net: the loss is nan")
    assert Version(version).model_types == ["bigram", "ngram"]
    assert Version(version).failed == {"bigram_net": "the loss is nan"}
    assert list(Version(version).verify()) == []
    assert sorted(ask(version, "select model_type from comparison").rows()) == [("bigram",), ("ngram",)]
    assert "bigram_net failed: the loss is nan" in caplog.text
    assert text.version_line(Version(version)).endswith("  bigram_net failed")
    assert "<b>bigram_net failed:</b> the loss is nan" in (version / "report.html").read_text()
    assert "bigram_net failed: the loss is nan" in (version / "README.md").read_text()


@pytest.mark.parametrize("step", ["evaluate_model", "sample_model"])
def test_the_files_of_a_failed_model_are_deleted(tmp_path, caplog, step):
    """Weights that cannot be evaluated or sampled are not published; unexpected errors are logged with traceback."""
    original = getattr(publish.VersionSteps(), step)

    def failing(draft, model_type):
        original(draft, model_type)
        if model_type == "bigram":
            raise RuntimeError("out of memory")

    with pytest.raises(SomeModelsFailed, match="bigram: RuntimeError: out of memory"):
        make_version(tmp_path / "home", write_list(tmp_path, NAMES), steps={step: failing})

    version = store.find_version(Home(tmp_path / "home")).path
    assert [
        path for path in version.rglob("*") if path.parts[-2:] == ("models", "bigram") or path.stem == "bigram"
    ] == []
    assert "Traceback" in caplog.text


def test_if_all_models_fail_nothing_is_published(tmp_path, monkeypatch):
    """A version needs at least one model."""
    break_training(monkeypatch, "bigram", Diverged("no"))

    with pytest.raises(TrainingFailed, match=r"all models failed, nothing is published\. bigram: no$"):
        make_version(tmp_path / "home", write_list(tmp_path, NAMES), train=TrainOptions(("bigram",)))

    assert store.version_names(Home(tmp_path / "home")) == []


def test_models_that_mix_others_come_last():
    """In the order that the user gave otherwise."""
    assert publish.build_order(["mixture", "ngram", "bigram"]) == ["ngram", "bigram", "mixture"]


def test_a_mixture_whose_part_failed_says_which(tmp_path, monkeypatch):
    """It is not trained on what is not there."""
    break_training(monkeypatch, "bigram", Diverged("no"))
    options = TrainOptions(("mixture", "bigram", "bigram_net"), samples=5, set=("mixture.of=bigram,bigram_net",))

    with pytest.raises(SomeModelsFailed, match=r"bigram: no; mixture: its part bigram failed"):
        make_version(tmp_path / "home", write_list(tmp_path, NAMES * 20), build=BuildOptions(holdout=20), train=options)


def test_a_mixture_of_models_that_are_not_made_is_refused(tmp_path):
    """Before anything is made."""
    options = TrainOptions(("mixture", "bigram"), set=("mixture.of=bigram,bigram_net",))

    with pytest.raises(ValueError, match=r"mixture combines bigram_net, which is not trained\."):
        make_version(tmp_path / "home", write_list(tmp_path, NAMES), train=options)
