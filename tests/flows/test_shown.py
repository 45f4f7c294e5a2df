"""Commands of README.md and docs/ that start Prefect: one runs and prints the shown output, the others are parsed."""

import shlex
import shutil
import subprocess

from makemore.cli import app
from tests.blocks import BLOCKS, STARTS_PREFECT, commands, examples_of, matches, shell


def test_prefect_runs_the_commands_of_the_docs(playground, prefect_home, monkeypatch):
    """Prefect starts once, for the command with the longest output: a start takes a quarter of a minute."""
    pairs = [pair for block in BLOCKS if block.language == "console" for pair in commands(block)]
    pairs = [(command, shown) for command, shown in pairs if STARTS_PREFECT.search(command)]
    shutil.rmtree(playground / "artifacts")
    monkeypatch.setenv("PREFECT_HOME", str(prefect_home))
    command, shown = max([*pairs, (examples_of("run")[0], "")], key=lambda pair: len(pair[1]))

    printed = shell(f"set -e\n{expanded(command)}\necho it ran\n")

    assert printed.endswith("it ran\n"), printed
    assert matches(shown or "...", printed.removesuffix("it ran\n")), f"{command} shows\n{shown}but prints\n{printed}"
    for other, also_shown in pairs:
        assert also_shown in ("", shown), f"{other}: the tests start Prefect once. Show the output of one command only."
        app.parse_args(shlex.split(expanded(other).splitlines()[-1])[1:], exit_on_error=False)


def expanded(command):
    """Return the command that a make target runs after its set-up, with its echo; other commands unchanged."""
    if not command.startswith("make "):
        return command
    recipe = subprocess.run(["make", "-n", *command.split()[1:]], check=True, capture_output=True, text=True).stdout
    [run] = [line for line in recipe.splitlines() if STARTS_PREFECT.search(line)]
    return f"echo {shlex.quote(run)}\n{run}"
