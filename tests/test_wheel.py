"""The wheel: its content, and an installation that runs outside the checkout."""

import os
import subprocess
import sys
from zipfile import ZipFile

from tests.conftest import ROOT

COMMANDS = """
import sys
from pathlib import Path
import makemore
from makemore.cli.app import app
from makemore.flows.nightly import nightly
assert Path(makemore.__file__).is_relative_to(sys.argv[1]), makemore.__file__
for words in (
    ["ingest", "names.txt"],
    ["build", "--holdout", "0"],
    ["train", "--models", "bigram", "--samples", "5"],
    ["sample", "-n", "3", "-o", "sampled.txt"],
    ["query", "select count(*) as names from names", "--format", "csv"],
    ["verify"],
):
    app(words, result_action="return_value")
print(nightly.name)
"""


def pip(*words):
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *map(str, words)], check=True)


def test_the_wheel_contains_one_package(wheel):
    """Only `makemore`, with the files of the linked folders flows/ and sql/, templates and type marker."""
    with ZipFile(wheel) as archive:
        files = set(archive.namelist())

    assert {file.split("/")[0].partition("-")[0] for file in files} == {"makemore"}
    tracked = [*ROOT.glob("flows/*.py"), *ROOT.glob("sql/**/*.sql")]
    assert {f"makemore/{path.relative_to(ROOT).as_posix()}" for path in tracked} <= files
    assert {"makemore/py.typed", "makemore/reporting/templates/report.html"} <= files


def test_the_wheel_runs_outside_the_checkout(wheel, tmp_path):
    """In a folder with another package `flows`: the pipeline, the flows and the console script."""
    site, folder = tmp_path / "site", tmp_path / "folder"
    pip("install", "--no-deps", "--no-index", "--target", site, wheel)
    (folder / "flows").mkdir(parents=True)
    (folder / "flows" / "__init__.py").write_text("raise ImportError('another package')")
    (folder / "names.txt").write_text("emma\nolivia\nava\n")
    environment = os.environ | {"PYTHONPATH": str(site), "MAKEMORE_HOME": "home", "PREFECT_HOME": str(tmp_path)}

    def run(*command):
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    printed = run(sys.executable, "-c", COMMANDS, site)

    assert "names\n3\n" in printed
    assert "registry.json: ok" in printed
    assert printed.endswith("nightly\n")
    assert len((folder / "sampled.txt").read_text().splitlines()) == 3
    assert run(site / "bin" / "makemore", "--version") == "0.1.0\n"
