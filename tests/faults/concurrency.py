"""Several runs, readers and analysts on one home at the same time."""

import os
import subprocess
import time

from tests.conftest import ROOT
from tests.faults.processes import (
    MAKEMORE,
    NAMES,
    FaultResult,
    check_home,
    finish_json,
    run_to_end,
    sources,
    start,
    write_list,
)

READERS = 10


def runs_and_readers(folder, seconds):
    """Start two runs at once, again and again. They execute one after the other, and no read fails."""
    home = folder / "home"
    home.mkdir()
    run_to_end(home, write_list(folder / "first.txt", 0, size=1000))
    readers = [start("reader", home, 10 * seconds + 120) for _ in range(READERS)]
    end, runs, number = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        before = sources(home)
        pair = [start("run", home, write_list(folder / f"{number + i}.txt", number + i)) for i in (1, 2)]
        for run in pair:
            _, err = run.communicate(timeout=600)
            assert run.returncode == 0, err[-2000:]
        runs, number = runs + 2, number + 2
        check_home(home, before)
    (folder / "stop").touch()
    results = [finish_json(reader) for reader in readers]
    failures = sum(result["failures"] for result in results)
    assert failures == 0, next(result["first_failure"] for result in results if result["failures"])
    reads = sum(result["reads"] for result in results)
    growth = max(result["megabytes"] - result.get("megabytes_after_10", result["megabytes"]) for result in results)
    slowest, largest = (max(result[figure] for result in results) for figure in ("slowest", "megabytes"))
    home_bytes = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
    return FaultResult(
        f"two runs and {READERS} readers at once for {seconds:g} s",
        reads + runs, reads + runs,
        f"{runs} runs and {reads:,} reads, no failure; slowest read: {slowest:.2f} s; peak memory of a reader: "
        f"{largest:.0f} MB, {growth:.0f} MB more than after 10 reads; size of the home: {home_bytes / 1e6:.0f} MB",
    )  # fmt: skip


def two_commands(folder):
    """Start two `makemore run` at once with one Prefect database: one waits for the other."""
    home = folder / "home"
    environment = {**os.environ, "PREFECT_HOME": str(folder / "prefect")}
    waiting = []
    for number in (0, 2):
        # The first two also find no Prefect database, and both create it.
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
            waiting.append("waiting" in err)
        check_home(home, {})
    assert len(sources(home)) == 4
    return FaultResult("two `makemore run` at once", 4, 4, f"{sum(waiting)} of them reported that they wait")


def analyst(folder, queries):
    """Send the same queries without a run and with runs."""
    home = folder / "home"
    home.mkdir()
    run_to_end(home, write_list(folder / "first.txt", 0, size=len(NAMES) - 100))
    idle = finish_json(start("reader", home, 600, queries))
    runs, reader = 0, start("reader", home, 600, queries)
    while reader.poll() is None:
        run_to_end(home, write_list(folder / f"{runs + 1}.txt", runs + 1))
        runs += 1
    busy = finish_json(reader)
    assert busy["failures"] == 0, busy["first_failure"]
    assert busy["reads"] == queries
    return FaultResult(
        f"{queries:,} queries of an analyst during runs",
        queries, queries - busy["failures"],
        f"{runs} runs; median {busy['median'] * 1000:.0f} ms, slowest {busy['slowest']:.2f} s; "
        f"without a run {idle['median'] * 1000:.0f} ms and {idle['slowest']:.2f} s",
    )  # fmt: skip
