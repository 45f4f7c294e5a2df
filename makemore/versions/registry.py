"""The registry of a home: champion, previous champion, pinned and forgotten versions, and every decision."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, Literal, Self

from makemore.errors import CorruptData, InvalidOption, MakemoreError, NotFound
from makemore.files.atomic import sync, write_json
from makemore.files.checksums import checksum_matches, with_checksum
from makemore.home import Home

REGISTRY = "registry.json"

Decision = Literal["promoted", "refused", "by hand", "rolled back"]


@dataclass(frozen=True)
class Champion:
    """A promoted version, the model type that it was promoted with, and the time (UTC)."""

    version: str
    model_type: str
    since: str


@dataclass(frozen=True)
class Promotion:
    """A decision on a version, with its reasons."""

    version: str
    model_type: str
    at: str
    """UTC, as 2026-11-22T02:00:00Z."""
    decision: Decision
    against: str | None = None
    """The champion at that time."""
    difference: float | None = None
    """nll of the version minus that of the champion on the same names; None without a comparison."""
    difference_low: float | None = None
    """Lower end of its 95 % interval; None for too few names."""
    difference_high: float | None = None
    reasons: tuple[str, ...] = ()

    @property
    def is_promoted(self) -> bool:
        """Whether the version becomes champion."""
        return self.decision != "refused"

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The decision of a JSON object; unknown fields are ignored."""
        known = {name.name: values[name.name] for name in fields(cls)}
        return cls(**known | {"reasons": tuple(known["reasons"])})


@dataclass(frozen=True)
class Registry:
    """Everything about published versions that changes after publication."""

    champion: Champion | None = None
    previous: Champion | None = None
    pinned: tuple[str, ...] = ()
    forgotten: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Versions that contain forgotten data, with the reasons."""
    promotions: tuple[Promotion, ...] = ()
    """Every decision, oldest first."""

    @property
    def protected(self) -> frozenset[str]:
        """Versions that are never deleted: champion, previous champion, pinned versions."""
        return frozenset({champion.version for champion in (self.champion, self.previous) if champion} | {*self.pinned})

    def marks(self, version: str) -> list[str]:
        """Marks of a version: champion, previous champion, pinned, forgotten."""
        marks = {
            "champion": self.champion is not None and self.champion.version == version,
            "previous champion": self.previous is not None and self.previous.version == version,
            "pinned": version in self.pinned,
            "forgotten": version in self.forgotten,
        }
        return [mark for mark, applies in marks.items() if applies]

    def promoted_model(self, version: str) -> str | None:
        """The model type of a version's last promotion; None if it was never promoted."""
        model_types = [promotion.model_type for promotion in self.decisions_on(version) if promotion.is_promoted]
        return model_types[-1] if model_types else None

    def decisions_on(self, version: str) -> list[Promotion]:
        """The decisions on a version, oldest first."""
        return [promotion for promotion in self.promotions if promotion.version == version]

    def with_decision(self, promotion: Promotion) -> Self:
        """The registry after one more decision. A forgotten champion does not become the previous champion."""
        decided = replace(self, promotions=(*self.promotions, promotion))
        if not promotion.is_promoted:
            return decided
        before = self.champion if self.champion and self.champion.version not in self.forgotten else self.previous
        if before and before.version == promotion.version and before is self.previous:
            before = None
        champion = Champion(promotion.version, promotion.model_type, promotion.at)
        return replace(decided, champion=champion, previous=before)


def timestamp(time: datetime | None = None) -> str:
    """A time, by default the current one, as decisions and manifests write it: UTC, 2026-11-22T02:00:00Z."""
    return f"{(time or datetime.now(UTC)).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def read(home: Home) -> Registry:
    """The registry of a home, empty if it does not exist.

    Raises:
        CorruptData: it is damaged.
    """
    path = home.path / REGISTRY
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        if not checksum_matches(saved):
            raise ValueError("checksum mismatch")
        return Registry(
            champion=_champion(saved["champion"]),
            previous=_champion(saved["previous"]),
            pinned=tuple(saved["pinned"]),
            forgotten={version: tuple(reasons) for version, reasons in saved["forgotten"].items()},
            promotions=tuple(Promotion.from_json(promotion) for promotion in saved["promotions"]),
        )
    except FileNotFoundError:
        return Registry()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptData(
            f"{path} is damaged ({type(error).__name__}: {error})",
            "restore it from a backup, or delete it: the next run rebuilds it from the versions, without pins, marks "
            "and manual decisions",
        ) from error


def record(home: Home, promotion: Promotion) -> Registry:
    """Add a decision to the registry."""
    return _write(home, read(home).with_decision(promotion))


def roll_back(home: Home, at: str) -> Promotion:
    """Promote the previous champion again.

    Raises:
        NotFound: there is no previous champion.
    """
    registry = read(home)
    if registry.champion is None or registry.previous is None:
        raise NotFound(f"{home.path} has no previous champion", "run `makemore promote VERSION`")
    target = registry.previous
    promotion = Promotion(target.version, target.model_type, at, "rolled back", against=registry.champion.version)
    _write(home, registry.with_decision(promotion))
    return promotion


def pin(home: Home, version: str) -> Registry:
    """Protect a version from deletion."""
    registry = read(home)
    return _write(home, replace(registry, pinned=tuple(sorted({*registry.pinned, version}))))


def unpin(home: Home, version: str) -> Registry:
    """Undo `pin`.

    Raises:
        InvalidOption: the version is not pinned.
    """
    registry = read(home)
    if version not in registry.pinned:
        raise InvalidOption(f"{version} is not pinned", f"pinned: {', '.join(registry.pinned) or 'none'}")
    return _write(home, replace(registry, pinned=tuple(sorted({*registry.pinned} - {version}))))


def mark_forgotten(home: Home, reasons: Mapping[str, str]) -> Registry:
    """Mark versions that contain forgotten data.

    The champion stays champion until an unmarked version replaces it. A marked previous champion is removed, so that
    no rollback returns to it.
    """
    registry = read(home)
    forgotten = dict(registry.forgotten)
    for version, reason in reasons.items():
        forgotten[version] = tuple(dict.fromkeys((*forgotten.get(version, ()), reason)))
    previous = registry.previous if registry.previous and registry.previous.version not in forgotten else None
    return _write(home, replace(registry, previous=previous, forgotten=forgotten))


def drop(home: Home, versions: Iterable[str]) -> Registry:
    """Remove the marks of versions that are about to be deleted; their decisions stay.

    Raises:
        MakemoreError: a version is protected.
    """
    registry, dropped = read(home), set(versions)
    if protected := sorted(dropped & registry.protected):
        raise MakemoreError(f"{protected[0]} is {' and '.join(registry.marks(protected[0]))} and cannot be deleted")
    forgotten = {version: reasons for version, reasons in registry.forgotten.items() if version not in dropped}
    return _write(home, replace(registry, forgotten=forgotten))


def _champion(saved: Mapping[str, Any] | None) -> Champion | None:
    return None if saved is None else Champion(saved["version"], saved["model_type"], saved["since"])


def _write(home: Home, registry: Registry) -> Registry:
    write_json(home.path / REGISTRY, with_checksum(asdict(registry)))
    sync(home.path)
    return registry
