"""All that a night does, in order: lists in; if anything is new, a version out; what is old goes; what wants a look."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from makemore.database import first_line
from makemore.errors import NeedsAttention
from makemore.home import Home, clear_staging
from makemore.options import BuildOptions, IngestOptions, TrainOptions
from makemore.pipeline.due import settle, why_due
from makemore.pipeline.inbox import ingest_lists
from makemore.versions import registry

log = logging.getLogger("makemore")


@dataclass(frozen=True)
class Night:
    """What a night came to: the version that it published, if one was due, and what a person is to look at."""

    version: Path | None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What a night is to do: the lists to take in, how, what to make of them, and how many versions to keep."""

    lists: list[str]
    read: IngestOptions = IngestOptions()
    build: BuildOptions = BuildOptions()
    train: TrainOptions = TrainOptions()
    keep: int = 30

    def __post_init__(self) -> None:
        if self.keep < 1:
            raise ValueError(f"--keep {self.keep}: use 1 or more.")


def night(home: Path, plan: Plan, steps: Any) -> Night:
    """What a night came to. Only for who holds the home.

    `steps` has what costs as its attributes: `ingest`, `make_version` and `prune`, and `show_lists` and `show_version`
    for what a page shows meanwhile. Nothing of torch is needed before `make_version`.

    Raises:
        ValueError: the home has no list, and none that is named can be read; no model was made; a law is broken.
    """
    clear_staging(Home(home))
    outcomes = list(ingest_lists(home, plan.lists, plan.read, steps.ingest))
    problems = [outcome.problem for outcome in outcomes if outcome.problem]
    settle(home)
    try:
        why = why_due(home, plan.build, plan.train)
    except FileNotFoundError as error:
        raise ValueError(" ".join(problems)) if problems else error from None
    version = None
    if why:
        log.info("a version is due: %s", why)
        steps.show_lists(outcomes)
        try:
            version, failed = _make(home, plan, steps)
        except Exception:
            # A disk that is full stays so until what is old has gone.
            _prune(home, plan, steps)
            raise
        problems += failed
    problems += _prune(home, plan, steps)
    for problem in problems:
        log.warning("to look at: %s", problem)
    return Night(version, tuple(problems))


def _make(home: Path, plan: Plan, steps: Any) -> tuple[Path, list[str]]:
    """The version that was published, and what went wrong with it."""
    problems = []
    try:
        version: Path = steps.make_version(home, plan.build, plan.train)
    except NeedsAttention as error:
        if error.version is None:
            raise
        version = error.version
        problems.append(first_line(error))
    steps.show_version(version)
    known = registry.read(Home(home))
    for decision in known.decisions_on(version.name)[-1:]:
        if not decision.is_promoted:
            serves = known.champion.version if known.champion else "no version"
            problems.append(f"{version.name} does not serve: {'; '.join(decision.reasons)}. {serves} does.")
    return version, problems


def _prune(home: Path, plan: Plan, steps: Any) -> list[str]:
    """What went wrong when old versions were deleted, and what killed runs left."""
    try:
        steps.prune(home, plan.keep)
    except (ValueError, OSError) as error:
        return [f"what is old or left over could not be deleted: {first_line(error)}"]
    return []
