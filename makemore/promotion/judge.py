"""Compare a draft with the champion and write the decision into the draft."""

import logging
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import polars as pl

from makemore.database import connect, query, quoted
from makemore.errors import CorruptVersion, MakemoreError
from makemore.evaluation import scores
from makemore.evaluation.paired import Difference, paired
from makemore.files.atomic import write_json
from makemore.home import Home
from makemore.promotion import rules
from makemore.promotion.rules import BASELINE, Finding, Samples
from makemore.versions import registry, weights
from makemore.versions.registry import Promotion
from makemore.versions.version import Version
from makemore.vocab import Floats

log = logging.getLogger("makemore")


class _Unopposed(MakemoreError):
    """There is no champion to compare a version with."""


def judge(home: Path, folder: Path) -> Promotion:
    """Decide whether a draft becomes champion, and write the decision into it.

    The champion's model scores the held-out names of the draft, which may not have existed when it was published.
    """
    draft = Version(folder)
    champion = registry.read(Home(home)).champion
    model_type = draft.best_model()
    held_out, samples = _held_out(draft, model_type), _samples(draft, model_type)
    own = [*_baseline_findings(draft, model_type, held_out), *rules.failed_findings(list(draft.failed))]
    difference = None
    try:
        difference, findings = _champion_findings(Home(home), held_out, samples)
        is_promoted, reasons = rules.decide([*findings, *own])
    except (_Unopposed, CorruptVersion) as error:
        is_promoted, reasons = rules.decide_unopposed(error.message, own)
    promotion = Promotion(
        draft.name, model_type, registry.timestamp(), "promoted" if is_promoted else "refused",
        against=champion.version if champion else None, reasons=reasons, **_interval(difference),
    )  # fmt: skip
    write_json(draft.promotion, asdict(promotion))
    log.info("%s %s: %s", promotion.decision, model_type, "; ".join(reasons))
    return promotion


def _champion_findings(
    home: Home, held_out: pl.DataFrame, samples: Samples | None
) -> tuple[Difference | None, list[Finding]]:
    """Difference to the champion on the held-out names of a draft, and the findings.

    Raises:
        _Unopposed: there is no champion, or it must be replaced.
        CorruptVersion: it cannot be loaded.
    """
    known = registry.read(home)
    if (champion := known.champion) is None:
        raise _Unopposed("first version in this home")
    version = Version(home.versions / champion.version)
    if not version.path.exists():
        raise _Unopposed(f"the champion {champion.version} was deleted")
    if champion.version in known.forgotten:
        raise _Unopposed(f"the champion {champion.version} contains forgotten data")
    for problem in version.verify():
        raise _Unopposed(f"the champion {champion.version} is damaged: {problem}")
    model, vocab = weights.load_model(version.model_folder(champion.model_type))
    spelled = held_out.filter(vocab.reject_reasons(held_out["name"]).is_null())
    unseen = spelled.filter(~pl.col("name").is_in(_trained_on(version, spelled["name"]).implode()))
    difference = _paired(unseen, scores.score(model, vocab, unseen)["nats"].to_numpy())
    return difference, rules.champion_findings(
        difference,
        champion.model_type,
        {
            "a character is not in the champion's vocab": len(held_out) - len(spelled),
            "in the champion's train split": len(spelled) - len(unseen),
        },
        len(held_out),
        samples=samples,
        champion_samples=_samples(version, champion.model_type),
    )


def _baseline_findings(draft: Version, model_type: str, held_out: pl.DataFrame) -> list[Finding]:
    difference = None
    if model_type != BASELINE and BASELINE in draft.model_types:
        nats = dict(draft.read_scores(BASELINE).select("name", "nats").iter_rows())
        difference = _paired(held_out, np.array([nats[name] for name in held_out["name"]], dtype=np.float64))
    return rules.baseline_findings(model_type, draft.model_types, difference)


def _held_out(draft: Version, model_type: str) -> pl.DataFrame:
    """Columns name, count, characters, nats of the test names that are not in train; of dev if test is empty."""
    scored = draft.read_scores(model_type)
    split = "test" if "test" in scored["split"] else "dev"
    return scored.filter(pl.col("split") == split, ~pl.col("seen")).select("name", "count", "characters", "nats")


def _paired(names: pl.DataFrame, others: Floats) -> Difference | None:
    nats, characters, counts = (
        names[column].to_numpy().astype(np.float64) for column in ("nats", "characters", "count")
    )
    return paired(nats, others, characters, counts)


def _trained_on(version: Version, names: pl.Series) -> pl.Series:
    """The names that are in the train split of a version."""
    with connect(version.stats, read_only=True) as con:
        con.register("candidates", pl.DataFrame({"name": names}).to_arrow())
        found: pl.DataFrame = con.sql(
            "select name from split_names where split = 'train' and name in (select name from candidates)"
        ).pl()
    return found["name"].cast(pl.String)


def _samples(version: Version, model_type: str) -> Samples | None:
    found = query(
        version.stats,
        f"select n, copy_rate, length_tv from sample_quality where model_type = {quoted(model_type)}",
    )
    return Samples(*found.row(0)) if len(found) else None


def _interval(difference: Difference | None) -> dict[str, float | None]:
    """A difference and its interval as fields of a promotion; infinite ends become None, for JSON."""
    ends = (difference.value, difference.low, difference.high) if difference else (math.inf,) * 3
    names = ("difference", "difference_low", "difference_high")
    return {name: end if math.isfinite(end) else None for name, end in zip(names, ends, strict=True)}
