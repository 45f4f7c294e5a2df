"""The steps from a draft to a published version, and the order of them all."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from makemore import models
from makemore.data import dataset
from makemore.database import connect, first_line
from makemore.errors import SomeModelsFailed, TrainingFailed
from makemore.files import tables
from makemore.home import Home
from makemore.options import TrainOptions
from makemore.pipeline.draft import draft
from makemore.pipeline.train import evaluate_model, sample_model, train_model
from makemore.promotion import decide
from makemore.promotion.judge import judge
from makemore.reporting import report
from makemore.versions import registry, results, store
from makemore.versions.version import Version

__all__ = [
    "SomeModelsFailed",
    "TrainingFailed",
    "draft",
    "evaluate_model",
    "judge",
    "make_version",
    "publish",
    "sample_model",
    "train_model",
    "write_counts",
    "write_dataset",
    "write_results",
]  # fmt: skip

log = logging.getLogger("makemore")


def write_counts(draft: Path) -> int:
    """Number of rows of counts.parquet, written from the draft's snapshot."""
    with connect(Version(draft).stats, read_only=True) as con:
        counts = con.sql("select ix1, ix2, ch1, ch2, count from bigram_counts order by ix1, ix2").pl()
    tables.write_table(counts, Version(draft).counts, "parquet")
    return len(counts)


def write_dataset(draft: Path) -> int:
    """Number of bigrams of dataset.safetensors, written from the draft's snapshot."""
    with connect(Version(draft).stats, read_only=True) as con:
        bigrams = dataset.write_dataset(con, Version(draft).dataset)
    log.info("wrote %s bigrams as xs and ys", f"{bigrams:,}")
    return bigrams


def write_results(home: Path, draft: Path) -> int:
    """Number of models in the draft's snapshot, written there with all that analysts read of them."""
    return results.write_results(Home(home), Version(draft))


def publish(home: Path, draft: Path) -> Path:
    """The published version: the draft, judged and with its report, moved by one rename; then what was judged counts.

    A run that is killed between the two has published a version that does not serve. The decision lies in it, and the
    next run records it (`deciding.finish`).
    """
    results.write_promotions(Home(home), Version(draft))
    report.write_report(Version(draft))
    version = store.publish(Version(draft))
    registry.record(Home(home), version.read_promotion())
    for model_type in version.model_types:
        for saved in Home(home).checkpoints.glob(f"{model_type}-*.safetensors"):
            saved.unlink()
    log.info("published %s", version.path)
    return version.path


def make_version(home: Path, options: TrainOptions, steps: Any = None) -> Path:
    """The version that the built relations and these options give, published.

    `steps` has the steps above as its attributes: this module, or flows.making_tasks, where each of them is a task. A
    model type that fails is left out of the version, and costs the others nothing.

    Raises:
        SomeModelsFailed: a model type failed; the version is published with the others.
        TrainingFailed: all did, and nothing is published.
    """
    steps = steps or sys.modules[__name__]
    decide.finish(Home(home))
    folder = steps.draft(home, options)
    steps.write_counts(folder)
    steps.write_dataset(folder)
    failed = {model_type: _make_model(folder, model_type, steps) for model_type in in_order(options.models)}
    told = " ".join(f"{model_type}: {reason.rstrip('.')}." for model_type, reason in failed.items() if reason)
    if all(failed.values()):
        raise TrainingFailed(f"no model was made, and nothing is published. {told}")
    steps.write_results(home, folder)
    steps.judge(home, folder)
    version: Path = steps.publish(home, folder)
    if told:
        raise SomeModelsFailed(f"published {version}, complete but for the models that failed. {told}", version)
    return version


def in_order(model_types: Sequence[str]) -> list[str]:
    """The same model types, those that mix others last."""
    return sorted(model_types, key=lambda model_type: issubclass(models.model_class(model_type), models.CombinedModel))


def _make_model(draft: Path, model_type: str, steps: Any) -> str | None:
    """Why a model was not made, and is left out of the draft; None if it was made."""
    try:
        steps.train_model(draft, model_type)
        steps.evaluate_model(draft, model_type)
        steps.sample_model(draft, model_type)
    except Exception as error:
        foreseen = isinstance(error, (ValueError, OSError))
        reason = first_line(error) if foreseen else f"{type(error).__name__}: {first_line(error)}"
        reason = reason.removeprefix(f"{model_type}: ")
        log.error("%s failed: %s", model_type, reason, exc_info=not foreseen)
        store.leave_out(Version(draft), model_type, reason)
        return reason
    return None
