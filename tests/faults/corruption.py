"""Changed bytes in the files of a home, and lists that change while they are read."""

import random
import shutil
import threading
import time

from makemore.database import connect
from makemore.home import Home
from makemore.versions import registry, store
from tests.faults.processes import (
    NAMES,
    FaultResult,
    check_home,
    command,
    command_unchecked,
    run_to_end,
    sources,
    write_list,
)

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
"""Kinds of files, with the path of one and the commands that read it."""


def corruption(folder, times, seed=1):
    """Change bytes in each kind of file. `verify` names the file, and no command uses the changed bytes."""
    rng = random.Random(seed)
    home, kept = folder / "home", folder / "kept"
    home.mkdir()
    run_to_end(home, write_list(folder / "first.txt", 0, size=1500))
    run_to_end(home, write_list(folder / "second.txt", 2))
    older, version = store.version_names(Home(home))
    shutil.copytree(home, kept)

    def read(kind):
        for words in DAMAGED[kind][1:]:
            yield command_unchecked(*(str(word).format(older=older, version=version) for word in words), "--home", home)

    before = {kind: [done.stdout for done in read(kind)] for kind in DAMAGED}
    rows = _rows(home)
    used, reported, unused = [], 0, 0
    for kind, (path, *_) in DAMAGED.items():
        for _ in range(times):
            at = change_bytes(home / path.format(version=version), rng)
            done = command("verify", "--home", home)
            if kind == "makemore.duckdb" and done.returncode == 0:
                # A free block: DuckDB keeps the space of deleted rows for later ones.
                assert _rows(home) == rows, at
                unused += 1
            else:
                assert (done.returncode, kind in done.stdout + done.stderr) == (1, True), (kind, at, done)
            results = list(read(kind))
            reported += sum(result.returncode == 1 for result in results)
            correct = [_is_correct(result, good, kind) for result, good in zip(results, before[kind], strict=True)]
            if not all(correct):
                used.append(f"{kind} at byte {at}: {results[correct.index(False)].args[1:-2]}")
            shutil.rmtree(home)
            shutil.copytree(kept, home)
    change_bytes(home / DAMAGED["model.safetensors"][0].format(version=version), rng)
    run_to_end(home, write_list(folder / "third.txt", 3))
    newest = store.version_names(Home(home))[-1]
    assert registry.read(Home(home)).champion.version == newest
    assert list(store.find_version(Home(home), newest).verify()) == []
    n = times * len(DAMAGED)
    return FaultResult(
        "16 changed bytes in a file", n, n - len(used),
        f"`makemore verify` names the file: {', '.join(DAMAGED)}. In free blocks of the database, {unused} "
        f"of the changes had no effect and no report. {reported} commands that read a changed file named it; the "
        "others printed the same output as before"
        + "".join(f"; USED: {where}" for where in used[:5]),
    )  # fmt: skip


def change_bytes(path, rng):
    """Change 16 bytes of a file and return their offset."""
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    at = rng.randrange(len(data) // 4, len(data) - 32)
    data[at : at + 16] = bytes(byte ^ 0xA5 for byte in data[at : at + 16])
    path.write_bytes(data)
    return at


def _rows(home):
    """Return all rows of each table of the working database."""
    with connect(Home(home).db) as con:
        tables = [table for (table,) in con.execute("select table_name from duckdb_tables()").fetchall()]
        return {table: con.execute(f'select * from "{table}" order by all').fetchall() for table in tables}


def _is_correct(result, before, kind):
    """Return whether a command names the changed file, or prints the same output as before."""
    if result.returncode:
        return "Traceback" not in result.stderr and kind in result.stderr
    return result.stdout == before


def changing_list(folder, times):
    """Write to a list while it is ingested. It is refused as a whole, and ingested once it is complete."""
    home, growing = folder / "home", folder / "growing.txt"
    home.mkdir()
    run_to_end(home, write_list(folder / "first.txt", 0, size=300))
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
        check_home(home, before if done.returncode else {})
        if done.returncode:
            assert sources(home) == before
        growing.write_text("".join(f"{name}\n" for name in NAMES * 20), encoding="utf-8")
        assert command("ingest", growing, "--home", home).returncode == 0
    return FaultResult(
        "a list that changes during ingest", times, times,
        f"refused {refused} times, and nothing of it stayed in the home; ingested once it was complete",
    )  # fmt: skip
