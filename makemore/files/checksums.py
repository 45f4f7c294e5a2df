"""A JSON object that carries the hash of all else in it, so that a changed byte is found."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SEAL = "sha256"
DIGEST = re.compile("[0-9a-f]{64}")


def fingerprint(path: Path) -> dict[str, Any]:
    """SHA-256 and size of a file, as `sha256` and `bytes`."""
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": path.stat().st_size}


def sealed(value: Mapping[str, Any]) -> dict[str, Any]:
    """The same object with its hash as its last field."""
    return {key: told for key, told in value.items() if key != SEAL} | {SEAL: _digest(value)}


def is_whole(value: Mapping[str, Any]) -> bool:
    """Whether an object is as it was when it was sealed; one that never was is taken as it is."""
    if SEAL in value:
        return bool(value[SEAL] == _digest(value))
    # A hash under another name: the byte that changed is one of the name's.
    return not any(isinstance(told, str) and DIGEST.fullmatch(told) for told in value.values())


def _digest(value: Mapping[str, Any]) -> str:
    rest = {key: told for key, told in value.items() if key != SEAL}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
