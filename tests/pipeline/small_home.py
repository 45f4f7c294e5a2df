"""Versions of small lists."""

from makemore.database import query
from makemore.home import locked_home
from makemore.options import BuildOptions, ReadOptions, TrainOptions
from makemore.pipeline import ingest, publish
from makemore.pipeline.build import build_relations

NAMES = ["emma", "olivia", "ava", "isabella", "sophia", "mia", "amelia", "mila", "ella", "anna"]
NO_HOLDOUT = BuildOptions(holdout=0)
MODEL_TYPES = ("bigram", "bigram_net", "ngram")
"""Model types that are trained by default."""


def write_list(folder, names, name="list.txt"):
    """Write a list and return its path."""
    path = folder / name
    path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return str(path)


def make_version(home, *lists, build=NO_HOLDOUT, train=None, steps=None):
    """Ingest lists, build and publish a version; return its folder."""
    with locked_home(home, "the test"):
        for uri in lists:
            ingest.ingest(home, uri, ReadOptions())
        build_relations(home, build)
        return publish.make_version(home, train or TrainOptions(samples=50), publish.VersionSteps(**steps or {}))


def select(version, sql):
    """Return the result of a query on the snapshot of a version."""
    return query(version / "stats.duckdb", sql)
