"""What happens to a disk, a clock, a file or Prefect's own database, and what a home is after it."""

import os
import random
import resource
import shutil
import sqlite3
import subprocess
import threading
import time
from contextlib import contextmanager

from makemore.database import connect
from makemore.home import Home
from makemore.versions import registry, store
from makemore.versions.version import Version
from tests.conftest import ENGLISH, ROOT
from tests.faults.processes import NAMES, Told, check, finish, run_night, sources, start, write_list

MAKEMORE = ROOT / ".venv" / "bin" / "makemore"
DAMAGED = {
    "makemore.duckdb": ("makemore.duckdb", ["build"], ["prune"]),
    "registry.json": ("registry.json", ["sample", "-n", 3], ["query", "select 1"], ["versions"]),
    "manifest.json": ("versions/{version}/manifest.json", ["show"], ["score", "emma"]),
    "stats.duckdb": ("versions/{version}/stats.duckdb", ["query", "select * from names order by all"]),
    "model.safetensors": ("versions/{version}/models/ngram/model.safetensors", ["sample", "-n", 3], ["score", "emma"]),
    "config.json": ("versions/{version}/models/ngram/config.json", ["sample", "-n", 3], ["score", "emma"]),
    "scores.parquet": ("versions/{version}/models/ngram/scores.parquet", ["diff", "{older}", "{version}"]),
    "counts.parquet": ("versions/{version}/counts.parquet", ["diff", "{older}", "{version}"]),
    "dataset.safetensors": ("versions/{version}/dataset.safetensors",),
}
"""Kinds of files that may be damaged, where they lie, and commands that read them."""


def command(*words, **options):
    """A finished command; it never ends by a traceback."""
    done = _run(*words, **options)
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    return done


def _run(*words, **options):
    return subprocess.run(
        [MAKEMORE, *map(str, words)], check=False, capture_output=True, text=True, cwd=ROOT, **options
    )


def disk_full(folder, sizes):
    """No file may grow beyond a size, another one each time: the night fails, and the next one is clean."""
    home, limits = folder / "home", [int(20_000 * 1.6**step) for step in range(sizes)]
    home.mkdir()
    run_night(home, write_list(folder / "first.txt", 0, size=1500))
    failed = 0
    for number, limit in enumerate(limits, 1):
        before = sources(home)
        write_list(folder / f"{number}.txt", number, size=1500)
        night = start(
            "night", home, folder / f"{number}.txt",
            preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )  # fmt: skip
        night.communicate(timeout=300)
        failed += night.returncode != 0
        check(home, before)
        run_night(home, folder / f"{number}.txt")
        check(home, before)
        assert len(sources(home)) == number + 1
    assert failed
    return Told(
        "a disk that is full, at some size of a file",
        sizes, sizes, f"files of {limits[0] / 1000:.0f} KB to {limits[-1] / 1e6:.1f} MB at most; {failed} failed, "
        "and after each the next one was clean",
    )  # fmt: skip


def full_commands(folder, sizes):
    """Commands whose files may not grow beyond a size: each ends well, or by a line, and leaves no half of a file."""
    home, output = folder / "home", folder / "names.csv"
    first = write_list(folder / "first.txt", 0, size=3000)
    assert command("ingest", first, "--home", home).returncode == 0
    assert command("build", "--home", home).returncode == 0
    assert command("train", "--models", "bigram,ngram", "--samples", 50, "--home", home).returncode == 0
    asked = [
        ["ingest", write_list(folder / "second.txt", 2, size=3000)], ["build", "--order", 7], ["train"],
        ["sample", "-n", 200_000, "-o", output], ["export-home", folder / "home.tar.zst"],
    ]  # fmt: skip
    refused, raw, limits = 0, [], [int(20_000 * 4**step) for step in range(sizes)]
    for limit in limits:
        before = sources(home)
        for words in asked:
            done = _limited(limit, *words, "--home", home)
            assert done.returncode in (0, 1), (limit, words, done)
            assert done.stderr.count("makemore: ") == done.returncode, (limit, words, done)
            refused += done.returncode
            raw += [f"{words[0]} at {limit:,} bytes"] * ("Traceback" in done.stderr)
            assert not output.exists() or done.returncode == 0, (limit, words)
            output.unlink(missing_ok=True)
            check(home, before)
    assert command("ingest", folder / "second.txt", "--home", home).returncode == 0
    assert command("build", "--home", home).returncode == 0
    check(home, before)
    n = sizes * len(asked)
    return Told(
        "commands on a full disk", n, n - len(raw),
        f"{', '.join(words[0] for words in asked)}; {refused} told it in a line, and left no half of a file"
        + "".join(f"; WITH A TRACEBACK: {told}" for told in raw),
    )  # fmt: skip


