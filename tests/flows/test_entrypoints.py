"""The entrypoints of prefect.yaml, which a worker loads by path."""

import os
import subprocess
import sys

import pytest
import yaml

from tests.conftest import ROOT

ENTRYPOINTS = [each["entrypoint"] for each in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]]
LOAD = """
import sys
from prefect.flows import load_flow_from_entrypoint
for entrypoint in sys.argv[1:]:
    print(load_flow_from_entrypoint(entrypoint).name)
"""


@pytest.mark.parametrize("folder", ["checkout", "elsewhere"])
def test_a_worker_loads_the_flows(folder, tmp_path):
    """From the root of the checkout, and from a folder with another package `flows`."""
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "__init__.py").write_text("raise ImportError('another package')")
    paths, cwd = (ENTRYPOINTS, ROOT) if folder == "checkout" else ([str(ROOT / each) for each in ENTRYPOINTS], tmp_path)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PREFECT_HOME": str(tmp_path / "prefect")}

    done = subprocess.run(
        [sys.executable, "-c", LOAD, *paths], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )

    assert done.stdout.split() == [each.rpartition(":")[2] for each in ENTRYPOINTS], done.stderr
