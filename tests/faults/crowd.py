"""Two nights and ten readers at once, and an analyst who asks a thousand times while a night runs."""

import os
import subprocess
import time

from tests.conftest import ROOT
from tests.faults.mishaps import MAKEMORE
from tests.faults.processes import NAMES, Told, check, run_night, sources, start, told, write_list

READERS = 10


def crowd(folder, seconds):
    """Nights start over and over, two at once: the home is one's after the other's, and readers never notice."""
    home = folder / "home"
    home.mkdir()
    run_night(home, write_list(folder / "first.txt", 0, size=1000))
    readers = [start("reading", home, 10 * seconds + 120) for _ in range(READERS)]
    end, nights, number = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        before = sources(home)
        both = [start("night", home, write_list(folder / f"{number + i}.txt", number + i)) for i in (1, 2)]
        for night in both:
            _, err = night.communicate(timeout=600)
            assert night.returncode == 0, err[-2000:]
        nights, number = nights + 2, number + 2
        check(home, before)
    (folder / "stop").touch()
    seen = [told(reader) for reader in readers]
    failures = sum(reader["failures"] for reader in seen)
    assert failures == 0, next(reader["first_failure"] for reader in seen if reader["failures"])
    reads = sum(reader["reads"] for reader in seen)
    grown = max(reader["megabytes"] - reader.get("megabytes_at_first", reader["megabytes"]) for reader in seen)
    slowest, largest = (max(reader[figure] for reader in seen) for figure in ("slowest", "megabytes"))
    used = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
    return Told(
        f"two nights and {READERS} readers at once for {seconds:g} s",
        reads + nights, reads + nights,
        f"{nights} nights and {reads:,} reads, none failed; the slowest read took {slowest:.2f} s, one has "
        f"{largest:.0f} MB at most, {grown:.0f} more than after ten reads, and the home has {used / 1e6:.0f} MB",
    )  # fmt: skip


def two_runs(folder):
    """Two of the whole command at once, with one database of Prefect's: one waits for the other."""
    home = folder / "home"
    environment = {**os.environ, "PREFECT_HOME": str(folder / "prefect")}
    told = []
    for number in (0, 2):
        # The first two also find no database yet, and both make it.
        runs = [
            subprocess.Popen(
                [MAKEMORE, "run", write_list(folder / f"{number + i}.txt", number + i, size=1000), "--home", home,
                 "--models", "bigram", "--samples", "50"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment,
            )
            for i in (0, 1)
        ]  # fmt: skip
        for run in runs:
            _, err = run.communicate(timeout=600)
            assert run.returncode == 0, err[-3000:]
            assert "Traceback" not in err, err[-3000:]
            told.append("waiting" in err)
        check(home, {})
    assert len(sources(home)) == 4
    return Told("two of `makemore run` at once", 4, 4, f"{sum(told)} of them said that they wait, and for whom")


def analyst(folder, queries):
    """The same questions without a night beside them, and with one that makes a version."""
    home = folder / "home"
    home.mkdir()
    run_night(home, write_list(folder / "first.txt", 0, size=len(NAMES) - 100))
    quiet = told(start("reading", home, 600, queries))
    nights, reader = 0, start("reading", home, 600, queries)
    while reader.poll() is None:
        run_night(home, write_list(folder / f"{nights + 1}.txt", nights + 1))
        nights += 1
    busy = told(reader)
    assert busy["failures"] == 0, busy["first_failure"]
    assert busy["reads"] == queries
    return Told(
        f"an analyst asks {queries:,} times while nights run",
        queries, queries - busy["failures"],
        f"{nights} nights meanwhile; a read takes {busy['median'] * 1000:.0f} ms, the slowest {busy['slowest']:.2f} s; "
        f"without a night {quiet['median'] * 1000:.0f} ms and {quiet['slowest']:.2f} s",
    )  # fmt: skip
