"""Inject faults and print the results as a table: `make reliability`.

`python -m tests.faults [FAULT...] [--kills N] [--every N] [--seconds N] [--queries N] [--write]`.

`--write` puts the table into docs/project/reliability.md. The exit code is 1 if a fault is not survived.
"""

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.conftest import ROOT
from tests.faults import concurrency, corruption, disk, environment, hostile_lists, kills

PAGE = ROOT / "docs" / "project" / "reliability.md"
START, END = "<!-- counts: make reliability -->", "<!-- end of counts -->"


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=60, help="number of killed runs")
    parser.add_argument("--every", type=int, default=2, help="kill before every Nth file change")
    parser.add_argument("--seconds", type=float, default=300, help="duration of concurrent runs and readers")
    parser.add_argument("--queries", type=int, default=1000, help="number of queries of an analyst during runs")
    parser.add_argument("--write", action="store_true", help="write the table into docs/project/reliability.md")
    faults = {
        "hostile": hostile_lists.ingest_each,
        "inbox": hostile_lists.ingest_inbox,
        "kills": lambda folder: kills.random_kills(folder, arguments.kills),
        "first": lambda folder: kills.first_kills(folder, max(1, arguments.kills // 12)),
        "steps": lambda folder: kills.step_kills(folder, arguments.every),
        "flow": lambda folder: kills.flow_kills(folder, max(1, arguments.kills // 12)),
        "concurrent": lambda folder: concurrency.runs_and_readers(folder, arguments.seconds),
        "commands": concurrency.two_commands,
        "analyst": lambda folder: concurrency.analyst(folder, arguments.queries),
        "full": lambda folder: disk.disk_full(folder, 10),
        "full_commands": lambda folder: disk.full_commands(folder, 5),
        "small": lambda folder: disk.small_disk(folder, 20),
        "read_only": disk.read_only,
        "corruption": lambda folder: corruption.corruption(folder, 5),
        "changing": lambda folder: corruption.changing_list(folder, 10),
        "clock": environment.clock_back,
        "schema": environment.other_schema,
        "prefect": environment.prefect_database,
    }
    parser.add_argument("faults", nargs="*", help=f"{', '.join(faults)}; all by default")
    arguments = parser.parse_args()
    if unknown := set(arguments.faults) - faults.keys():
        parser.error(f"unknown fault {sorted(unknown)[0]!r}. hint: use one of {', '.join(faults)}")
    lines, failed = ["| fault | injected | survived | |", "|---|---:|---:|---|"], []
    for name in arguments.faults or faults:
        started = time.monotonic()
        try:
            with tempfile.TemporaryDirectory() as folder:
                result = faults[name](Path(folder))
        except Exception:
            traceback.print_exc()
            failed.append(name)
            continue
        print(f"{name}: {time.monotonic() - started:.0f} s, {result.survived} of {result.injected}", file=sys.stderr)
        lines.append(f"| {result.fault} | {result.injected:,} | {result.survived:,} | {result.notes} |")
        failed += [name] * (result.survived < result.injected)
    table = "\n".join([f"Counted on {time.strftime('%Y-%m-%d', time.gmtime())}.", "", *lines])
    print(table)
    if arguments.write:
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.partition(START)[0], page.partition(END)[2]
        PAGE.write_text(f"{before}{START}\n\n{table}\n\n{END}{after}", encoding="utf-8")
    if failed:
        sys.exit(f"not survived: {', '.join(failed)}")


if __name__ == "__main__":
    main()
