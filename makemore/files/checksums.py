"""SHA-256 of files, and JSON objects that carry their own SHA-256."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHECKSUM = "sha256"
"""Key of an object's own checksum."""
SHA256 = re.compile("[0-9a-f]{64}")


def fingerprint(path: Path) -> dict[str, Any]:
    """SHA-256 and size of a file, as `sha256` and `bytes`."""
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": path.stat().st_size}


def with_checksum(value: Mapping[str, Any]) -> dict[str, Any]:
    """The object with the checksum of its other fields as its last field."""
    rest = {key: item for key, item in value.items() if key != CHECKSUM}
    return rest | {CHECKSUM: _checksum(rest)}


def checksum_matches(value: Mapping[str, Any]) -> bool:
    """Whether an object still has the checksum that it was written with. An object without a checksum matches."""
    if CHECKSUM in value:
        return bool(value[CHECKSUM] == _checksum({key: item for key, item in value.items() if key != CHECKSUM}))
    # A checksum under another key means that a byte of the key changed.
    return not any(isinstance(item, str) and SHA256.fullmatch(item) for item in value.values())


def _checksum(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
