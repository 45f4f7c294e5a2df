"""A standing server and a worker: what they are given to do, and that they come up and stop as one; real processes."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from makemore.flows import SETTINGS, alerts, deployments
from makemore.flows import server as serving
from makemore.flows.nightly import NOTHING
from tests.conftest import ENGLISH, ROOT


@pytest.fixture
def port():
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def processes_of(session):
    """Processes that have this text in their environment or command."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if session.encode() in (folder / "environ").read_bytes() and folder.name != str(os.getpid()):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def test_serve_brings_up_a_server_and_a_worker_and_stops_both(prefect_home, port, tmp_path):
    """By one signal, with 0, and nothing is left; until then the night is planned, one at a time."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MAKEMORE_"))}
    environment |= {"PREFECT_HOME": str(prefect_home), "PREFECT_SERVER_API_PORT": str(port)}
    words = ["serve", str(ENGLISH), "--home", "home", "--cron", "30 1 * * *", "--timezone", "Europe/Berlin"]
    process = subprocess.Popen(
        [sys.executable, "-c", "from makemore.cli import main; main()", *words, "--models", "bigram"],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    told = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    _, complaints = process.communicate(timeout=60)

    assert told == (
        f"Serving on http://127.0.0.1:{port}: the deployment nightly runs at '30 1 * * *', Europe/Berlin. "
        "Ctrl-C stops it.\n"
    ), complaints
    assert process.returncode == 0, complaints
    assert "Stopped by SIGTERM." in complaints
    assert processes_of(f"PREFECT_HOME={prefect_home}") == []
    with sqlite3.connect(prefect_home / "prefect.db") as con:
        found = con.execute(
            "select d.name, d.parameters ->> '$.lists[0]', d.parameters ->> '$.home', s.schedule ->> 'cron', "
            "s.schedule ->> 'timezone', d.concurrency_options ->> 'collision_strategy' "
            "from deployment as d left join deployment_schedule as s on s.deployment_id = d.id order by d.name"
        ).fetchall()
        automations = con.execute("select name from automation").fetchall()
        pools = con.execute("select name, type from work_pool").fetchall()
    home = str(tmp_path / "home")
    assert found == [
        ("generate", None, home, None, None, None),
        ("nightly", str(ENGLISH), home, "30 1 * * *", "Europe/Berlin", "CANCEL_NEW"),
    ]
    assert automations == [(deployments.SILENT,)]
    assert (deployments.POOL, "process") in pools


def test_a_port_that_is_taken_is_told_at_once(monkeypatch):
    """With what to do about it, and nothing is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("PREFECT_SERVER_API_PORT", str(taken.getsockname()[1]))
        with pytest.raises(ValueError, match="is taken, maybe by another Prefect server: stop that, or set another"):
            serving.serve({}, "0 2 * * *", "UTC")


def test_a_process_that_ends_by_itself_ends_the_other():
    """And its exit code is told."""
    with subprocess.Popen(["sleep", "60"]) as server, subprocess.Popen([sys.executable, "-c", "exit(7)"]) as worker:
        with pytest.raises(ValueError, match="the worker ended by itself, with 7"):
            serving._watch(server, worker)
        server.kill()


def test_serve_needs_a_list_a_time_zone_and_addresses(makemore):
    """What is wrong is told before anything starts."""
    assert "no list is named" in makemore("serve").stderr
    assert "no such time zone. Use UTC" in makemore("serve", ENGLISH, "--timezone", "Mars/Olympus").stderr
    refused = makemore("serve", ENGLISH, "--notify", "https:///secret")
    assert refused.returncode == 1
    assert "secret" not in refused.stderr


def test_a_silent_run_is_ended_unless_its_state_says_that_it_ended(prefect_server):
    """The automation knows the names that a night's own states have, and is made once."""
    from prefect.automations import Automation

    deployments.end_the_silent()
    deployments.end_the_silent()

    trigger = Automation.read(name=deployments.SILENT).trigger
    assert {f"prefect.flow-run.{name}" for name in (NOTHING, alerts.LOOK, "Completed")} <= trigger.expect
    assert trigger.within.total_seconds() >= 3 * int(SETTINGS["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"])


def test_the_settings_of_a_checkout_are_those_of_the_flows():
    """`prefect server start` and `prefect worker start` in a checkout do as `makemore serve` does."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["prefect"]

    def flat(settings, prefix=""):
        for name, value in settings.items():
            if isinstance(value, dict):
                yield from flat(value, f"{prefix}{name}_")
            else:
                yield f"PREFECT_{prefix}{name}".upper(), str(value).lower() if isinstance(value, bool) else str(value)

    same = {name: value for name, value in SETTINGS.items() if name.startswith("PREFECT_")}
    assert dict(flat(told)) == same


def test_prefect_yaml_says_what_serve_does():
    """The same pool, names, schedule and limit, of flows that there are, with parameters that they have."""
    import importlib

    page = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    nightly, generate = page["deployments"]

    for deployment in (nightly, generate):
        module, _, name = deployment["entrypoint"].partition(".py:")
        flow = getattr(importlib.import_module(module.replace("/", ".")), name)
        assert deployment["name"] == flow.name
        assert deployment["work_pool"]["name"] == deployments.POOL
        assert set(deployment["parameters"]) <= set(flow.parameters.properties)
    assert nightly["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    assert re.fullmatch(r"\d+ \d+ \* \* \*", nightly["schedules"][0]["cron"])
