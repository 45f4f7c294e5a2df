"""Install makemore with all extras, and the tools of its developers, into the environment of this Python.

uv installs the packages, or pip if uv cannot be installed or fails. uv does not read pip's configuration, so the
indexes, folders of wheels and constraints that pip would use are passed on. Without an NVIDIA GPU, torch is its CPU
build.

Usage: python install.py [OPTION...], with options of `pip install` that uv has too.
"""

import os
import re
import shutil
import subprocess
import sys
from ast import literal_eval
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CONSTRAINED = ("--constraint", "constraints.txt")
PROJECT = (*CONSTRAINED, "--editable", ".[all,docs,dev]")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
UV_VARIABLES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "constraint": ("UV_CONSTRAINT", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "proxy": ("ALL_PROXY", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
}
"""uv's variable for a setting of pip, and the separator of several values."""
UV_INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")


@dataclass(frozen=True)
class Installer:
    """A command that installs packages, its environment, and its options for torch's CPU build."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    cpu_options: tuple[str, ...]

    def install(self, *words: str) -> bool:
        """Install packages; return whether that succeeded."""
        return subprocess.run([*self.command, "--quiet", *words], env=self.environment, check=False).returncode == 0

    def torch_options(self) -> tuple[str, ...] | None:
        """Return the options that are necessary for torch's CPU build where the machine has no GPU.

        None if the CPU build is not found: the CUDA build takes several GB.
        """
        if not sys.platform.startswith("linux") or has_gpu() or "UV_TORCH_BACKEND" in self.environment:
            return ()
        for options in ((), self.cpu_options):
            command = (*self.command, "--dry-run", "--no-deps", *CONSTRAINED, *options, "torch")
            done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
            if done.returncode == 0 and not plans_cuda(done.stdout + done.stderr):
                return options
        print(done.stderr, end="", file=sys.stderr)
        return None


def plans_cuda(dry_run: str) -> bool:
    """Whether the output of a dry run contains a build of torch that is not the CPU build."""
    builds = re.findall(r"^(?: \+ torch==|Would install .*\btorch-)(\S+)", dry_run, flags=re.MULTILINE)
    return any(not build.endswith("+cpu") for build in builds)


def has_gpu() -> bool:
    """Whether the machine has an NVIDIA GPU with a driver."""
    return shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()


def uv_settings(pip_config: str, environment: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return uv's variables and options for the settings that `pip config list` printed.

    As in pip, an environment variable (:env:) wins over the section install, and that over global. The user's own
    variables of uv win over all of them.
    """
    pip: dict[str, str] = {}
    for section in ("global.", "install.", ":env:."):
        for line in pip_config.splitlines():
            key, _, value = line.partition("=")
            if key.startswith(section):
                pip[key.removeprefix(section).removeprefix("default-")] = literal_eval(value)
    if environment.keys() & set(UV_INDEXES):
        pip = {key: value for key, value in pip.items() if key not in ("index-url", "extra-index-url", "no-index")}
    # pip takes the best version of all indexes, uv that of the first index that has the package.
    variables = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    for setting, (variable, separator) in UV_VARIABLES.items():
        if pip.get(setting):
            variables[variable] = separator.join(pip[setting].split())
    variables |= environment
    # The option --constraint replaces this variable instead of adding to it.
    options = [f"--constraint={file}" for file in variables.pop("UV_CONSTRAINT", "").split()]
    if pip.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        options.append("--no-index")
    return variables, tuple(options)


def pip_installer() -> Installer:
    """Return the installer pip."""
    command = (sys.executable, "-m", "pip", "install", "--disable-pip-version-check")
    return Installer(command, os.environ, ("--extra-index-url", CPU_INDEX))


def uv_installer() -> Installer | None:
    """Return the installer uv, from the PATH or newly installed beside this Python; None if it cannot be installed."""
    pip, uv = pip_installer(), shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    if not Path(uv).exists() and not pip.install("--quiet", *CONSTRAINED, "uv"):
        return None
    config = subprocess.run([*pip.command[:3], "config", "list"], capture_output=True, text=True, check=True).stdout
    environment, options = uv_settings(config, os.environ)
    command = (uv, "pip", "install", "--python", sys.executable, *options)
    return Installer(command, environment, ("--torch-backend", "cpu"))


def main() -> None:
    """Install by uv, or else by pip; exit with a message if both fail."""
    uv, pip, words = uv_installer(), pip_installer(), (*sys.argv[1:], *PROJECT)
    if uv and (options := uv.torch_options()) is not None and uv.install(*options, *words):
        return
    print("uv cannot install makemore: trying pip, which takes longer", file=sys.stderr)
    options = pip.torch_options()
    if options is None:
        sys.exit(
            f"torch's CPU build was not found, also not at {CPU_INDEX}. The CUDA build takes several GB. "
            "hint: set PIP_EXTRA_INDEX_URL or PIP_FIND_LINKS to a place that has the CPU build"
        )
    if not pip.install(*options, *words):
        sys.exit("makemore cannot be installed: pip's errors are above")


if __name__ == "__main__":
    main()