def _limited(size, *words):
    """A finished command whose files may not grow beyond a size in bytes."""
    limit = ["sh", "-c", 'ulimit -f "$0"; exec "$@"', str(size // 512)]
    return subprocess.run([*limit, MAKEMORE, *map(str, words)], check=False, capture_output=True, text=True, cwd=ROOT)


def small_disk(folder, megabytes):
    """A home on a disk that versions fill: a night fails, and there is room again once they are pruned."""
    disk = folder / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", disk], check=False, capture_output=True
    ).returncode:
        return Told("a small disk that nights fill", 0, 0, "no disk can be mounted here: skipped")
    try:
        home, number = disk / "home", 0
        home.mkdir()
        before = {}
        while number < 100:
            number += 1
            night = start("night", "--keep", 100, home, write_list(folder / f"{number}.txt", number, size=1500))
            night.communicate(timeout=300)
            check(home, before)
            if night.returncode:
                break
            before = sources(home)
        assert night.returncode, "the disk never was full"
        assert command("prune", "--keep", 1, "--home", home).returncode == 0
        run_night(home, folder / f"{number}.txt")
        check(home, before)
    finally:
        subprocess.run(["umount", disk], check=True)
    return Told(
        "a small disk that nights fill", 1, 1,
        f"{megabytes} MB were full of versions in night {number}; what was published stayed whole, and after "
        "`makemore prune` the next night was clean",
    )  # fmt: skip


@contextmanager
def _read_only(home):
    """The home, not to be written: for root too, where something can be mounted."""
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
    """Whatever writes says so in a line; whatever reads works."""
    home = folder / "home"
    home.mkdir()
    run_night(home, write_list(folder / "first.txt", 0, size=300))
    write_list(folder / "second.txt", 2)
    writes = [
        ["ingest", folder / "second.txt"], ["build"], ["train"], ["prune", "--keep", 1], ["release"],
        ["forget", "first.txt"], ["pin", store.version_names(Home(home))[0]],
    ]  # fmt: skip
    reads = [["sample", "-n", 3], ["query", "select 1"], ["versions"], ["show"], ["score", "emma"], ["compare"]]
    with _read_only(home) as is_read_only:
        if not is_read_only:
            return Told("a home that cannot be written", 0, 0, "run by root, and nothing can be mounted: skipped")
        for words in writes:
            done = command(*words, "--home", home)
            assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), (words, done)
            assert "cannot be written" in done.stderr, done.stderr
        for words in reads:
            assert command(*words, "--home", home).returncode == 0, words
    run_night(home, folder / "second.txt")
    n = len(writes) + len(reads)
    return Told(
        "a home that cannot be written", n, n, f"{len(writes)} commands that write say so; {len(reads)} read on"
    )


