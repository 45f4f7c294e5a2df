"""Runs, readers and commands as processes, and the checks of a home after a fault."""

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

MAKEMORE = Path(sys.executable).with_name("makemore")
NAMES = ENGLISH.read_text(encoding="utf-8").splitlines()


@dataclass(frozen=True)
class FaultResult:
    """A row of the table: a fault, how often it was injected and survived, and notes."""

    fault: str
    injected: int
    survived: int
    notes: str = ""


def start(module, *arguments, **options):
    """Start a module of this package as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.faults.{module}", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, **options,
    )  # fmt: skip


def finish(process, timeout=600):
    """Return the output of a process that must succeed."""
    out, err = process.communicate(timeout=timeout)
    assert process.returncode == 0, err[-3000:]
    return out


def finish_json(process):
    """Return the JSON output of a process that must succeed."""
    return json.loads(finish(process))


def run_to_end(home, *lists):
    """Run the pipeline in a process that must succeed, and return its output."""
    return finish(start("run", home, *lists))


def command(*words, **options):
    """Run `makemore` and return the finished process, which must not print a traceback."""
    done = command_unchecked(*words, **options)
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    return done


def command_unchecked(*words, **options):
    """Run `makemore` and return the finished process."""
    return subprocess.run(
        [MAKEMORE, *map(str, words)], check=False, capture_output=True, text=True, cwd=ROOT, **options
    )


def write_list(path: Path, number: int, size: int = 60) -> Path:
    """Write a list of names that depends on the number."""
    first = number * 37 % (len(NAMES) - size)
    path.write_text("".join(f"{name}\n" for name in NAMES[first : first + size]), encoding="utf-8")
    return path


def sources(home: Path) -> dict[str, tuple[str, int]]:
    """Return sha256 and number of names of each list by URI. All entries of each list must exist."""
    if not Home(home).db.exists():
        return {}
    with connect(Home(home).db) as con:
        if not con.execute("select 1 from duckdb_tables() where table_name = 'lists'").fetchall():
            return {}
        rows = con.execute(
            "select uri, sha256, names, (select count(*) from entries where entries.content_id = contents.content_id) "
            "from lists join contents using (content_id) order by uri"
        ).fetchall()
    incomplete = [row for row in rows if row[2] != row[3]]
    assert incomplete == [], f"lists with missing entries: {incomplete}"
    return {uri: (sha256, names) for uri, sha256, names, _ in rows}


def check_home(home: Path, before: dict[str, tuple[str, int]]) -> None:
    """Assert that no list is lost, that every version matches its manifest, and that the champion exists."""
    after = sources(home)
    lost = {uri for uri, source in before.items() if after.get(uri) != source}
    assert not lost, f"lost lists: {lost}"
    for version in store.version_names(Home(home)):
        problems = list(Version(Home(home).versions / version).verify())
        assert problems == [], f"{version}: {problems}"
    champion = registry.read(Home(home)).champion
    if champion:
        assert champion.version in store.version_names(Home(home))


def differing_artifacts(one: Path, other: Path) -> list[str]:
    """Return the files that differ between two versions, of those that depend only on the lists."""
    files = [
        "counts.parquet",
        "dataset.safetensors",
        "models/bigram/model.safetensors",
        "models/ngram/model.safetensors",
        "models/ngram/scores.parquet",
        "samples/ngram.parquet",
    ]
    return [file for file in files if (one / file).read_bytes() != (other / file).read_bytes()]
