"""Telling somebody that a night went wrong: a POST to a webhook; a notice that cannot be sent is a line in the log."""

from __future__ import annotations

import json
import logging
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal
from urllib.parse import urlsplit

TIMEOUT = 10
"""Seconds that a webhook has to answer."""
BLOCK = "block:"

log = logging.getLogger("makemore")


@dataclass(frozen=True)
class Notice:
    """What is told of a run: its home, the version that it published if it did, how it ended, what wants a look."""

    home: str
    version: str | None
    status: Literal["done", "failed", "crashed"]
    problems: tuple[str, ...]
    flow: str = "nightly"

    @property
    def text(self) -> str:
        """All of it as text."""
        what = f"{self.status}, and published {self.version}" if self.version else self.status
        run = "the night" if self.flow == "nightly" else self.flow
        return "\n".join([f"makemore, home {self.home}: {run} is {what}.", *(f"- {told}" for told in self.problems)])


def addresses(told: str) -> tuple[str, ...]:
    """The addresses of a comma-separated list: http(s) URLs, and block:TYPE/NAME for a block of Prefect's.

    Raises:
        ValueError: one is neither; it is not repeated whole, since it may hold a secret.
    """
    found = tuple(part.strip() for part in told.split(",") if part.strip())
    for address in found:
        named = address.removeprefix(BLOCK).split("/")
        if address.startswith(BLOCK) and len(named) == 2 and all(named):
            continue
        if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
            raise ValueError(f"--notify {masked(address)}: use an http(s) URL, or block:TYPE/NAME.")
    return found


def send(notice: Notice, to: Sequence[str], notify_block: Callable[[str, str], None]) -> None:
    """Send a notice to each address; `notify_block(block, text)` does it for a block, TYPE/NAME."""
    for address in to:
        try:
            if address.startswith(BLOCK):
                notify_block(address.removeprefix(BLOCK), notice.text)
            else:
                _post(address, notice)
        except Exception as error:
            log.error("the notice to %s could not be sent: %s", masked(address), _why(error))
        else:
            log.info("told %s", masked(address))


def masked(address: str) -> str:
    """An address without what may be secret: of a URL, its scheme and host alone."""
    if address.startswith(BLOCK):
        return address
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}/..." if parts.scheme and parts.hostname else "(no URL)"


def _post(url: str, notice: Notice) -> None:
    body = json.dumps(asdict(notice) | {"text": notice.text}, ensure_ascii=False).encode("utf-8")
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        answer.read()


def _why(error: Exception) -> str:
    """What went wrong, without the address, which some messages repeat."""
    match error:
        case urllib.error.HTTPError():
            error.close()
            return f"it answered {error.code}"
        case urllib.error.URLError():
            return str(error.reason)
        case TimeoutError():
            return f"no answer within {TIMEOUT} s"
        case OSError() if error.strerror:
            return error.strerror
    return type(error).__name__
