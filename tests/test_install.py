"""install.py: pip's configuration as settings of uv, the CPU build of torch, and installing without uv."""

import os
import subprocess
import sys
from importlib import metadata
from zipfile import ZipFile

import pytest

import install
from tests.conftest import ROOT


def pip_config(environment):
    """What `pip config list` prints with only these settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    command = [sys.executable, "-m", "pip", "config", "list"]
    return subprocess.run(command, env=kept | environment, capture_output=True, text=True, check=True).stdout


def test_a_pip_conf_becomes_settings_of_uv(tmp_path):
    """Indexes, folders and constraints of the file; a variable of pip wins over it."""
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nindex-url = https://a/simple\nextra-index-url =\n    https://b/simple\n    https://c/simple\n"
        "find-links = /old\nconstraint = /limits.txt\ncert = /ca.pem\nno-index = true\n[install]\nfind-links = /newer\n"
    )
    config = pip_config({"PIP_CONFIG_FILE": str(file), "PIP_FIND_LINKS": "/one /two", "PIP_DEFAULT_TIMEOUT": "9"})

    variables, options = install.uv_settings(config, {})

    assert variables.items() >= {
        ("UV_DEFAULT_INDEX", "https://a/simple"),
        ("UV_INDEX", "https://b/simple https://c/simple"),
        ("UV_FIND_LINKS", "/one,/two"),
        ("SSL_CERT_FILE", "/ca.pem"),
        ("UV_HTTP_TIMEOUT", "9"),
    }
    assert options == ("--constraint=/limits.txt", "--no-index")


def test_variables_of_uv_win():
    """An index of uv replaces all indexes of pip; other settings of pip still apply."""
    config = "global.index-url='https://a/simple'\nglobal.find-links='/wheels'\nglobal.no-index='1'\n"

    variables, options = install.uv_settings(config, {"UV_INDEX_URL": "https://mine/simple"})

    assert variables["UV_INDEX_URL"] == "https://mine/simple"
    assert "UV_DEFAULT_INDEX" not in variables
    assert variables["UV_FIND_LINKS"] == "/wheels"
    assert options == ()


@pytest.mark.parametrize(
    ("dry_run", "cuda"),
    [
        ("Would install 1 package\n + torch==2.13.0+cpu\n", False),
        ("Would install 1 package\n + torch==2.13.0\n", True),
        (" + torch==2.13.0+cu130\n", True),
        ("Would install filelock-4.2.11 torch-2.13.0\n", True),
        ("Would install torch-2.13.0+cpu\n", False),
        ("Would make no changes\n", False),
    ],
)
def test_the_cpu_build_is_recognised_in_a_dry_run(dry_run, cuda):
    """uv's lines and pip's; without a change, torch is installed already."""
    assert install.plans_cuda(dry_run) is cuda


@pytest.fixture
def bare(tmp_path):
    """The Python of an environment that has only pip, and its variables: no uv, and an empty folder as the index."""
    environment, wheels = tmp_path / "bare", tmp_path / "wheels"
    wheels.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    [site] = environment.glob("lib/python*/site-packages")
    (site / "pip").symlink_to(metadata.distribution("pip").locate_file("pip"))
    settings = {"PATH": "/usr/bin:/bin", "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"}
    return environment / "bin" / "python", settings | {"PIP_FIND_LINKS": str(wheels)}, wheels


@pytest.mark.skipif(not sys.platform.startswith("linux") or install.has_gpu(), reason="torch has one build here")
@pytest.mark.parametrize(("builds", "found"), [(("1.0",), None), (("1.0", "1.0+cpu"), ())])
def test_only_a_cpu_build_is_installed(bare, tmp_path, monkeypatch, builds, found):
    """Without a GPU, a torch without the label +cpu is refused."""
    python, environment, wheels = bare
    for build in builds:
        with ZipFile(wheels / f"torch-{build}-py3-none-any.whl", "w") as wheel:
            info = f"torch-{build}.dist-info"
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {build}\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
    (tmp_path / "constraints.txt").touch()
    monkeypatch.chdir(tmp_path)
    command = (str(python), "-m", "pip", "install")

    assert install.Installer(command, environment, ()).torch_options() == found


def test_without_uv_pip_is_used(bare):
    """Where neither has a package, one line says that pip is tried, and the last one what to do."""
    python, environment, _ = bare

    done = subprocess.run(
        [python, "install.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "trying pip" in done.stderr
    # Only where torch has a CPU build of its own, the advice is about that build.
    assert any(advice in done.stderr.splitlines()[-1] for advice in ("hint: set PIP_EXTRA_INDEX_URL", "pip's errors"))
    assert len(list(python.parent.parent.glob("lib/python*/site-packages/*"))) == 1
