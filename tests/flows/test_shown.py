"""What README.md and docs/ show of commands that start Prefect: one is run and prints it, the others are parsed."""

import shlex
import shutil
import subprocess

from makemore.cli import app
from tests.blocks import BLOCKS, STARTS_PREFECT, commands, examples_of, matches, shell


def test_prefect_runs_what_the_docs_show(playground, prefect_home, monkeypatch):
    """Once: it takes a quarter of a minute."""
    told = [told for block in BLOCKS if block.language == "console" for told in commands(block)]
    told = [(command, shown) for command, shown in told if STARTS_PREFECT.search(command)]
    shutil.rmtree(playground / "artifacts")
    monkeypatch.setenv("PREFECT_HOME", str(prefect_home))
    command, shown = max([*told, (examples_of("run")[0], "")], key=lambda told: len(told[1]))

    printed = shell(f"set -e\n{made(command)}\necho it ran\n")

    assert printed.endswith("it ran\n"), printed
    assert matches(shown or "...", printed.removesuffix("it ran\n")), f"{command} shows\n{shown}but prints\n{printed}"
    for other, also_shown in told:
        assert also_shown in ("", shown), f"{other}: the tests start Prefect once. Show the output of one command only."
        app.parse_args(shlex.split(made(other).splitlines()[-1])[1:], exit_on_error=False)


def made(command):
    """What `make run` runs once all is set up, told as make tells it; another command as it is."""
    if not command.startswith("make "):
        return command
    would_do = subprocess.run(["make", "-n", *command.split()[1:]], check=True, capture_output=True, text=True).stdout
    [run] = [line for line in would_do.splitlines() if STARTS_PREFECT.search(line)]
    return f"echo {shlex.quote(run)}\n{run}"
