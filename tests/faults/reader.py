"""A reader process: `python -m tests.faults.reader HOME SECONDS [READS]` reads the champion again and again.

It stops after the given seconds or reads, or when a file `stop` appears beside the home. It prints a JSON object:
reads, failures, the first failure, the number of versions, the median and slowest read in seconds, and the memory in
megabytes after ten reads and at the end.
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

QUERY = """
select
    (select sum(count) from bigram_counts) as bigrams,
    (select sum(bigrams) from split_sizes) as bigrams_of_names,
    (select count(*) from promotions) as decisions
"""


def read(home):
    """Return the name of the champion after reading it. An incomplete version raises AssertionError."""
    version = store.find_version(home)
    for file, published in version.manifest["files"].items():
        if (version.path / file).stat().st_size != published["bytes"]:
            raise AssertionError(f"{version.name}/{file} is incomplete")
    row = query(version.stats, QUERY).row(0, named=True)
    if row["bigrams"] != row["bigrams_of_names"] or not row["decisions"]:
        raise AssertionError(f"{version.name} is inconsistent: {row}")
    return version.name


def read_for(home, seconds, reads=10**9):
    result = {"reads": 0, "failures": 0, "first_failure": "", "slowest": 0.0}
    versions, times, end = set(), [], time.monotonic() + seconds
    stop = home.path.parent / "stop"
    while time.monotonic() < end and result["reads"] < reads and not stop.exists():
        if not store.version_names(home):
            time.sleep(0.01)
            continue
        started = time.monotonic()
        try:
            versions.add(read(home))
        except Exception as error:
            # A version may be pruned between finding and reading it, once two later ones were champion.
            result["failures"] += 1
            result["first_failure"] = result["first_failure"] or f"{type(error).__name__}: {error}"
        result["reads"] += 1
        times.append(time.monotonic() - started)
        time.sleep(0.005)
        if result["reads"] == 10:
            result["megabytes_after_10"] = _megabytes()
    result |= {"versions": len(versions), "megabytes": _megabytes()}
    return result | {"slowest": max(times, default=0.0), "median": statistics.median(times or [0.0])}


def _megabytes():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


if __name__ == "__main__":
    print(json.dumps(read_for(Home(Path(sys.argv[1])), float(sys.argv[2]), *map(int, sys.argv[3:]))))
