"""Versions on a disk: drafted aside, published by one rename, never changed, checked by their hashes."""

from __future__ import annotations

import hashlib
import json
import math
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from makemore.database import LOOK
from makemore.errors import CorruptVersion
from makemore.files.atomic import sync, written_aside
from makemore.files.checksums import is_whole, sealed
from makemore.home import Home
from makemore.versions import registry

FORMAT = 1
"""Of the layout that docs/reference/file-format.md specifies."""
VERSION = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
MANIFEST = "manifest.json"
PROMOTION = "promotion.json"


def open_draft(home: Home, made_from: dict[str, Any], now: datetime) -> Path:
    """A new folder in staging, with the manifest of what the version is made from.

    The version's name sorts by time and ends in the first six digits of the hash of what it is made from, whatever
    folder that lay in. Where the clock went back it is a second after the newest version's: names say which came last.
    """
    now = max([now, *(_time_of(published) + timedelta(seconds=1) for published in versions(home)[-1:])])
    sources = [{k: v for k, v in source.items() if k != "uri"} for source in made_from.get("sources", [])]
    digest = hashlib.sha256(json.dumps(made_from | {"sources": sources}, sort_keys=True).encode()).hexdigest()[:6]
    version = f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{digest}"
    draft = home.staging / version
    draft.mkdir(parents=True)
    manifest = {"format": FORMAT, "version": version, "created_at": registry.stamp(now), "made_from": made_from}
    write_json(draft / MANIFEST, manifest)
    return draft


