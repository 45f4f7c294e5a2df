"""Bring all faults about, and print what became of them as a table: `make reliability`.

`python -m tests.faults [fault...] [--kills N] [--every N] [--seconds N] [--queries N] [--write]`; --write puts the
table into docs/project/reliability.md. One that a home does not survive is told by its error, and the exit code is 1.
"""

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.conftest import ROOT
from tests.faults import crowd, kills, mishaps, taking

PAGE = ROOT / "docs" / "project" / "reliability.md"
START, END = "<!-- counts: make reliability -->", "<!-- end of counts -->"


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=60, help="times that a night is killed")
    parser.add_argument("--every", type=int, default=2, help="kill before one of so many changes to files")
    parser.add_argument("--seconds", type=float, default=300, help="that two nights and ten readers go on")
    parser.add_argument("--queries", type=int, default=1000, help="of an analyst while nights run")
    parser.add_argument("--write", action="store_true", help="put the table into docs/project/reliability.md")
    faults = {
        "hostile": taking.hostile_lists,
        "inbox": taking.hostile_inbox,
        "kills": lambda folder: kills.random_kills(folder, arguments.kills),
        "first": lambda folder: kills.first_kills(folder, max(1, arguments.kills // 12)),
        "steps": lambda folder: kills.step_kills(folder, arguments.every),
        "flow": lambda folder: kills.flow_kills(folder, max(1, arguments.kills // 12)),
        "crowd": lambda folder: crowd.crowd(folder, arguments.seconds),
        "runs": crowd.two_runs,
        "analyst": lambda folder: crowd.analyst(folder, arguments.queries),
        "full": lambda folder: mishaps.disk_full(folder, 10),
        "full_commands": lambda folder: mishaps.full_commands(folder, 5),
        "small": lambda folder: mishaps.small_disk(folder, 20),
        "read_only": mishaps.read_only,
        "corruption": lambda folder: mishaps.corruption(folder, 5),
        "changing": lambda folder: mishaps.changing_list(folder, 10),
        "clock": mishaps.clock_back,
        "schema": mishaps.older_schema,
        "prefect": mishaps.prefects_database,
    }
    parser.add_argument("faults", nargs="*", help=f"{', '.join(faults)}; all if left out")
    arguments = parser.parse_args()
    if unknown := set(arguments.faults) - faults.keys():
        parser.error(f"no fault {sorted(unknown)[0]!r}: use one of {', '.join(faults)}.")
    lines, failed = ["| fault | tried | survived | |", "|---|---|---|---|"], []
    for name in arguments.faults or faults:
        started = time.monotonic()
        try:
            with tempfile.TemporaryDirectory() as folder:
                told = faults[name](Path(folder))
        except Exception:
            traceback.print_exc()
            failed.append(name)
            continue
        print(f"{name}: {time.monotonic() - started:.0f} s, {told.survived} of {told.tried}", file=sys.stderr)
        lines.append(f"| {told.fault} | {told.tried:,} | {told.survived:,} | {told.notes} |")
        failed += [name] * (told.survived < told.tried)
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
