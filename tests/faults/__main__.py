"""Bring all faults about, and print what became of them as a table: `make reliability`.

`python -m tests.faults [fault...] [--kills N] [--seconds N] [--queries N] [--write]`; --write puts the table into
docs/reliability.md.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from makemore.home import holding
from makemore.lists import expand
from makemore.options import IngestOptions
from makemore.steps import intake
from tests.conftest import ROOT
from tests.faults import crowd, kills, mishaps
from tests.faults.hostile import GOOD, HOSTILE
from tests.faults.processes import Told, sources

PAGE = ROOT / "docs" / "reliability.md"
START, END = "<!-- counts: make reliability -->", "<!-- end of counts -->"


def hostile_files(folder):
    """Each in turn beside a good list; what is refused leaves nothing, and nothing is taken in that was not told."""
    taken = refused = 0
    for number, hostile in enumerate(HOSTILE):
        home, path = folder / f"home-{number}", folder / f"lists-{number}" / hostile.name
        home.mkdir()
        path.parent.mkdir()
        hostile.make(path)
        (good := folder / f"good-{number}.txt").write_text(GOOD, encoding="utf-8")
        with holding(home, "faults"):
            try:
                [uri] = expand([str(path)])
                result = intake.ingest(home, uri, IngestOptions(**hostile.options))
            except (ValueError, OSError) as error:
                told = hostile.refused if hostile.refused in str(error) and sources(home) == {} else ""
                refused += bool(told)
            else:
                taken += (result.names, result.rejects) == (hostile.names, hostile.rejects)
            intake.ingest(home, str(good), IngestOptions())
    return Told(
        "hostile files",
        len(HOSTILE),
        taken + refused,
        f"{refused} refused in a line each, {taken} taken in, line by line",
    )


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=60, help="times that a night is killed")
    parser.add_argument("--every", type=int, default=1, help="changes to a file before which a night is killed")
    parser.add_argument("--seconds", type=float, default=300, help="that two nights and ten readers go on")
    parser.add_argument("--queries", type=int, default=1000, help="of an analyst while nights run")
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    faults = {
        "hostile": hostile_files,
        "kills": lambda folder: kills.random_kills(folder, arguments.kills),
        "steps": lambda folder: kills.step_kills(folder, arguments.every),
        "flow": lambda folder: kills.flow_kills(folder, max(1, arguments.kills // 12)),
        "crowd": lambda folder: crowd.crowd(folder, arguments.seconds),
        "analyst": lambda folder: crowd.analyst(folder, arguments.queries),
        "full": lambda folder: mishaps.disk_full(folder, 10),
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
    lines = ["| fault | tried | survived | |", "|---|---|---|---|"]
    for name in arguments.faults or faults:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            told = faults[name](Path(folder))
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
        lines.append(f"| {told.fault} | {told.tried:,} | {told.survived:,} | {told.notes} |")
    table = "\n".join([f"Counted on {time.strftime('%Y-%m-%d', time.gmtime())}.", "", *lines])
    print(table)
    if arguments.write:
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.partition(START)[0], page.partition(END)[2]
        PAGE.write_text(f"{before}{START}\n\n{table}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
