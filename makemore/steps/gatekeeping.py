"""The steps that decide which version serves: a draft is judged beside the champion; a person can say otherwise."""

from __future__ import annotations

import logging
import math
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from makemore import artifacts, gate, registry, scores, weights
from makemore.database import connect, query, quoted
from makemore.gate import Difference, Finding
from makemore.home import Home
from makemore.registry import Promotion

BASELINE = "ngram"
"""The model type that any other one must not be worse than: interpolated Kneser-Ney, which costs next to nothing."""

log = logging.getLogger("makemore")


class Unopposed(ValueError):
    """There is no champion that a version could be held against."""


def judge(home: Path, draft: Path) -> Promotion:
    """The decision on a draft that lacks nothing else, written into it: whether its best model serves, and why.

    The champion's model is asked about the draft's own held-out names, anew: tonight's may not have been there when
    it was made. `makemore.gate` has the rules, docs/decisions/0010-gate.md the reasons.
    """
    serving = registry.read(Home(home)).champion
    model_type = artifacts.best_model(draft)
    own = [*_beside_baseline(draft, model_type), *_failed(draft)]
    asked = _held_out(draft, model_type)
    samples = _samples(draft, model_type)
    difference = None
    try:
        difference, findings = _beside_champion(Home(home), asked, samples)
        promoted, reasons = gate.decide([*findings, *own])
    except (Unopposed, artifacts.NotAsPublished) as error:
        promoted, reasons = gate.decide([Finding(str(error)), *(replace(finding, refuses=False) for finding in own)])
    promotion = Promotion(
        draft.name, model_type, _now(), "promoted" if promoted else "refused",
        against=serving.version if serving else None, reasons=reasons, **_told(difference),
    )  # fmt: skip
    artifacts.write_json(draft / artifacts.PROMOTION, asdict(promotion))
    log.info("%s %s: %s", model_type, promotion.decision, "; ".join(reasons))
    return promotion


