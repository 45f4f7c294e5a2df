"""The registry of a home: which version serves, which did, which are pinned, and every decision; one file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, Literal

from makemore.files.atomic import sync, write_json
from makemore.files.checksums import is_whole, sealed
from makemore.home import Home

REGISTRY = "registry.json"

Verdict = Literal["promoted", "refused", "by hand", "rolled back"]


@dataclass(frozen=True)
class Serving:
    """A version that serves, the model type that it serves with, and since when (UTC)."""

    version: str
    model_type: str
    since: str


@dataclass(frozen=True)
class Promotion:
    """A decision on a version: whether it serves, beside which one, and why."""

    version: str
    model_type: str
    at: str
    """UTC, as 2026-11-22T02:00:00Z."""
    decision: Verdict
    against: str | None = None
    """The champion that it was compared with, or that served before."""
    difference: float | None = None
    """nll of the version less that of the champion, name by name; None where nothing could be compared."""
    difference_low: float | None = None
    """Lower end of its 95 % interval; None where names are too few to tell one."""
    difference_high: float | None = None
    reasons: tuple[str, ...] = ()

    @property
    def serves(self) -> bool:
        """Whether the version serves from then on."""
        return self.decision != "refused"

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Promotion:
        """The promotion that a JSON object tells; fields that are not known are passed over."""
        known = {name.name: told[name.name] for name in fields(cls)}
        return cls(**known | {"reasons": tuple(known["reasons"])})


@dataclass(frozen=True)
class Registry:
    """All that changes about published versions after they are published."""

    champion: Serving | None = None
    previous: Serving | None = None
    pinned: tuple[str, ...] = ()
    forgotten: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Versions that were made of what is to be forgotten, and of what, each."""
    promotions: tuple[Promotion, ...] = ()
    """Every decision, in their order."""

    @property
    def kept(self) -> frozenset[str]:
        """Versions that are never deleted: the champion, the previous one, and those that are pinned."""
        return frozenset({serving.version for serving in (self.champion, self.previous) if serving} | set(self.pinned))

    def marks(self, version: str) -> list[str]:
        """What the version is, besides published: champion, previous champion, pinned, forgotten."""
        marks = {
            "champion": self.champion is not None and self.champion.version == version,
            "previous champion": self.previous is not None and self.previous.version == version,
            "pinned": version in self.pinned,
            "forgotten": version in self.forgotten,
        }
        return [mark for mark, is_so in marks.items() if is_so]

    def model_of(self, version: str) -> str | None:
        """The model type that a version serves with, or did when it last served; None if it never did."""
        served = [
            promotion.model_type for promotion in self.promotions if promotion.version == version and promotion.serves
        ]
        return served[-1] if served else None

    def decisions_on(self, version: str) -> list[Promotion]:
        """The decisions on a version, in their order."""
        return [promotion for promotion in self.promotions if promotion.version == version]

    def with_decision(self, promotion: Promotion) -> Registry:
        """The same with one decision more, and what follows from it.

        A champion that is marked as forgotten is no previous one: nothing is to go back to it.
        """
        decided = replace(self, promotions=(*self.promotions, promotion))
        if not promotion.serves:
            return decided
        before = self.champion if self.champion and self.champion.version not in self.forgotten else self.previous
        if before and before.version == promotion.version and before is self.previous:
            before = None
        serving = Serving(promotion.version, promotion.model_type, promotion.at)
        return replace(decided, champion=serving, previous=before)


def stamp(now: datetime) -> str:
    """A time as decisions and manifests have it, in UTC."""
    return f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def read(home: Home) -> Registry:
    """The registry of a home; an empty one where there is none yet.

    Raises:
        ValueError: it is damaged.
    """
    path = home.path / REGISTRY
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if not is_whole(told):
            raise ValueError("it is not what was written")
        return Registry(
            champion=_serving(told["champion"]),
            previous=_serving(told["previous"]),
            pinned=tuple(told["pinned"]),
            forgotten={version: tuple(reasons) for version, reasons in told["forgotten"].items()},
            promotions=tuple(Promotion.of(promotion) for promotion in told["promotions"]),
        )
    except FileNotFoundError:
        return Registry()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path} is damaged ({type(error).__name__}: {error}). Restore it from a backup; if there is none, delete "
            "it, and the next run writes it anew from the versions, without pins, marks and what was decided by hand."
        ) from error


def record(home: Home, promotion: Promotion) -> Registry:
    """The registry with one decision more, written."""
    return _write(home, read(home).with_decision(promotion))


def roll_back(home: Home, at: str) -> Promotion:
    """The decision to let the previous champion serve again, in place of the one that does, written.

    Raises:
        ValueError: there is no previous champion.
    """
    registry = read(home)
    if registry.champion is None or registry.previous is None:
        raise ValueError(
            f"{home.path} has no previous champion: say which version is to serve, `makemore promote VERSION`."
        )
    to = registry.previous
    promotion = Promotion(to.version, to.model_type, at, "rolled back", against=registry.champion.version)
    _write(home, registry.with_decision(promotion))
    return promotion


def pin(home: Home, version: str) -> Registry:
    """The registry with a version pinned, so that it is never deleted, written."""
    registry = read(home)
    return _write(home, replace(registry, pinned=tuple(sorted({*registry.pinned, version}))))


def unpin(home: Home, version: str) -> Registry:
    """The registry with a version no longer pinned, written.

    Raises:
        ValueError: it is not pinned.
    """
    registry = read(home)
    if version not in registry.pinned:
        raise ValueError(f"{version} is not pinned: {', '.join(registry.pinned) or 'no version'} is.")
    return _write(home, replace(registry, pinned=tuple(sorted({*registry.pinned} - {version}))))


def mark_forgotten(home: Home, reasons: Mapping[str, str]) -> Registry:
    """The registry with these versions marked as made of what is to be forgotten, and of what, written.

    The champion serves on until a version that is not marked takes its place. A previous champion that is marked is
    one no longer: nothing is to go back to it.
    """
    registry = read(home)
    marked = {version: (*registry.forgotten.get(version, ()), reason) for version, reason in reasons.items()}
    forgotten = {**registry.forgotten, **{version: tuple(dict.fromkeys(told)) for version, told in marked.items()}}
    previous = registry.previous if registry.previous and registry.previous.version not in forgotten else None
    return _write(home, replace(registry, previous=previous, forgotten=forgotten))


def drop(home: Home, versions: Iterable[str]) -> Registry:
    """The registry without the marks of versions that are about to be deleted, written; what was decided stays.

    Raises:
        ValueError: one of them serves, did before, or is pinned.
    """
    registry, dropped = read(home), set(versions)
    if kept := sorted(dropped & registry.kept):
        raise ValueError(f"{kept[0]} is {' and '.join(registry.marks(kept[0]))}: it is not deleted while it is.")
    forgotten = {version: reasons for version, reasons in registry.forgotten.items() if version not in dropped}
    return _write(home, replace(registry, forgotten=forgotten))


def _serving(told: Mapping[str, Any] | None) -> Serving | None:
    return None if told is None else Serving(told["version"], told["model_type"], told["since"])


def _write(home: Home, registry: Registry) -> Registry:
    write_json(home.path / REGISTRY, sealed(asdict(registry)))
    sync(home.path)
    return registry
