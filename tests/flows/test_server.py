"""The Prefect server and worker of `makemore serve`, as real processes: deployments, start and stop."""

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

from makemore.errors import InvalidOption, MakemoreError
from makemore.flows import SETTINGS, server
from tests.conftest import ENGLISH, ROOT


@pytest.fixture
def port():
    """A free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def processes_of(text):
    """Commands of the processes with this text in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in (folder / "environ").read_bytes() and folder.name != str(os.getpid()):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def test_serve_starts_and_stops_a_server_and_a_worker(prefect_home, port, tmp_path):
    """One signal stops both, with exit code 0 and no process left; the deployments are on the server."""
    from makemore.flows import deployments

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
    first_line = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=60)

    assert first_line.startswith(f"serving on http://127.0.0.1:{port}: nightly runs at '30 1 * * *'"), stderr
    assert process.returncode == 0, stderr
    assert "stopped by SIGTERM" in stderr
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
    assert automations == [(deployments.AUTOMATION,)]
    assert (deployments.POOL, "process") in pools


def test_a_port_in_use_is_an_error(monkeypatch):
    """Before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as used:
        monkeypatch.setenv("PREFECT_SERVER_API_PORT", str(used.getsockname()[1]))
        with pytest.raises(MakemoreError, match="is in use, possibly by another Prefect server"):
            server.serve({}, "0 2 * * *", "UTC")


@pytest.mark.parametrize("port", ["http", "-1", "0", "65536", ""])
def test_an_invalid_port_is_an_error(monkeypatch, port):
    """Of the environment, before anything is started."""
    monkeypatch.setenv("PREFECT_SERVER_API_PORT", port)
    with pytest.raises(InvalidOption, match="PREFECT_SERVER_API_PORT"):
        server.serve({}, "0 2 * * *", "UTC")


def test_the_end_of_a_process_is_an_error():
    """With its exit code."""
    with subprocess.Popen(["sleep", "60"]) as running, subprocess.Popen([sys.executable, "-c", "exit(7)"]) as ended:
        with pytest.raises(MakemoreError, match="the worker ended with exit code 7"):
            server._watch(running, ended)
        running.kill()


def test_serve_checks_its_options_before_it_starts(makemore):
    """Usage errors, without the secret of an address."""
    assert "no list given" in makemore("serve").stderr
    assert "unknown --timezone Mars/Olympus" in makemore("serve", ENGLISH, "--timezone", "Mars/Olympus").stderr
    refused = makemore("serve", ENGLISH, "--notify", "https:///secret")
    assert refused.returncode == 2
    assert "secret" not in refused.stderr


def test_the_automation_knows_all_final_states(prefect_server):
    """Also the names of our own states; saved twice, it exists once."""
    from prefect.automations import Automation

    from makemore.flows import deployments
    from makemore.flows.alerts import NEEDS_ATTENTION
    from makemore.flows.nightly import NOTHING_TO_DO

    deployments.save_automation()
    deployments.save_automation()

    trigger = Automation.read(name=deployments.AUTOMATION).trigger
    assert {f"prefect.flow-run.{name}" for name in (NOTHING_TO_DO, NEEDS_ATTENTION, "Completed")} <= trigger.expect
    assert trigger.within.total_seconds() >= 3 * int(SETTINGS["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"])


def test_a_checkout_has_the_settings_of_the_flows():
    """`prefect server start` and `prefect worker start` in a checkout use the settings of `makemore serve`."""
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["prefect"]

    def flat(settings, prefix=""):
        for name, value in settings.items():
            if isinstance(value, dict):
                yield from flat(value, f"{prefix}{name}_")
            else:
                yield f"PREFECT_{prefix}{name}".upper(), str(value).lower() if isinstance(value, bool) else str(value)

    same = {name: value for name, value in SETTINGS.items() if name.startswith("PREFECT_")}
    assert dict(flat(configured)) == same


def test_prefect_yaml_deploys_what_serve_deploys():
    """Existing flows and parameters, with the same pool, names and limit."""
    import importlib

    from makemore.flows import deployments

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
