"""Record decisions: those of unfinished runs, manual promotions and rollbacks. Does not import torch."""

import logging

from makemore.errors import CorruptVersion, InvalidOption, MakemoreError
from makemore.home import Home
from makemore.versions import registry
from makemore.versions.registry import Promotion
from makemore.versions.store import find_version, list_versions
from makemore.versions.version import Version

log = logging.getLogger("makemore")


def record_pending(home: Home) -> list[Promotion]:
    """Record the decisions of runs that ended between publishing and recording.

    A decision against a former champion is obsolete and skipped. Without a registry, all decisions are recorded in
    order; if there are none, the newest version becomes champion.
    """
    known = registry.read(home)
    is_new = not known.promotions
    recorded = []
    for version in list_versions(home):
        if known.decisions_on(version.name) or not version.promotion.exists():
            continue
        try:
            promotion = version.read_promotion()
        except CorruptVersion as error:
            log.warning("no decision on %s recorded: %s", version.name, error)
            continue
        if promotion.is_promoted and version.name in known.forgotten:
            continue
        if is_new or promotion.against == (known.champion.version if known.champion else None):
            known = registry.record(home, promotion)
            recorded.append(promotion)
    if known.champion is None and (published := list_versions(home)):
        try:
            best = published[-1].best_model()
        except CorruptVersion as error:
            log.warning("%s not promoted: %s", published[-1].name, error)
        else:
            reasons = ("newest version without a decision",)
            recorded.append(Promotion(published[-1].name, best, registry.timestamp(), "promoted", reasons=reasons))
            registry.record(home, recorded[-1])
    for promotion in recorded:
        log.warning("recorded the decision of an unfinished run: %s %s", promotion.version, promotion.decision)
    return recorded


def promote(home: Home, version: str, model_type: str | None = None) -> Promotion:
    """Promote a version by hand, with its best model by default.

    Raises:
        NotFound: the version does not exist.
        InvalidOption: it has no such model or is champion already.
        MakemoreError: it is damaged or contains forgotten data.
    """
    record_pending(home)
    found = find_version(home, version)
    _check_promotable(home, found)
    model_type = found.find_model(model_type)
    champion = registry.read(home).champion
    if champion and (champion.version, champion.model_type) == (version, model_type):
        raise InvalidOption(f"{version} is champion already (model: {model_type}), since {champion.since}")
    against = champion.version if champion else None
    promotion = Promotion(version, model_type, registry.timestamp(), "by hand", against=against, reasons=("by hand",))
    registry.record(home, promotion)
    return promotion


def roll_back(home: Home) -> Promotion:
    """Promote the previous champion again. A second rollback undoes the first.

    Raises:
        NotFound: there is no previous champion.
        MakemoreError: it is damaged or contains forgotten data.
    """
    record_pending(home)
    if previous := registry.read(home).previous:
        _check_promotable(home, Version(home.versions / previous.version))
    return registry.roll_back(home, registry.timestamp())


def _check_promotable(home: Home, version: Version) -> None:
    """Raise if a version is damaged or contains forgotten data."""
    hint = "run `makemore versions` to list the others and `makemore promote VERSION` to promote one"
    if reasons := registry.read(home).forgotten.get(version.name):
        raise MakemoreError(f"{version.name} contains forgotten data ({', '.join(reasons)})", hint)
    for problem in version.verify():
        raise CorruptVersion(f"{version.name} is damaged ({problem})", hint)
