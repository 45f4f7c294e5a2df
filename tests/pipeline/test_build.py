"""Both engines, failed checks and outdated relations."""

import duckdb
import polars as pl
import pytest

from makemore.errors import FailedCheck, InvalidInput, NotFound
from makemore.options import BuildOptions, ReadOptions, TrainOptions
from makemore.pipeline import ingest, publish
from makemore.pipeline.build import build_relations
from makemore.relations import catalog
from tests.pipeline.small_home import NAMES, NO_HOLDOUT, make_version, write_list


@pytest.mark.parametrize("count_with", ["sql", "polars"])
def test_either_engine_gives_the_same_counts(tmp_path, count_with):
    """counts.parquet has the bigrams of a plain loop."""
    build, train = BuildOptions(holdout=0, count_with=count_with), TrainOptions(("bigram",), samples=1)
    version = make_version(tmp_path / "home", write_list(tmp_path, ["emma", "éva"]), build=build, train=train)
    counts = pl.read_parquet(version / "counts.parquet")

    counted = {(row["ch1"], row["ch2"]): row["count"] for row in counts.filter(pl.col("count") > 0).to_dicts()}

    assert counted == {
        (".", "e"): 1, ("e", "m"): 1, ("m", "m"): 1, ("m", "a"): 1, ("a", "."): 2,
        (".", "é"): 1, ("é", "v"): 1, ("v", "a"): 1,
    }  # fmt: skip
    assert counts.columns == ["ix1", "ix2", "ch1", "ch2", "count"]
    assert len(counts) == 6**2


def test_a_failed_check_leaves_the_relations_unchanged(tmp_path):
    """The error contains the head comment of the check; the relations of the last build stay."""
    home = tmp_path / "home"
    home.mkdir()
    ingest.ingest(home, write_list(tmp_path, NAMES), ReadOptions())
    build_relations(home, NO_HOLDOUT)
    with duckdb.connect(str(home / "makemore.duckdb")) as con:
        before = con.execute("from vocab").fetchall()
        con.execute("insert into entries values (1, 99, 'a.b', 1)")

    with pytest.raises(
        FailedCheck, match=r"every_entry_is_a_name: each entry .* Found: .*names \d+, lines_counted \d+"
    ):
        build_relations(home, NO_HOLDOUT)

    with duckdb.connect(str(home / "makemore.duckdb")) as con:
        assert con.execute("from vocab").fetchall() == before


def test_outdated_relations_are_an_error(tmp_path):
    """A list ingested after the build is not left out silently; a home without lists gets a hint."""
    home = tmp_path / "home"
    home.mkdir()
    with pytest.raises(NotFound, match="run `makemore ingest LIST"):
        build_relations(home, NO_HOLDOUT)
    ingest.ingest(home, write_list(tmp_path, NAMES), ReadOptions())
    with pytest.raises(InvalidInput, match="run `makemore build`"):
        publish.make_version(home, TrainOptions())
    build_relations(home, NO_HOLDOUT)
    ingest.ingest(home, write_list(tmp_path, ["zoe"], "more.txt"), ReadOptions())

    with pytest.raises(InvalidInput, match="run `makemore build`"):
        publish.make_version(home, TrainOptions())


def test_relations_of_another_makemore_are_an_error(tmp_path, monkeypatch):
    """A version needs a build by the same makemore."""
    home = tmp_path / "home"
    home.mkdir()
    ingest.ingest(home, write_list(tmp_path, NAMES), ReadOptions())
    build_relations(home, NO_HOLDOUT)
    with monkeypatch.context() as patch:
        patch.setattr(catalog, "digest", lambda: "another")
        with pytest.raises(InvalidInput, match="were built by another makemore"):
            publish.make_version(home, TrainOptions())
