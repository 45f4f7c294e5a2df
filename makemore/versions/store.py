"""The versions of a home: drafts in staging, published atomically, then read-only."""

import hashlib
import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import Any

from makemore.errors import NotFound
from makemore.files.atomic import sync
from makemore.files.checksums import fingerprint, with_checksum
from makemore.home import Home
from makemore.versions import registry
from makemore.versions.folder import VERSION_NAME
from makemore.versions.version import Version

FORMAT = 1
"""Version of the layout that docs/reference/file-format.md specifies."""


def create_draft(home: Home, made_from: dict[str, Any], now: datetime) -> Version:
    """A new folder in staging with a manifest of the inputs.

    The name sorts by time and ends in six hex digits of the hash of the inputs, without the folder of the lists. If the
    clock went back, the name is one second after that of the newest version: names keep their order.
    """
    now = max([now, *(_time_of(name) + timedelta(seconds=1) for name in version_names(home)[-1:])])
    sources = [{k: v for k, v in source.items() if k != "uri"} for source in made_from.get("sources", [])]
    digest = hashlib.sha256(json.dumps(made_from | {"sources": sources}, sort_keys=True).encode()).hexdigest()[:6]
    name = f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{digest}"
    draft = Version(home.staging / name)
    draft.path.mkdir(parents=True)
    draft.write_manifest(
        {"format": FORMAT, "version": name, "created_at": registry.timestamp(now), "made_from": made_from}
    )
    return draft


def leave_out(draft: Version, model_type: str, reason: str) -> None:
    """Delete a failed model from a draft and record the reason in its manifest."""
    shutil.rmtree(draft.model_folder(model_type), ignore_errors=True)
    draft.samples(model_type).unlink(missing_ok=True)
    draft.write_manifest(with_checksum(draft.manifest | {"failed": draft.failed | {model_type: reason}}))


def publish(draft: Version) -> Version:
    """Record the hashes of a draft's files in its manifest, make it read-only and publish it atomically."""
    hashes = {file: fingerprint(draft.path / file) for file in draft.files}
    draft.write_manifest(with_checksum(draft.manifest | {"files": hashes}))
    for path in sorted(draft.path.rglob("*"), reverse=True):
        if path.is_file():
            path.chmod(0o444)
        sync(path)
    sync(draft.path)
    versions = draft.home.versions
    versions.mkdir(exist_ok=True)
    draft.path.rename(versions / draft.name)
    sync(versions)
    return Version(versions / draft.name)


def version_names(home: Home) -> list[str]:
    """Names of the published versions, oldest first."""
    return sorted(path.name for path in home.versions.glob("*") if VERSION_NAME.fullmatch(path.name))


def list_versions(home: Home) -> list[Version]:
    """The published versions, oldest first."""
    return [Version(home.versions / name) for name in version_names(home)]


def find_version(home: Home, name: str | None = None) -> Version:
    """The version of that name; without a name the champion, or the newest version if there is no champion.

    Raises:
        NotFound: the version does not exist.
        CorruptData: no name is given and the registry is damaged.
    """
    names = version_names(home)
    if not names:
        raise NotFound(f"{home.path} has no version", f"run `makemore run LIST --home {home.path}`")
    if name is not None and name not in names:
        raise NotFound(f"{home.path} has no version {name!r}", f"the newest is {names[-1]}")
    if name is None:
        champion = registry.read(home).champion
        name = champion.version if champion and champion.version in names else names[-1]
    return Version(home.versions / name)


def _time_of(name: str) -> datetime:
    return datetime.strptime(name[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
