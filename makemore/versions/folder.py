"""Layout of a version on disk: the path of each of its files."""

import re
from dataclasses import dataclass
from pathlib import Path

from makemore.home import Home

VERSION_NAME = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class VersionFolder:
    """Folder of a published version or of a draft in staging."""

    path: Path

    @property
    def name(self) -> str:
        """Folder name: UTC time, then six hex digits of the hash of the inputs."""
        return self.path.name

    @property
    def home(self) -> Home:
        """The home that the version lies in."""
        return Home(self.path.parent.parent)

    @property
    def is_published(self) -> bool:
        """Whether the folder is a published version, by its place and name."""
        return self.path.parent.name == "versions" and VERSION_NAME.fullmatch(self.name) is not None

    @property
    def stats(self) -> Path:
        """Snapshot of the relations, for analysts."""
        return self.path / "stats.duckdb"

    @property
    def counts(self) -> Path:
        """Bigram counts of all names."""
        return self.path / "counts.parquet"

    @property
    def dataset(self) -> Path:
        """xs and ys."""
        return self.path / "dataset.safetensors"

    @property
    def promotion(self) -> Path:
        """The decision that the run made on the version."""
        return self.path / "promotion.json"

    @property
    def report(self) -> Path:
        """The report page."""
        return self.path / "report.html"

    @property
    def card(self) -> Path:
        """The model card."""
        return self.path / "README.md"

    def model_folder(self, model_type: str) -> Path:
        """Folder of a model: config.json, model.safetensors, metrics.json, scores.parquet."""
        return self.path / "models" / model_type

    def scores(self, model_type: str) -> Path:
        """Scores of the held-out names under a model."""
        return self.model_folder(model_type) / "scores.parquet"

    def samples(self, model_type: str) -> Path:
        """Names sampled from a model."""
        return self.path / "samples" / f"{model_type}.parquet"
