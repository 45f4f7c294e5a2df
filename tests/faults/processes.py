"""Nights and readers as processes, and what a home must be after whatever happened to them."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from makemore.database import connect
from makemore.home import Home
from makemore.versions import registry, store
from makemore.versions.version import Version
from tests.conftest import ENGLISH, ROOT

NAMES = ENGLISH.read_text(encoding="utf-8").splitlines()


@dataclass(frozen=True)
class Told:
    """What became of a fault: how often it was tried, how often all was well after it, and what else to know."""

    fault: str
    tried: int
    survived: int
    notes: str = ""


def start(module, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.faults.{module}", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, **options,
    )  # fmt: skip


def finish(process, timeout=600):
    """What a process printed, which must have ended well."""
    out, err = process.communicate(timeout=timeout)
    assert process.returncode == 0, err[-3000:]
    return out


def run_night(home, *lists):
    return finish(start("night", home, *lists))


def told(process):
    return json.loads(finish(process))


def write_list(path: Path, number: int, size: int = 60) -> Path:
    """A list of names, another one for another number."""
    first = number * 37 % (len(NAMES) - size)
    path.write_text("".join(f"{name}\n" for name in NAMES[first : first + size]), encoding="utf-8")
    return path


def sources(home: Path) -> dict[str, tuple[str, int]]:
    """sha256 and names of each list of a home, by its address, with the entries that it has."""
    if not Home(home).db.exists():
        return {}
    with connect(Home(home).db) as con:
        if not con.execute("select 1 from duckdb_tables() where table_name = 'sources'").fetchall():
            return {}
        rows = con.execute(
            "select uri, sha256, names, (select count(*) from entries where entries.source_id = sources.source_id) "
            "from sources order by uri"
        ).fetchall()
    wrong = [row for row in rows if row[2] != row[3]]
    assert wrong == [], f"lists of which entries are missing: {wrong}"
    return {uri: (sha256, names) for uri, sha256, names, _ in rows}


def check(home: Path, before: dict[str, tuple[str, int]]) -> None:
    """Nothing, if no list was lost, every version is whole, and what serves is one of them."""
    now = sources(home)
    lost = {uri for uri, given in before.items() if now.get(uri) != given}
    assert not lost, f"lost lists: {lost}"
    for version in store.version_names(Home(home)):
        problems = list(Version(Home(home).versions / version).verify())
        assert problems == [], f"{version}: {problems}"
    known = registry.read(Home(home))
    if known.champion:
        assert known.champion.version in store.version_names(Home(home))


def same_artifacts(one: Path, other: Path) -> list[str]:
    """Files of two versions that follow from their lists alone, and differ."""
    files = [
        "counts.parquet",
        "dataset.safetensors",
        "models/bigram/model.safetensors",
        "models/ngram/model.safetensors",
    ]
    files += ["samples/ngram.parquet", "models/ngram/scores.parquet"]
    return [file for file in files if (one / file).read_bytes() != (other / file).read_bytes()]
