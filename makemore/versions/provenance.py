"""Inputs of a version: lists, options, libraries and commit."""

import platform
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from makemore import __version__
from makemore.options import BuildOptions, TrainOptions, as_config

LIBRARIES = ("duckdb", "numpy", "polars", "safetensors", "torch")


def made_from(
    sources: list[dict[str, Any]], build: BuildOptions, train: TrainOptions, models: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return the inputs that determine a version: two versions with equal inputs differ only in their times."""
    return {
        "sources": [{key: value for key, value in source.items() if key != "ingested_at"} for source in sources],
        "build": as_config(build),
        "train": as_config(train),
        "models": models,
        "libraries": {"makemore": __version__, "python": platform.python_version()}
        | {library: version(library) for library in LIBRARIES if find_spec(library)},
        "git_commit": git_commit(Path(__file__).parents[2]),
    }


def git_commit(checkout: Path) -> str | None:
    """The commit of a checkout, with '+' if tracked files differ from it; None outside a checkout."""
    if not (checkout / ".git").exists():
        return None
    try:
        commit = _git(checkout, "rev-parse", "HEAD")
        return commit + ("+" if _git(checkout, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(checkout: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(checkout), *arguments], capture_output=True, check=True, text=True, timeout=10
    ).stdout.strip()
