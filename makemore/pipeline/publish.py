"""From the built relations to a published version: the steps in order, and the last one."""

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from makemore import models
from makemore.database import connect, first_line
from makemore.errors import MakemoreError, SomeModelsFailed, TrainingFailed
from makemore.home import Home, clear_staging
from makemore.options import TrainOptions
from makemore.pipeline.draft import draft, write_counts, write_dataset
from makemore.pipeline.train import evaluate_model, sample_model, train_model
from makemore.promotion.decide import record_pending
from makemore.promotion.judge import judge
from makemore.reporting import report
from makemore.versions import registry, results, store
from makemore.versions.registry import Promotion
from makemore.versions.version import Version

log = logging.getLogger("makemore")


def write_results(home: Path, draft: Path) -> int:
    """Add the models to the snapshot of a draft; the number of models."""
    return results.write_results(Home(home), Version(draft))


def publish(home: Path, draft: Path) -> Path:
    """Publish a judged draft with its report, then record its decision.

    A run that is killed between the two leaves a published version without a recorded decision. The next run records
    it: `promotion.decide.record_pending`.
    """
    results.write_promotions(Home(home), Version(draft))
    report.write_report(Version(draft))
    version = store.publish(Version(draft))
    registry.record(Home(home), version.read_promotion())
    for model_type in version.model_types:
        for checkpoint in Home(home).checkpoints.glob(f"{model_type}-*.safetensors"):
            checkpoint.unlink()
    log.info("published %s", version.path)
    return version.path


@dataclass(frozen=True)
class VersionSteps:
    """The steps of a version. A flow replaces the functions by Prefect tasks of the same signatures."""

    draft: Callable[[Path, TrainOptions], Path] = draft
    write_counts: Callable[[Path], int] = write_counts
    write_dataset: Callable[[Path], int] = write_dataset
    train_model: Callable[[Path, str], float] = train_model
    evaluate_model: Callable[[Path, str], dict[str, float]] = evaluate_model
    sample_model: Callable[[Path, str], int] = sample_model
    write_results: Callable[[Path, Path], int] = write_results
    judge: Callable[[Path, Path], Promotion] = judge
    publish: Callable[[Path, Path], Path] = publish


def make_version(home: Path, options: TrainOptions, steps: VersionSteps = VersionSteps()) -> Path:
    """Make and publish a version from the built relations. A model that fails is left out.

    Raises:
        SomeModelsFailed: the version is published without the models that failed.
        TrainingFailed: all models failed, and nothing is published.
    """
    record_pending(Home(home))
    clear_staging(Home(home))
    try:
        folder = steps.draft(home, options)
        # Opening a database costs 10 ms. While it is open, the connections of the steps in this process share it.
        with connect(Version(folder).stats, read_only=True):
            steps.write_counts(folder)
            steps.write_dataset(folder)
            reasons = {model_type: _make_model(folder, model_type, steps) for model_type in build_order(options.models)}
        failed = "; ".join(f"{model_type}: {reason}" for model_type, reason in reasons.items() if reason)
        if all(reasons.values()):
            raise TrainingFailed(f"all models failed, nothing is published. {failed}")
        steps.write_results(home, folder)
        steps.judge(home, folder)
        version = steps.publish(home, folder)
        if failed:
            raise SomeModelsFailed(f"published {version} without the models that failed. {failed}", version)
        return version
    finally:
        # A draft that fails or is interrupted: no later run uses it.
        shutil.rmtree(Home(home).staging, ignore_errors=True)


def build_order(model_types: Sequence[str]) -> list[str]:
    """The model types, those that combine others last."""
    return sorted(model_types, key=lambda model_type: issubclass(models.model_class(model_type), models.CombinedModel))


def _make_model(draft: Path, model_type: str, steps: VersionSteps) -> str | None:
    """Train, evaluate and sample one model. If it fails, remove it from the draft and return the reason."""
    try:
        steps.train_model(draft, model_type)
        steps.evaluate_model(draft, model_type)
        steps.sample_model(draft, model_type)
    except Exception as error:
        is_expected = isinstance(error, (MakemoreError, OSError))
        reason = first_line(error) if is_expected else f"{type(error).__name__}: {first_line(error)}"
        reason = reason.removeprefix(f"{model_type}: ")
        log.error("%s failed: %s", model_type, reason, exc_info=not is_expected)
        store.leave_out(Version(draft), model_type, reason)
        return reason
    return None
