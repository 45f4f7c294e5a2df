"""The units of examples/systemd: systemd accepts them, and they run existing commands."""

import re
import shlex
import shutil
import subprocess
from configparser import ConfigParser

import pytest

from makemore.cli import app
from tests.conftest import ROOT

UNITS = sorted((ROOT / "examples" / "systemd").iterdir())


def settings(unit):
    """Return the sections of a unit, each a dict of its settings."""
    parser = ConfigParser(interpolation=None, delimiters="=", strict=False)
    parser.optionxform = str
    parser.read_string(unit.read_text())
    return {section: dict(parser[section]) for section in parser.sections()}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_accepts_each_unit(unit, tmp_path):
    """systemd-analyze reports nothing, with a command that exists on this machine."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed: the units of examples/systemd are not checked by it")
    for each in UNITS:
        text = re.sub(r"/\S*/bin/(makemore|curl)\b", "/bin/true", each.read_text())
        (tmp_path / each.name).write_text(text.replace("User=makemore", "User=root"))

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / unit.name], capture_output=True, text=True, check=False
    )

    mine = [line for line in done.stderr.splitlines() if str(tmp_path) in line or unit.name in line]
    assert mine == []


@pytest.mark.parametrize("unit", ["makemore.service", "makemore-serve.service"])
def test_a_unit_runs_an_existing_command(unit):
    """Its options exist too."""
    service = settings(ROOT / "examples" / "systemd" / unit)["Service"]
    program, *words = shlex.split(service["ExecStart"])

    assert program.endswith("/bin/makemore")
    app.parse_args(words, exit_on_error=False)


def test_a_missed_run_is_caught_up_and_a_killed_run_sends_an_alert():
    """The timer is persistent, and OnFailure starts a unit after any failure."""
    timer = settings(ROOT / "examples" / "systemd" / "makemore.timer")["Timer"]
    service = settings(ROOT / "examples" / "systemd" / "makemore.service")

    assert timer["Persistent"] == "true"
    assert service["Unit"]["OnFailure"] == "makemore-failed.service"
    assert service["Service"]["Type"] == "oneshot"
    assert service["Service"]["SuccessExitStatus"] == "4 143"
