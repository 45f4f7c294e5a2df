"""Progress is shown on a terminal, and nowhere else."""

import os
import pty
import subprocess
import sys
from pathlib import Path

MAKEMORE = str(Path(sys.executable).with_name("makemore"))


def test_a_command_shows_its_phase_on_a_terminal_alone(published):
    """On stderr: results on stdout stay as they are."""
    master, terminal = pty.openpty()
    words = [MAKEMORE, "verify", "--home", published]

    shown = subprocess.run(words, stdout=subprocess.PIPE, stderr=terminal, text=True, check=True)
    os.close(terminal)
    on_terminal = os.read(master, 100_000).decode()
    os.close(master)
    piped = subprocess.run(words, capture_output=True, text=True, check=True)

    assert "checking makemore.duckdb" in on_terminal
    assert (piped.stdout, piped.stderr) == (shown.stdout, "")
