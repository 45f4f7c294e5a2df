"""The step that judges a draft beside the champion: whether it is to serve, and why."""

from __future__ import annotations

import logging
import math
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from makemore.database import connect, query, quoted
from makemore.errors import CorruptVersion
from makemore.evaluation import scores
from makemore.evaluation.paired import Difference, paired
from makemore.files.atomic import write_json
from makemore.home import Home
from makemore.promotion import rules
from makemore.promotion.rules import Finding
from makemore.versions import registry, weights
from makemore.versions.registry import Promotion
from makemore.versions.version import Version
from makemore.vocab import Floats

BASELINE = "ngram"
"""The model type that any other one must not be worse than: interpolated Kneser-Ney, which costs next to nothing."""

log = logging.getLogger("makemore")


class Unopposed(ValueError):
    """There is no champion that a version could be held against."""


def judge(home: Path, folder: Path) -> Promotion:
    """The decision on a draft that lacks nothing else, written into it: whether its best model serves, and why.

    The champion's model is asked about the draft's own held-out names, anew: tonight's may not have been there when
    it was made. `makemore.promotion.rules` has the rules, docs/decisions/0010-promotion-rules.md the reasons.
    """
    draft = Version(folder)
    serving = registry.read(Home(home)).champion
    model_type = draft.best_model()
    own = [*_beside_baseline(draft, model_type), *_failed(draft)]
    asked = _held_out(draft, model_type)
    samples = _samples(draft, model_type)
    difference = None
    try:
        difference, findings = _beside_champion(Home(home), asked, samples)
        promoted, reasons = rules.decide([*findings, *own])
    except (Unopposed, CorruptVersion) as error:
        promoted, reasons = rules.decide([Finding(str(error)), *(replace(finding, refuses=False) for finding in own)])
    promotion = Promotion(
        draft.name, model_type, registry.stamp(datetime.now(UTC)), "promoted" if promoted else "refused",
        against=serving.version if serving else None, reasons=reasons, **_told(difference),
    )  # fmt: skip
    write_json(draft.promotion, asdict(promotion))
    log.info("%s %s: %s", model_type, promotion.decision, "; ".join(reasons))
    return promotion


def _beside_champion(
    home: Home, asked: pl.DataFrame, samples: rules.Samples | None
) -> tuple[Difference | None, list[Finding]]:
    """What a draft of these held-out names and samples is beside the champion.

    Raises:
        Unopposed: there is no champion, or none that may go on.
        CorruptVersion: it cannot be loaded.
    """
    known = registry.read(home)
    if (champion := known.champion) is None:
        raise Unopposed("nothing served before")
    version = Version(home.versions / champion.version)
    if not version.path.exists():
        raise Unopposed(f"the champion {champion.version} is not there any more")
    if champion.version in known.forgotten:
        raise Unopposed(f"the champion {champion.version} was made of what is to be forgotten")
    for problem in version.verify():
        raise Unopposed(f"the champion {champion.version} is damaged: {problem}")
    model, vocab = weights.load_model(version.model_folder(champion.model_type))
    spelled = asked.filter(vocab.reject_reasons(asked["name"]).is_null())
    unseen = spelled.filter(~pl.col("name").is_in(_trained_on(version, spelled["name"]).implode()))
    nats = scores.score(model, vocab, unseen)["nats"].to_numpy()
    difference = _paired(unseen, nats)
    left_out = {
        "have a character that the champion does not know": len(asked) - len(spelled),
        "are in the champion's train": len(spelled) - len(unseen),
    }
    told = [Finding(f"{n:,} of {len(asked):,} held-out names {why}: left out") for why, n in left_out.items() if n]
    return difference, [
        rules.nll_finding(difference, f"the champion's {champion.model_type}"),
        *told,
        *rules.sample_findings(samples, _samples(version, champion.model_type), difference),
    ]


def _beside_baseline(draft: Version, model_type: str) -> list[Finding]:
    """What a draft's best model is beside its own n-grams; nothing if it is them."""
    if model_type == BASELINE:
        return []
    if BASELINE not in draft.model_types:
        return [Finding(f"the version has no {BASELINE} to compare {model_type} with")]
    nats = dict(draft.read_scores(BASELINE).select("name", "nats").iter_rows())
    asked = _held_out(draft, model_type)
    others = np.array([nats[name] for name in asked["name"]], dtype=np.float64)
    return [rules.nll_finding(_paired(asked, others), f"its own {BASELINE}")]


def _failed(draft: Version) -> list[Finding]:
    """That a version lacks models which failed."""
    return [Finding(f"without {', '.join(draft.failed)}, which failed")] if draft.failed else []


def _held_out(draft: Version, model_type: str) -> pl.DataFrame:
    """Columns name, count, characters, nats of a draft's test names that train has not; of dev, if test is empty."""
    found = draft.read_scores(model_type)
    split = "test" if "test" in found["split"] else "dev"
    return found.filter(pl.col("split") == split, ~pl.col("seen")).select("name", "count", "characters", "nats")


def _paired(asked: pl.DataFrame, others: Floats) -> Difference | None:
    nats, characters, counts = (
        asked[column].to_numpy().astype(np.float64) for column in ("nats", "characters", "count")
    )
    return paired(nats, others, characters, counts)


def _trained_on(version: Version, names: pl.Series) -> pl.Series:
    """Those of the names that a version's train has."""
    with connect(version.stats, read_only=True) as con:
        con.register("asked", pl.DataFrame({"name": names}).to_arrow())
        found: pl.DataFrame = con.sql(
            "select name from split_names where split = 'train' and name in (select name from asked)"
        ).pl()
    return found["name"].cast(pl.String)


def _samples(version: Version, model_type: str) -> rules.Samples | None:
    """What the samples of a model are like, as its version's snapshot has it."""
    found = query(
        version.stats,
        f"select n, copy_rate, length_tv from sample_quality where model_type = {quoted(model_type)}",
    )
    return rules.Samples(*found.row(0)) if len(found) else None


def _told(difference: Difference | None) -> dict[str, float | None]:
    """A difference and the ends of its interval as a promotion has them; JSON has no infinity."""
    ends = (difference.value, difference.low, difference.high) if difference else (math.inf,) * 3
    names = ("difference", "difference_low", "difference_high")
    return {name: end if math.isfinite(end) else None for name, end in zip(names, ends, strict=True)}