def corruption(folder, times, seed=1):
    """Bytes that change in a file of each kind are found by `verify`, told by its name, and nothing is made of them."""
    rng = random.Random(seed)
    home, kept = folder / "home", folder / "kept"
    home.mkdir()
    run_night(home, write_list(folder / "first.txt", 0, size=1500))
    run_night(home, write_list(folder / "second.txt", 2))
    older, version = store.version_names(Home(home))
    shutil.copytree(home, kept)

    def ask(kind):
        for words in DAMAGED[kind][1:]:
            yield _run(*(str(word).format(older=older, version=version) for word in words), "--home", home)

    before = {kind: [asked.stdout for asked in ask(kind)] for kind in DAMAGED}
    rows = _rows(home)
    served, refused, unread = [], 0, 0
    for kind, (place, *_) in DAMAGED.items():
        for _ in range(times):
            at = change_bytes(home / place.format(version=version), rng)
            done = command("verify", "--home", home)
            if kind == "makemore.duckdb" and done.returncode == 0:
                # A block that nothing uses: DuckDB takes the room of what is deleted for what comes next.
                assert _rows(home) == rows, at
                unread += 1
            else:
                assert (done.returncode, kind in done.stdout + done.stderr) == (1, True), (kind, at, done)
            told = list(ask(kind))
            refused += sum(asked.returncode == 1 for asked in told)
            sound = [_is_sound(asked, well, kind) for asked, well in zip(told, before[kind], strict=True)]
            if not all(sound):
                served.append(f"{kind} at byte {at}: {told[sound.index(False)].args[1:-2]}")
            shutil.rmtree(home)
            shutil.copytree(kept, home)
    change_bytes(home / DAMAGED["model.safetensors"][0].format(version=version), rng)
    run_night(home, write_list(folder / "third.txt", 3))
    newest = store.version_names(Home(home))[-1]
    assert registry.read(Home(home)).champion.version == newest
    assert list(Version(Home(home).versions / newest).verify()) == []
    n = times * len(DAMAGED)
    return Told(
        "16 bytes that change in a file", n, n - len(served),
        f"found and named by `makemore verify`: {', '.join(DAMAGED)}; but for {unread} in parts of the database that "
        f"nothing uses. {refused} commands that met them named the file, the others printed what they always do"
        + "".join(f"; SERVED: {told}" for told in served[:5]),
    )  # fmt: skip