def finish(home: Home) -> list[Promotion]:
    """The decisions that the registry lacked, recorded: those of runs that ended between publishing and recording.

    One that was made beside a champion which does not serve any more says nothing now, and is left alone. In a home
    without a registry all decisions are recorded in their order, and if there are none the newest version is taken
    for the champion: it is what served.
    """
    known = registry.read(home)
    anew = not known.promotions
    recorded = []
    for version in artifacts.versions(home):
        if known.decisions_on(version) or not (home.versions / version / artifacts.PROMOTION).exists():
            continue
        try:
            promotion = artifacts.read_promotion(home.versions / version)
        except artifacts.NotAsPublished as error:
            log.warning("no decision on %s is recorded: %s", version, error)
            continue
        if promotion.serves and version in known.forgotten:
            continue
        if anew or promotion.against == (known.champion.version if known.champion else None):
            known = registry.record(home, promotion)
            recorded.append(promotion)
    if known.champion is None and (published := artifacts.versions(home)):
        try:
            best = artifacts.best_model(home.versions / published[-1])
        except artifacts.NotAsPublished as error:
            log.warning("%s does not serve: %s", published[-1], error)
        else:
            reasons = ("it was the newest before versions were judged",)
            recorded.append(Promotion(published[-1], best, _now(), "promoted", reasons=reasons))
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
    folder = artifacts.find_version(home, version)
    _check_fit(home, version)
    model_type = artifacts.find_model(folder, model_type)
    champion = registry.read(home).champion
    if champion and (champion.version, champion.model_type) == (version, model_type):
        raise ValueError(f"{version} serves already, with {model_type}, since {champion.since}.")
    promotion = Promotion(
        version, model_type, _now(), "by hand", against=champion.version if champion else None, reasons=("by hand",)
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
    for problem in artifacts.verify(home.versions / version):
        raise ValueError(f"{version} is not as it was published ({problem}): {other}")


def _beside_champion(
    home: Home, asked: pl.DataFrame, samples: gate.Samples | None
) -> tuple[Difference | None, list[Finding]]:
    """What a draft of these held-out names and samples is beside the champion.

    Raises:
        Unopposed: there is no champion, or none that may go on.
        NotAsPublished: it cannot be loaded.
    """
    known = registry.read(home)
    if (champion := known.champion) is None:
        raise Unopposed("nothing served before")
    folder = home.versions / champion.version
    if not folder.exists():
        raise Unopposed(f"the champion {champion.version} is not there any more")
    if champion.version in known.forgotten:
        raise Unopposed(f"the champion {champion.version} was made of what is to be forgotten")
    for problem in artifacts.verify(folder):
        raise Unopposed(f"the champion {champion.version} is damaged: {problem}")
    model, vocab = weights.load_model(folder / "models" / champion.model_type)
    spelled = asked.filter(vocab.troubles(asked["name"]).is_null())
    unseen = spelled.filter(~pl.col("name").is_in(_trained_on(folder, spelled["name"]).implode()))
    nats = scores.score(model, vocab, unseen)["nats"].to_numpy()
    difference = _paired(unseen, nats)
    left_out = {
        "have a character that the champion does not know": len(asked) - len(spelled),
        "are in the champion's train": len(spelled) - len(unseen),
    }
    told = [Finding(f"{n:,} of {len(asked):,} held-out names {why}: left out") for why, n in left_out.items() if n]
    return difference, [
        gate.nll_finding(difference, f"the champion's {champion.model_type}"),
        *told,
        *gate.sample_findings(samples, _samples(folder, champion.model_type), difference),
    ]


def _beside_baseline(draft: Path, model_type: str) -> list[Finding]:
    """What a draft's best model is beside its own n-grams; nothing if it is them."""
    if model_type == BASELINE:
        return []
    if BASELINE not in artifacts.models_in(draft):
        return [Finding(f"the version has no {BASELINE} to compare {model_type} with")]
    nats = dict(artifacts.read_scores(draft, BASELINE).select("name", "nats").iter_rows())
    asked = _held_out(draft, model_type)
    others = np.array([nats[name] for name in asked["name"]], dtype=np.float64)
    return [gate.nll_finding(_paired(asked, others), f"its own {BASELINE}")]


def _failed(draft: Path) -> list[Finding]:
    """That a version lacks models which failed."""
    failed = artifacts.read_manifest(draft).get("failed", {})
    return [Finding(f"without {', '.join(failed)}, which failed")] if failed else []


def _held_out(draft: Path, model_type: str) -> pl.DataFrame:
    """Columns name, count, characters, nats of a draft's test names that train has not; of dev, if test is empty."""
    found = artifacts.read_scores(draft, model_type)
    split = "test" if "test" in found["split"] else "dev"
    return found.filter(pl.col("split") == split, ~pl.col("seen")).select("name", "count", "characters", "nats")


def _paired(asked: pl.DataFrame, others: gate.Numbers) -> Difference | None:
    nats, characters, counts = (
        asked[column].to_numpy().astype(np.float64) for column in ("nats", "characters", "count")
    )
    return gate.paired(nats, others, characters, counts)


def _trained_on(folder: Path, names: pl.Series) -> pl.Series:
    """Those of the names that a version's train has."""
    with connect(folder / "stats.duckdb", read_only=True) as con:
        con.register("asked", pl.DataFrame({"name": names}).to_arrow())
        found: pl.DataFrame = con.sql(
            "select name from split_names where split = 'train' and name in (select name from asked)"
        ).pl()
    return found["name"].cast(pl.String)


def _samples(folder: Path, model_type: str) -> gate.Samples | None:
    """What the samples of a model are like, as its version's snapshot has it."""
    found = query(
        folder / "stats.duckdb",
        f"select n, copy_rate, length_tv from sample_quality where model_type = {quoted(model_type)}",
    )
    return gate.Samples(*found.row(0)) if len(found) else None


def _told(difference: Difference | None) -> dict[str, float | None]:
    """A difference and the ends of its interval as a promotion has them; JSON has no infinity."""
    ends = (difference.value, difference.low, difference.high) if difference else (math.inf,) * 3
    names = ("difference", "difference_low", "difference_high")
    return {name: end if math.isfinite(end) else None for name, end in zip(names, ends, strict=True)}


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
