"""Faults of the disk: full, small, read-only."""

import os
import resource
import subprocess
from contextlib import contextmanager

from makemore.home import Home
from makemore.versions import store
from tests.conftest import ROOT
from tests.faults.processes import MAKEMORE, FaultResult, check_home, command, run_to_end, sources, start, write_list


def disk_full(folder, sizes):
    """Limit the size of a file, each time to another value. The run fails, and the next one is clean."""
    home, limits = folder / "home", [int(20_000 * 1.6**step) for step in range(sizes)]
    home.mkdir()
    run_to_end(home, write_list(folder / "first.txt", 0, size=1500))
    failed = 0
    for number, limit in enumerate(limits, 1):
        before = sources(home)
        write_list(folder / f"{number}.txt", number, size=1500)
        run = start(
            "run", home, folder / f"{number}.txt",
            preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )  # fmt: skip
        run.communicate(timeout=300)
        failed += run.returncode != 0
        check_home(home, before)
        run_to_end(home, folder / f"{number}.txt")
        check_home(home, before)
        assert len(sources(home)) == number + 1
    assert failed
    return FaultResult(
        "a full disk: limited file size during a run",
        sizes, sizes,
        f"limits from {limits[0] / 1000:.0f} KB to {limits[-1] / 1e6:.1f} MB; {failed} runs failed, and the run "
        "after each was clean",
    )  # fmt: skip


def full_commands(folder, sizes):
    """Limit the size of a file during commands. Each succeeds, or fails with one line and leaves no partial file."""
    home, output = folder / "home", folder / "names.csv"
    first = write_list(folder / "first.txt", 0, size=3000)
    assert command("ingest", first, "--home", home).returncode == 0
    assert command("build", "--home", home).returncode == 0
    assert command("train", "--models", "bigram,ngram", "--samples", 50, "--home", home).returncode == 0
    commands = [
        ["ingest", write_list(folder / "second.txt", 2, size=3000)], ["build", "--order", 7], ["train"],
        ["sample", "-n", 200_000, "-o", output], ["export-home", folder / "home.tar.zst"],
    ]  # fmt: skip
    failed, tracebacks, limits = 0, [], [int(20_000 * 4**step) for step in range(sizes)]
    for limit in limits:
        before = sources(home)
        for words in commands:
            done = _limited(limit, *words, "--home", home)
            assert done.returncode in (0, 1), (limit, words, done)
            assert done.stderr.count("makemore: ") == done.returncode, (limit, words, done)
            failed += done.returncode
            tracebacks += [f"{words[0]} at {limit:,} bytes"] * ("Traceback" in done.stderr)
            assert not output.exists() or done.returncode == 0, (limit, words)
            output.unlink(missing_ok=True)
            check_home(home, before)
    assert command("ingest", folder / "second.txt", "--home", home).returncode == 0
    assert command("build", "--home", home).returncode == 0
    check_home(home, before)
    n = sizes * len(commands)
    return FaultResult(
        "commands on a full disk", n, n - len(tracebacks),
        f"{', '.join(words[0] for words in commands)}; {failed} failed with one line and left no partial file"
        + "".join(f"; TRACEBACK: {where}" for where in tracebacks),
    )  # fmt: skip


def _limited(size, *words):
    """Run a command with a limit on the size of a file, in bytes."""
    limit = ["sh", "-c", 'ulimit -f "$0"; exec "$@"', str(size // 512)]
    return subprocess.run([*limit, MAKEMORE, *map(str, words)], check=False, capture_output=True, text=True, cwd=ROOT)


def small_disk(folder, megabytes):
    """Fill a small disk with versions until a run fails. After `makemore prune` the next run is clean."""
    disk = folder / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", disk], check=False, capture_output=True
    ).returncode:
        return FaultResult("a small disk filled by versions", 0, 0, "skipped: cannot mount a disk here")
    try:
        home, number = disk / "home", 0
        home.mkdir()
        before = {}
        while number < 100:
            number += 1
            run = start("run", "--keep", 100, home, write_list(folder / f"{number}.txt", number, size=1500))
            run.communicate(timeout=300)
            check_home(home, before)
            if run.returncode:
                break
            before = sources(home)
        assert run.returncode, "the disk never became full"
        assert command("prune", "--keep", 1, "--home", home).returncode == 0
        run_to_end(home, folder / f"{number}.txt")
        check_home(home, before)
    finally:
        subprocess.run(["umount", disk], check=True)
    return FaultResult(
        "a small disk filled by versions", 1, 1,
        f"{megabytes} MB were full in run {number}; the published versions stayed intact, and after `makemore prune` "
        "the next run was clean",
    )  # fmt: skip


@contextmanager
def _read_only(home):
    """Make the home read-only; also for root if a mount is possible. Yield whether that worked."""
    bound = subprocess.run(["mount", "--bind", home, home], check=False, capture_output=True).returncode == 0
    if bound:
        subprocess.run(["mount", "-o", "remount,bind,ro", home], check=True)
    else:
        home.chmod(0o555)
    try:
        yield bound or os.geteuid() != 0
    finally:
        if bound:
            subprocess.run(["umount", home], check=True)
        else:
            home.chmod(0o755)


def read_only(folder):
    """Commands that write fail with one line; commands that read work."""
    home = folder / "home"
    home.mkdir()
    run_to_end(home, write_list(folder / "first.txt", 0, size=300))
    write_list(folder / "second.txt", 2)
    writes = [
        ["ingest", folder / "second.txt"], ["build"], ["train"], ["prune", "--keep", 1], ["release"],
        ["forget", "first.txt"], ["pin", store.version_names(Home(home))[0]],
    ]  # fmt: skip
    reads = [
        ["sample", "-n", 3], ["query", "select 1"], ["versions"], ["show"], ["score", "emma"], ["compare"], ["status"],
    ]  # fmt: skip
    with _read_only(home) as is_read_only:
        if not is_read_only:
            return FaultResult("a read-only home", 0, 0, "skipped: the user is root and cannot mount")
        for words in writes:
            done = command(*words, "--home", home)
            assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), (words, done)
            assert "is not writable" in done.stderr, done.stderr
        for words in reads:
            assert command(*words, "--home", home).returncode == 0, words
    run_to_end(home, folder / "second.txt")
    n = len(writes) + len(reads)
    return FaultResult(
        "a read-only home",
        n,
        n,
        f"{len(writes)} writing commands fail with one line; {len(reads)} reading commands work",
    )