def change_bytes(path, rng):
    """The place of 16 bytes of a file that are others now."""
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    at = rng.randrange(len(data) // 4, len(data) - 32)
    data[at : at + 16] = bytes(byte ^ 0xA5 for byte in data[at : at + 16])
    path.write_bytes(data)
    return at


def _rows(home):
    """All rows of the working database's tables."""
    with connect(Home(home).db) as con:
        tables = [table for (table,) in con.execute("select table_name from duckdb_tables()").fetchall()]
        return {table: con.execute(f'select * from "{table}" order by all').fetchall() for table in tables}


def _is_sound(asked, before, kind):
    """Whether a command names the damaged file in a line, or prints what it did before."""
    if asked.returncode:
        return "Traceback" not in asked.stderr and kind in asked.stderr
    return asked.stdout == before


def changing_list(folder, times):
    """A list that is written while it is read is not taken in, and nothing of it is; complete, it comes in."""
    home, growing = folder / "home", folder / "growing.txt"
    home.mkdir()
    run_night(home, write_list(folder / "first.txt", 0, size=300))
    refused = 0
    for _ in range(times):
        before = sources(home)
        growing.write_text("".join(f"{name}\n" for name in NAMES * 20), encoding="utf-8")
        stop = threading.Event()

        def write(stop=stop):
            while not stop.is_set():
                with growing.open("a", encoding="utf-8") as file:
                    file.write(f"{random.choice(NAMES)}\n")
                time.sleep(0.001)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            done = command("ingest", growing, "--home", home)
        finally:
            stop.set()
            writer.join()
        refused += done.returncode == 1 and "changed while it was read" in done.stderr
        check(home, before if done.returncode else {})
        if done.returncode:
            assert sources(home) == before
        growing.write_text("".join(f"{name}\n" for name in NAMES * 20), encoding="utf-8")
        assert command("ingest", growing, "--home", home).returncode == 0
    return Told(
        "a list that changes while it is read", times, times,
        f"{refused} times refused, and nothing of it was kept; complete, it came in each time",
    )  # fmt: skip


def clock_back(folder):
    """An hour back, between two nights: the later version is the newest, and the third night has nothing to do."""
    home = folder / "home"
    home.mkdir()
    lists = [write_list(folder / "first.txt", 0, size=300)]
    run_night(home, *lists)
    lists.append(write_list(folder / "second.txt", 2))
    finish(start("night", "--hours", -1, home, *lists))
    versions = store.version_names(Home(home))
    assert len(versions) == 2
    assert {source["uri"] for source in Version(Home(home).versions / versions[-1]).sources} == {
        str(path) for path in lists
    }
    assert run_night(home, *lists).endswith("done nothing\n")
    check(home, sources(home))
    return Told(
        "a clock that goes back an hour", 1, 1, "the later version is the newest; the next night has nothing to do"
    )


def older_schema(folder):
    """A home of an older makemore is brought up to date; one of an unknown makemore is refused, with the way out."""
    home = folder / "home"
    home.mkdir()
    first = write_list(folder / "first.txt", 0, size=300)
    run_night(home, first)
    before = sources(home)
    with connect(Home(home).db) as con:
        for kind, name in con.execute(
            "select 'view', view_name from duckdb_views() where not internal union all "
            "select 'table', table_name from duckdb_tables() where table_name not in ('sources', 'entries', 'rejects')"
        ).fetchall():
            con.execute(f"drop {kind} {name}")
        con.execute("alter table sources drop column scripts")
        con.execute("create table settings as select 10 as holdout, '[]'::json as built_from")
        con.execute("create table vocab as select 0 as ix, '.' as ch")
    second = write_list(folder / "second.txt", 2)
    run_night(home, first, second)
    check(home, before)
    with connect(Home(home).db) as con:
        assert con.execute("select distinct scripts from sources").fetchall() == [(["Latin"],)]
        con.execute("alter table sources add column colour varchar")
    done = command("ingest", second, "--home", home)
    assert done.returncode == 1
    assert "is of another makemore" in done.stderr
    assert "makemore run LISTS --home FOLDER" in done.stderr
    return Told(
        "a home of another schema",
        2,
        2,
        "an older one is brought up to date; an unknown one is refused, with the command",
    )


def prefects_database(folder):
    """Prefect's own records are damaged, locked, gone, or go: the night says so or goes on, and the home is whole."""
    home, prefect = folder / "home", folder / "prefect"
    home.mkdir()
    environment = {**os.environ, "PREFECT_HOME": str(prefect)}
    assert (
        command("run", ENGLISH, "--home", home, "--models", "bigram", "--samples", 50, env=environment).returncode == 0
    )
    before, records = sources(home), prefect / "prefect.db"
    night = ["run", ENGLISH, "--home", home, "--models", "bigram", "--samples", 50]

    for path in prefect.glob("prefect.db*"):
        path.unlink()
    lost = command(*night, env=environment)
    assert (lost.returncode, "nothing to do" in lost.stdout) == (0, True), lost

    good = records.read_bytes()
    records.write_bytes(os.urandom(20_000))
    damaged = command(*night, env=environment)
    assert (damaged.returncode, str(records) in damaged.stderr) == (1, True), damaged.stderr[-500:]
    records.write_bytes(good)

    holder = sqlite3.connect(records, isolation_level=None)
    holder.execute("begin exclusive")
    locked = command(*night, env=environment)
    assert (locked.returncode, str(records) in locked.stderr) == (1, True), locked.stderr[-500:]
    holder.close()
    check(home, before)

    words = [MAKEMORE, *map(str, night), write_list(folder / "second.txt", 2)]
    running = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    )
    while running.poll() is None and not (home / ".holder.json").exists():
        time.sleep(0.02)
    for path in prefect.glob("prefect.db*"):
        path.unlink()
    _, err = running.communicate(timeout=600)
    assert running.returncode in (0, 1, 4), err[-2000:]
    went = "the night ends well all the same" if running.returncode == 0 else "the night fails"
    check(home, before)
    after = command(*night, folder / "second.txt", env=environment)
    assert after.returncode == 0, after.stderr[-2000:]
    check(home, before)
    assert len(sources(home)) == 2
    return Told(
        "Prefect's own database lost, damaged, locked, or lost meanwhile", 4, 4,
        "lost, it is made anew; damaged or locked, the night says which file in a line; if it is deleted meanwhile "
        f"{went}; the next night is clean",
    )  # fmt: skip
