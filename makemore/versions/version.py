"""One version on disk, published or a draft in staging: its paths, its manifest and checked reads.

A read of a published version compares the file's sha256 with the manifest, because neither safetensors nor JSON
detects a changed byte. A draft has no hashes yet, so its files are read unchecked.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from makemore.errors import VERIFY_HINT, CorruptVersion, InvalidOption
from makemore.files.atomic import write_json
from makemore.files.checksums import checksum_matches, fingerprint
from makemore.versions import registry
from makemore.versions.folder import MANIFEST, VersionFolder
from makemore.versions.registry import Promotion

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Version(VersionFolder):
    """A published version or a draft. The manifest is read once for each object.

    Reads raise CorruptVersion for a file that is missing, invalid or has a checksum mismatch.
    """

    @property
    def files(self) -> list[str]:
        """Relative paths of all files except the manifest, sorted."""
        paths = (path.relative_to(self.path).as_posix() for path in self.path.rglob("*") if not path.is_dir())
        return sorted(path for path in paths if path != MANIFEST)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest."""
        path = self.path / MANIFEST
        manifest = read_json(path)
        is_complete = {"version", "created_at", "made_from"} <= manifest.keys()
        if not is_complete or not isinstance(manifest.get("files", {}), dict):
            raise _corrupt(path, "not a manifest")
        if not checksum_matches(manifest):
            raise _corrupt(path, "checksum mismatch")
        return manifest

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Write the manifest of a draft."""
        write_json(self.path / MANIFEST, manifest)
        vars(self).pop("manifest", None)

    @property
    def made_from(self) -> dict[str, Any]:
        """Inputs of the version: sources, options, models, libraries, commit."""
        return dict(self.manifest["made_from"])

    @property
    def sources(self) -> list[dict[str, Any]]:
        """The lists that the version was made from."""
        return list(self.made_from.get("sources", []))

    @property
    def failed(self) -> dict[str, str]:
        """Model types that failed, with the reason."""
        return dict(self.manifest.get("failed", {}))

    @property
    def model_types(self) -> list[str]:
        """Model types of the version, sorted by name."""
        return sorted(path.parent.name for path in self.path.glob("models/*/config.json"))

    def best_model(self) -> str:
        """The model type with the lowest dev nll; the lowest train nll if nothing is held out."""

        def nll(model_type: str) -> float:
            nlls = self.read_metrics(model_type)["nll"]
            return float(nlls.get("dev", nlls.get("train", math.inf)))

        if not (model_types := self.model_types):
            raise _corrupt(self.path, "no model found")
        return min(model_types, key=nll)

    def find_model(self, model_type: str | None = None) -> str:
        """The given model type; else the one that the version was promoted with; else the best one.

        A former champion keeps its model type: a reader that found the champion's folder gets version and model of the
        same decision even if another version is promoted meanwhile.

        Raises:
            InvalidOption: the version has no such model.
        """
        if model_type is None:
            promoted_with = registry.read(self.home).promoted_model(self.name) if self.is_published else None
            return promoted_with or self.best_model()
        if model_type not in (known := self.model_types):
            raise InvalidOption(f"{self.name} has no model {model_type!r}", f"use one of {', '.join(known)}")
        return model_type

    def checked(self, path: Path) -> Path:
        """The same path of a file, after a comparison of its sha256 with the manifest if the version is published."""
        if not self.is_published:
            return path
        published = self.manifest.get("files", {}).get(path.relative_to(self.path).as_posix())
        try:
            matches = fingerprint(path) == published
        except OSError as error:
            raise _corrupt(path, f"cannot be read ({error.strerror})") from error
        if not matches:
            raise _corrupt(path, "checksum mismatch")
        return path

    def read_promotion(self) -> Promotion:
        """The decision that the run made on the version."""
        decision = read_json(self.checked(self.promotion))
        try:
            return Promotion.from_json(decision)
        except (KeyError, TypeError) as error:
            raise _corrupt(self.promotion, "not a decision") from error

    def read_metrics(self, model_type: str) -> dict[str, Any]:
        """Metrics of a model; null figures of a split become infinite."""
        path = self.model_folder(model_type) / "metrics.json"
        metrics = read_json(self.checked(path))
        if not {"parameters", "train_seconds"} <= metrics.keys():
            raise _corrupt(path, "incomplete metrics")
        return {"nll": {}} | {name: _replace(value, None, math.inf) for name, value in metrics.items()}

    def write_metrics(self, model_type: str, metrics: dict[str, Any]) -> None:
        """Write the metrics of a model. JSON has no infinity, so infinite figures of a split become null."""
        finite = {name: _replace(value, math.inf, None) for name, value in metrics.items()}
        write_json(self.model_folder(model_type) / "metrics.json", finite)

    def read_scores(self, model_type: str) -> pl.DataFrame:
        """Scores of the held-out names, with the columns of docs/reference/file-format.md; possibly no rows."""
        return self._read_table(self.scores(model_type))

    def read_counts(self) -> pl.DataFrame:
        """Bigram counts of all names, with the columns of docs/reference/file-format.md."""
        return self._read_table(self.counts)

    def verify(self) -> Iterator[str]:
        """Each difference between the version and its manifest, as a message with the file."""
        try:
            expected, name = self.manifest.get("files", {}), self.manifest["version"]
        except CorruptVersion as error:
            yield f"{MANIFEST} is damaged: {error.message}"
            return
        if name != self.name:
            yield f"{MANIFEST} belongs to {name}"
        present = set(self.files)
        for file, published in expected.items():
            if file not in present:
                yield f"{file} is missing"
            elif (actual := fingerprint(self.path / file)) != published:
                yield f"{file}: checksum mismatch, {_short(actual)}, published {_short(published)}"
        for file in sorted(present - expected.keys()):
            yield f"{file} is not in {MANIFEST}"

    def _read_table(self, path: Path) -> pl.DataFrame:
        import polars as pl

        try:
            return pl.read_parquet(self.checked(path), glob=False)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise _corrupt(path, f"cannot be read ({str(error).splitlines()[0]})") from error


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of a version.

    Raises:
        CorruptVersion: it is missing or not a JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _corrupt(path, f"cannot be read ({error})") from error
    if not isinstance(value, dict):
        raise _corrupt(path, "not a JSON object")
    return value


def _corrupt(path: Path, problem: str) -> CorruptVersion:
    return CorruptVersion(f"{path}: {problem}", VERIFY_HINT)


def _replace(value: Any, old: float | None, new: float | None) -> Any:
    """The same value; in a mapping of figures by split, `new` instead of `old`."""
    if not isinstance(value, dict):
        return value
    return {split: new if figure == old else figure for split, figure in value.items()}


def _short(fingerprint: dict[str, Any]) -> str:
    return f"{fingerprint['bytes']} bytes {fingerprint['sha256'][:12]}"
