"""The record of the last run of a home: last_run.json, replaced by one rename at the start and at the end of a run.

The record of a killed run stays `running`, while the home is no longer locked.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self

from makemore.files.atomic import write_json
from makemore.files.checksums import CHECKSUM, checksum_matches, with_checksum
from makemore.home import Home

LAST_RUN = "last_run.json"

Outcome = Literal["running", "published", "nothing to do", "needs attention", "failed"]


@dataclass(frozen=True)
class Quarantined:
    """The URI of a quarantined list, and the reason: a text to follow its name."""

    uri: str
    reason: str


@dataclass(frozen=True)
class RunRecord:
    """What a run did. Times are UTC, as 2026-11-22T02:00:00Z."""

    started_at: str
    outcome: Outcome = "running"
    ended_at: str | None = None
    last_success_at: str | None = None
    """End of the last run that did not fail, possibly this one. A run that needs attention did not fail."""
    version: str | None = None
    """The version that the run published."""
    problems: tuple[str, ...] = ()
    """Problems that need attention; of a failed run its error."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Seconds by step, over all lists or models; and `total`."""
    names: int = 0
    """Names in the lists that the run ingested: the new and changed ones."""
    rejects: int = 0
    """Rejected rows in these lists."""
    quarantined: tuple[Quarantined, ...] = ()
    """All quarantined lists of the home at the end of the run."""

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The record of a JSON object; unknown fields are ignored."""
        known = {name.name: values[name.name] for name in fields(cls)}
        quarantined = tuple(Quarantined(row["uri"], row["reason"]) for row in known["quarantined"])
        return cls(**known | {"problems": tuple(known["problems"]), "quarantined": quarantined})


def read(home: Home) -> RunRecord | None:
    """The record of the last run; None if there is none, or it is damaged."""
    try:
        saved = json.loads((home.path / LAST_RUN).read_text(encoding="utf-8"))
        if CHECKSUM not in saved or not checksum_matches(saved):
            return None
        return RunRecord.from_json(saved)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write(home: Home, record: RunRecord | None) -> None:
    """Replace the record of the last run, or delete it."""
    if record is None:
        (home.path / LAST_RUN).unlink(missing_ok=True)
    else:
        write_json(home.path / LAST_RUN, with_checksum(asdict(record)))