def _time_of(version: str) -> datetime:
    """The time that a version's name says."""
    return datetime.strptime(version[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)


def publish(home: Home, draft: Path) -> Path:
    """The published version: the draft with its files' hashes in the manifest, read-only, moved by one rename."""
    files = {file: fingerprint(draft / file) for file in _files(draft)}
    write_json(draft / MANIFEST, sealed(read_manifest(draft) | {"files": files}))
    for path in sorted(draft.rglob("*"), reverse=True):
        if path.is_file():
            path.chmod(0o444)
        sync(path)
    sync(draft)
    home.versions.mkdir(exist_ok=True)
    target = home.versions / draft.name
    draft.rename(target)
    sync(home.versions)
    return target


def leave_out(draft: Path, model_type: str, reason: str) -> None:
    """Have a draft hold nothing of a model type that failed, and its manifest say why."""
    shutil.rmtree(draft / "models" / model_type, ignore_errors=True)
    (draft / "samples" / f"{model_type}.parquet").unlink(missing_ok=True)
    manifest = read_manifest(draft)
    write_json(draft / MANIFEST, sealed(manifest | {"failed": manifest.get("failed", {}) | {model_type: reason}}))


def versions(home: Home) -> list[str]:
    """Names of the published versions, oldest first."""
    return sorted(path.name for path in home.versions.glob("*") if VERSION.fullmatch(path.name))


def find_version(home: Home, version: str | None = None) -> Path:
    """The folder of a version: if none is named that of the champion, or of the newest where none serves.

    Raises:
        FileNotFoundError: there is no such version.
        ValueError: none is named, and the registry is damaged.
    """
    published = versions(home)
    if not published:
        raise FileNotFoundError(f"{home.path} has no version: make one with `makemore run LIST --home {home.path}`.")
    if version is not None and version not in published:
        raise FileNotFoundError(f"{home.path} has no version {version!r}: the newest is {published[-1]}.")
    return home.versions / (version or _champion(home, published) or published[-1])


def _champion(home: Home, published: list[str]) -> str | None:
    """The version that serves, if it is there."""
    champion = registry.read(home).champion
    return champion.version if champion and champion.version in published else None


def verify(folder: Path) -> Iterator[str]:
    """Each way in which a version differs from its manifest, naming the file."""
    try:
        manifest = read_manifest(folder)
        expected, named = dict(manifest["files"]), manifest["version"]
    except (CorruptVersion, KeyError, ValueError) as error:
        yield f"{MANIFEST} is damaged: {error}"
        return
    if named != folder.name:
        yield f"{MANIFEST} is of {named}"
    present = set(_files(folder))
    for file, told in expected.items():
        if file not in present:
            yield f"{file} is missing"
        elif (found := fingerprint(folder / file)) != told:
            yield f"{file} differs: {found['bytes']} bytes {found['sha256'][:12]}, published as " + (
                f"{told['bytes']} bytes {told['sha256'][:12]}"
            )
    for file in sorted(present - expected.keys()):
        yield f"{file} was not published with it"


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a version or a draft.

    Raises:
        CorruptVersion: it is missing, no JSON, or no manifest.
    """
    manifest = read_json(folder / MANIFEST)
    if not {"version", "created_at", "made_from"} <= manifest.keys():
        raise CorruptVersion(f"{folder / MANIFEST} is no manifest: {LOOK}.")
    if not is_whole(manifest):
        raise CorruptVersion(f"{folder / MANIFEST} differs from what was published: {LOOK}.")
    return manifest


def as_published(path: Path) -> Path:
    """The path of a file of a version, whose bytes are those that were published; of other files nothing is known.

    DuckDB and Parquet find most bytes that changed on a disk; nothing in safetensors or JSON does, and a model of
    other weights makes other names.

    Raises:
        CorruptVersion: they are others, or cannot be read.
    """
    version = next((folder for folder in path.parents if _is_version(folder)), None)
    if version is None:
        return path
    told = read_manifest(version).get("files", {}).get(path.relative_to(version).as_posix())
    try:
        is_as_published = fingerprint(path) == told
    except FileNotFoundError:
        is_as_published = False
    except OSError as error:
        raise CorruptVersion(f"{path} cannot be read ({error}): {LOOK}.") from error
    if not is_as_published:
        raise CorruptVersion(f"{path} cannot be used, it is not what was published: {LOOK}.")
    return path


def _is_version(folder: Path) -> bool:
    return folder.parent.name == "versions" and VERSION.fullmatch(folder.name) is not None


def models_in(folder: Path) -> list[str]:
    """Model types that a version or a draft has, in order of their names."""
    return sorted(path.parent.name for path in folder.glob("models/*/config.json"))


def find_model(folder: Path, model_type: str | None = None) -> str:
    """A model type that the version has: the one named, else the one that it serves with, else that of the lowest nll.

    A version that has served keeps the model type that it did with: who has found the champion's folder, and asks for
    its model while another takes its place, gets both of one decision.

    Raises:
        ValueError: the version has no such model.
    """
    if model_type is None:
        home = Home(folder.parent.parent)
        served = registry.read(home).model_of(folder.name) if folder.parent == home.versions else None
        return served or best_model(folder)
    if model_type not in (found := models_in(folder)):
        raise ValueError(f"{folder.name} has no model {model_type!r}: use one of {', '.join(found)}.")
    return model_type


def best_model(folder: Path) -> str:
    """The model type with the lowest nll on dev, or on train where nothing is held out."""
    if not (found := best_first(folder)):
        raise CorruptVersion(f"{folder} has no model: {LOOK}.")
    return found[0]


def best_first(folder: Path) -> list[str]:
    """Model types of a version or a draft, the lowest nll on dev first, or on train where nothing is held out."""

    def nll(model_type: str) -> float:
        nlls = read_metrics(folder, model_type)["nll"]
        return float(nlls.get("dev", nlls.get("train", math.inf)))

    return sorted(models_in(folder), key=nll)


def read_promotion(folder: Path) -> registry.Promotion:
    """The decision on a version or a draft, as it was made when the version was.

    Raises:
        CorruptVersion: it is missing, no JSON, no decision, or not what was published.
    """
    told = read_json(as_published(folder / PROMOTION))
    try:
        return registry.Promotion.of(told)
    except (KeyError, TypeError) as error:
        raise CorruptVersion(f"{folder / PROMOTION} is no decision: {LOOK}.") from error


def read_metrics(folder: Path, model_type: str) -> dict[str, Any]:
    """The metrics of a model of a version or a draft; a figure of a split that is null is read as infinite.

    Raises:
        CorruptVersion: they are missing, no JSON, or not what was published.
    """
    metrics = read_json(as_published(folder / "models" / model_type / "metrics.json"))
    if not {"parameters", "train_seconds"} <= metrics.keys():
        raise CorruptVersion(f"{folder / 'models' / model_type} has no metrics: {LOOK}.")
    return {"nll": {}} | {name: _by_split(value, None, math.inf) for name, value in metrics.items()}


def read_scores(folder: Path, model_type: str) -> pl.DataFrame:
    """Scores of the held-out names, columns as docs/reference/file-format.md says, maybe no row.

    Raises:
        CorruptVersion: it is missing or no table.
    """
    return _read_table(folder / "models" / model_type / "scores.parquet")


def read_counts(folder: Path) -> pl.DataFrame:
    """The bigram counts of a version, over all its names: columns as docs/reference/file-format.md says.

    Raises:
        CorruptVersion: they are missing or no table.
    """
    return _read_table(folder / "counts.parquet")


def write_metrics(folder: Path, model_type: str, metrics: dict[str, Any]) -> None:
    """Write a model's metrics; JSON has no infinity, so an infinite figure of a split is null."""
    told = {name: _by_split(value, math.inf, None) for name, value in metrics.items()}
    write_json(folder / "models" / model_type / "metrics.json", told)


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON object, complete or not at all, the same bytes for the same value."""
    with written_aside(path) as aside:
        aside.write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of a version.

    Raises:
        CorruptVersion: it is missing or no JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(value, dict):
            raise ValueError("it holds no JSON object")
    except (OSError, ValueError) as error:
        raise CorruptVersion(f"{path} cannot be read ({error}): {LOOK}.") from error
    return value


def _read_table(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(as_published(path), glob=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise CorruptVersion(f"{path} cannot be read ({str(error).splitlines()[0]}): {LOOK}.") from error


def _by_split(value: Any, found: float | None, instead: float | None) -> Any:
    """The same value, and of one that is told by split, `instead` wherever it is `found`."""
    if not isinstance(value, dict):
        return value
    return {split: instead if figure == found else figure for split, figure in value.items()}


def _files(folder: Path) -> list[str]:
    """Relative paths of all files of a version but for its manifest."""
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    return sorted(path for path in paths if path != MANIFEST)


def fingerprint(path: Path) -> dict[str, Any]:
    """The hash of a file, and its size."""
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": path.stat().st_size}
