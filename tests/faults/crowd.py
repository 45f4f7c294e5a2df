"""Two nights and ten readers at once, and an analyst who asks a thousand times while a night runs."""

import shutil
import time

from makemore.home import Home
from tests.faults.processes import NAMES, Told, check, run_night, sources, start, told, write_list

READERS = 10


def crowd(folder, seconds, n_readers=READERS):
    """Nights start over and over, two at once: the home is one's after the other's, and readers never notice."""
    home = folder / "home"
    home.mkdir()
    run_night(home, write_list(folder / "first.txt", 0, size=1000))
    readers = [start("reading", home, 10 * seconds + 120) for _ in range(n_readers)]
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
    used = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
    return Told(
        f"two nights and {n_readers} readers at once for {seconds:g} s",
        reads + nights, reads + nights,
        f"{nights} nights and {reads:,} reads, none failed; the slowest read took "
        f"{max(reader['slowest'] for reader in seen):.2f} s, and the home has {used / 1e6:.0f} MB",
    )  # fmt: skip


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
    shutil.rmtree(Home(home).versions)
    return Told(
        f"an analyst asks {queries:,} times while nights run",
        queries, queries - busy["failures"],
        f"{nights} nights meanwhile; a read takes {busy['median'] * 1000:.0f} ms, the slowest {busy['slowest']:.2f} s; "
        f"without a night {quiet['median'] * 1000:.0f} ms and {quiet['slowest']:.2f} s",
    )  # fmt: skip
