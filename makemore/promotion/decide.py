"""The steps that say which version serves: what was judged is recorded, a person decides otherwise. Without torch."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from makemore.errors import CorruptVersion
from makemore.home import Home
from makemore.versions import registry
from makemore.versions.registry import Promotion
from makemore.versions.store import find_version, list_versions
from makemore.versions.version import Version

log = logging.getLogger("makemore")


def finish(home: Home) -> list[Promotion]:
    """The decisions that the registry lacked, recorded: those of runs that ended between publishing and recording.

    One that was made beside a champion which does not serve any more says nothing now, and is left alone. In a home
    without a registry all decisions are recorded in their order, and if there are none the newest version is taken
    for the champion: it is what served.
    """
    known = registry.read(home)
    anew = not known.promotions
    recorded = []
    for version in list_versions(home):
        if known.decisions_on(version.name) or not version.promotion.exists():
            continue
        try:
            promotion = version.read_promotion()
        except CorruptVersion as error:
            log.warning("no decision on %s is recorded: %s", version.name, error)
            continue
        if promotion.serves and version.name in known.forgotten:
            continue
        if anew or promotion.against == (known.champion.version if known.champion else None):
            known = registry.record(home, promotion)
            recorded.append(promotion)
    if known.champion is None and (published := list_versions(home)):
        try:
            best = published[-1].best_model()
        except CorruptVersion as error:
            log.warning("%s does not serve: %s", published[-1].name, error)
        else:
            reasons = ("it was the newest before versions were judged",)
            recorded.append(Promotion(published[-1].name, best, _now(), "promoted", reasons=reasons))
            registry.record(home, recorded[-1])
    for promotion in recorded:
        log.warning("recorded that %s was %s, which an unfinished run had left", promotion.version, promotion.decision)
    return recorded


def promote(home: Home, version: str, model_type: str | None = None) -> Promotion:
    """The decision of a person that a version serves, with its best model if none is named, recorded.

    Raises:
        FileNotFoundError: there is no such version.
        ValueError: it serves already, has no such model, is damaged, or was made of what is to be forgotten.
    """
    finish(home)
    found = find_version(home, version)
    _check_fit(home, version)
    model_type = found.find_model(model_type)
    champion = registry.read(home).champion
    if champion and (champion.version, champion.model_type) == (version, model_type):
        raise ValueError(f"{version} serves already, with {model_type}, since {champion.since}.")
    promotion = Promotion(
        version,
        model_type,
        _now(),
        "by hand",
        against=champion.version if champion else None,
        reasons=("by hand",),
    )
    registry.record(home, promotion)
    return promotion


def roll_back(home: Home) -> Promotion:
    """The decision of a person that the previous champion serves again, recorded; once more undoes it.

    Raises:
        ValueError: there is none, it is damaged, or it was made of what is to be forgotten.
    """
    finish(home)
    if previous := registry.read(home).previous:
        _check_fit(home, previous.version)
    return registry.roll_back(home, _now())


def _check_fit(home: Home, version: str) -> None:
    """Nothing, if a version may serve."""
    other = "`makemore versions` lists the others, `makemore promote VERSION` lets one of them serve."
    if reasons := registry.read(home).forgotten.get(version):
        raise ValueError(f"{version} was made of what is to be forgotten ({', '.join(reasons)}): {other}")
    for problem in Version(home.versions / version).verify():
        raise ValueError(f"{version} is not as it was published ({problem}): {other}")


def _now() -> str:
    return registry.stamp(datetime.now(UTC))
