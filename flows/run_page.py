"""The artifacts on a run's page in Prefect: lists, progress, decision, models, report."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.context import FlowRunContext

from makemore.pipeline.inbox import Outcome
from makemore.reporting import columns
from makemore.versions.version import Version

if TYPE_CHECKING:
    # A run without a new version does not need what it imports.
    from makemore.pipeline.publish import VersionSteps

MAX_ROWS = 200
"""Lists in the table."""
STATUSES = ("failed", "quarantined", "ingested", "unchanged")
"""In the order of the table: problems first."""

log = logging.getLogger("makemore")


def decision(outcomes: Iterable[Outcome], why: str | None) -> None:
    """Show a table of the outcome of each list, if a version is due."""
    if not why:
        return
    rows = [
        {
            "list": outcome.uri,
            "outcome": outcome.status,
            "names": f"{outcome.ingested.names:,}" if outcome.ingested else "",
            "rejected": f"{outcome.ingested.rejects:,}" if outcome.ingested else "",
            "problem": outcome.problem or "",
        }
        for outcome in sorted(outcomes, key=lambda outcome: STATUSES.index(outcome.status))
    ]
    part = f": the first {MAX_ROWS} of {len(rows):,}" if len(rows) > MAX_ROWS else ""
    with _page():
        create_table_artifact(rows[:MAX_ROWS], key="lists", description=f"Lists of this run{part}")


def version(folder: Path) -> None:
    """Show the decision on a version, its models and a link to its report."""
    promotion = Version(folder).read_promotion()
    reasons = "\n".join(f"- {_escaped(reason)}" for reason in promotion.reasons)
    path = folder.absolute()
    with _page():
        create_markdown_artifact(
            f"## {folder.name}: {promotion.decision} (model: {promotion.model_type})\n\n{reasons}\n\n"
            f"Folder: `{path}`\n\nDetails: `makemore show {folder.name} --home {shlex.quote(str(path.parent.parent))}`",
            key="decision",
            description="Decision on the version, with reasons",
        )
        create_table_artifact(
            _models(Version(folder)), key="models", description="Models, best first; nll in nats per character"
        )
        create_link_artifact(
            Version(folder).report.absolute().as_uri(),
            link_text=f"report.html of {folder.name}",
            key="report",
            description="Report. Copy the link: a browser does not open a local file from this page",
        )


def with_progress(steps: VersionSteps, total: int) -> VersionSteps:
    """Return the same steps; each moves a progress bar on the page by one of `total` when it ends."""
    bar: Any = None
    done = 0
    with _page():
        bar = create_progress_artifact(0.0, key="version", description="Progress of the version")

    def counted(step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            nonlocal done
            result = step(*arguments)
            done += 1
            if bar is not None:
                with _page():
                    update_progress_artifact(bar, 100 * min(1.0, done / total))
            return result

        return run

    return replace(steps, **{step.name: counted(getattr(steps, step.name)) for step in fields(steps)})


@contextmanager
def _page() -> Iterator[None]:
    """Log a failure of the block instead of raising it: a run does not fail because of its page."""
    if FlowRunContext.get() is None:
        raise RuntimeError("only a run has a page: outside a run, Prefect would start a server for it")
    try:
        yield
    except Exception as error:
        log.warning("failed to write an artifact to the run page: %s", error)


def _models(version: Version) -> list[dict[str, str]]:
    """Return the rows of the model comparison by heading, as Prefect shows a table."""
    table = columns.comparison(version)
    headings = [column.heading for column in table.columns]
    return [dict(zip(headings, row, strict=True)) for row in table.rows]


def _escaped(text: str) -> str:
    """Return text with Markdown characters escaped."""
    return "".join(f"\\{ch}" if ch in "\\`*_{}[]<>#|!" else ch for ch in text)
