"""A reader as a process: `python -m tests.faults.reading HOME SECONDS [READS]` asks whatever serves, again and again.

It ends after so many seconds or reads, or as soon as there is a file `stop` beside the home.

It prints a JSON object: reads, failures, the first of them, the versions that it saw, the median and slowest read
in seconds, and the megabytes of memory after ten reads and after the last.
"""

import json
import resource
import statistics
import sys
import time
from pathlib import Path

from makemore.database import query
from makemore.home import Home
from makemore.versions import store
from makemore.versions.version import Version

QUERY = """
select
    (select sum(count) from bigram_counts) as bigrams,
    (select sum(bigrams) from split_sizes) as bigrams_of_names,
    (select count(*) from promotions) as decisions
"""


def read(home):
    """The version that serves, once it was asked; a version that is not whole is a failure."""
    folder = store.find_version(home).path
    manifest = Version(folder).manifest
    for file, told in manifest["files"].items():
        if (folder / file).stat().st_size != told["bytes"]:
            raise AssertionError(f"{folder.name}/{file} is not whole")
    row = query(folder / "stats.duckdb", QUERY).row(0, named=True)
    if row["bigrams"] != row["bigrams_of_names"] or not row["decisions"]:
        raise AssertionError(f"{folder.name} is not of one piece: {row}")
    return folder.name


def read_for(home, seconds, reads=10**9):
    told = {"reads": 0, "failures": 0, "first_failure": "", "slowest": 0.0}
    seen, times, end = set(), [], time.monotonic() + seconds
    stop = home.path.parent / "stop"
    while time.monotonic() < end and told["reads"] < reads and not stop.exists():
        if not store.version_names(home):
            # Nothing was ever published.
            time.sleep(0.01)
            continue
        started = time.monotonic()
        try:
            seen.add(read(home))
        except Exception as error:
            # A version may be pruned between finding and reading it, when two others have served since.
            told["failures"] += 1
            told["first_failure"] = told["first_failure"] or f"{type(error).__name__}: {error}"
        told["reads"] += 1
        times.append(time.monotonic() - started)
        if told["reads"] == 10:
            told["megabytes_at_first"] = _megabytes()
    told |= {"versions": len(seen), "megabytes": _megabytes()}
    return told | {"slowest": max(times, default=0.0), "median": statistics.median(times or [0.0])}


def _megabytes():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


if __name__ == "__main__":
    print(json.dumps(read_for(Home(Path(sys.argv[1])), float(sys.argv[2]), *map(int, sys.argv[3:]))))
