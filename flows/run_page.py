"""What a run shows on its page in Prefect: its lists, how far it is, the version and its models."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

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

ROWS = 200
"""Lists that are shown: a page of more is no help."""
FIRST = ("not read", "held back", "taken in", "nothing new")

log = logging.getLogger("makemore")


def lists(outcomes: Iterable[Outcome]) -> None:
    """Show what became of each list, those with a problem first, those that are as before last."""
    ordered = sorted(outcomes, key=lambda outcome: FIRST.index(outcome.told))
    rows = [
        {
            "list": outcome.uri,
            "outcome": outcome.told,
            "names": f"{outcome.ingested.names:,}" if outcome.ingested else "",
            "rejected": f"{outcome.ingested.rejects:,}" if outcome.ingested else "",
            "problem": outcome.problem or "",
        }
        for outcome in ordered
    ]
    more = f", the first {ROWS} of {len(rows):,}" if len(rows) > ROWS else ""
    with _page():
        create_table_artifact(rows[:ROWS], key="lists", description=f"What became of each list{more}.")


def version(folder: Path) -> None:
    """Show a version: the decision on it and where it lies, its models best first, and a link to its report."""
    promotion = Version(folder).read_promotion()
    reasons = "\n".join(f"- {_plain(reason)}" for reason in promotion.reasons)
    home = folder.absolute().parent.parent
    with _page():
        create_markdown_artifact(
            f"## {folder.name}: {promotion.decision}, with {promotion.model_type}\n\n{reasons}\n\n"
            f"It lies in `{folder.absolute()}`.\n\n`makemore show {folder.name} --home {home}` says all of it.",
            key="decision",
            description="Whether the version serves, and why.",
        )
        create_table_artifact(
            _models(Version(folder)), key="models", description="Its models, best first: nll in nats a character."
        )
        create_link_artifact(
            Version(folder).report.absolute().as_uri(),
            link_text=f"report.html of {folder.name}",
            key="report",
            description="Copy the link into a browser on the machine of the version: a click opens no file from here.",
        )


def counted(steps: ModuleType, names: Iterable[str], total: int) -> SimpleNamespace:
    """The same steps, of which each of these, when it ends, moves a bar on the run's page by one of `total`."""
    bar: Any = None
    done = 0
    with _page():
        bar = create_progress_artifact(0.0, key="version", description="Steps of the version.")

    def moving(step: Callable[..., Any]) -> Callable[..., Any]:
        def moved(*arguments: Any) -> Any:
            nonlocal done
            result = step(*arguments)
            done += 1
            if bar is not None:
                with _page():
                    update_progress_artifact(bar, 100 * min(1.0, done / total))
            return result

        return moved

    return SimpleNamespace(**{name: moving(getattr(steps, name)) for name in names})


@contextmanager
def _page() -> Iterator[None]:
    """A block that shows something; if that fails, the night is none the worse."""
    if FlowRunContext.get() is None:
        raise RuntimeError("only a run has a page: outside of one, Prefect would start a server for it.")
    try:
        yield
    except Exception as error:
        log.warning("the run's page lacks something: %s", error)


def _models(version: Version) -> list[dict[str, str]]:
    """Return the rows of the model comparison by heading, as Prefect shows a table."""
    table = columns.comparison(version)
    headings = [column.heading for column in table.columns]
    return [dict(zip(headings, row, strict=True)) for row in table.rows]


def _plain(text: str) -> str:
    """Text as Markdown that shows it as it is."""
    return "".join(f"\\{ch}" if ch in "\\`*_{}[]<>#|!" else ch for ch in text)
