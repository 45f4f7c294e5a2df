"""Alerts to webhooks and Prefect blocks. An alert that cannot be sent is a line in the log."""

import json
import logging
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal
from urllib.parse import urlsplit

from makemore.errors import InvalidOption

WEBHOOK_TIMEOUT = 10
"""Seconds to wait for a webhook's response: a run should not wait longer for an alert."""
BLOCK = "block:"

log = logging.getLogger("makemore")


@dataclass(frozen=True)
class Alert:
    """The result of a run that needs attention."""

    home: str
    version: str | None
    """The version that the run published, if any."""
    status: Literal["completed", "failed", "crashed"]
    problems: tuple[str, ...]
    flow: str = "nightly"

    @property
    def text(self) -> str:
        """The alert as text for people: one line, then a line for each problem."""
        run = "nightly run" if self.flow == "nightly" else self.flow
        published = f" and published {self.version}" if self.version else ""
        n = len(self.problems)
        need = "1 problem needs" if n == 1 else f"{n} problems need"
        head = f"makemore, home {self.home}: {run} {self.status}{published}, {need} attention:"
        return "\n".join([head, *(f"- {problem}" for problem in self.problems)])


def addresses(text: str) -> tuple[str, ...]:
    """Split a comma-separated list of http(s) URLs and Prefect blocks (block:TYPE/NAME).

    Raises:
        InvalidOption: one is neither. The message does not repeat it in full, since it can contain a secret.
    """
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    for address in parts:
        block = address.removeprefix(BLOCK).split("/")
        if address.startswith(BLOCK) and len(block) == 2 and all(block):
            continue
        if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
            raise InvalidOption(f"--notify {masked(address)} is invalid", "use an http(s) URL or block:TYPE/NAME")
    return parts


def send(alert: Alert, to: Sequence[str], notify_block: Callable[[str, str], None]) -> None:
    """Send an alert to each address; `notify_block(TYPE/NAME, text)` sends it to a Prefect block."""
    for address in to:
        try:
            if address.startswith(BLOCK):
                notify_block(address.removeprefix(BLOCK), alert.text)
            else:
                _post(address, alert)
        except Exception as error:
            log.error("failed to send the alert to %s: %s", masked(address), _reason(error))
        else:
            log.info("sent an alert to %s", masked(address))


def masked(address: str) -> str:
    """Return an address without its secret parts: of a URL only scheme and host."""
    if address.startswith(BLOCK):
        return address
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}/..." if parts.scheme and parts.hostname else "(not a URL)"


def _post(url: str, alert: Alert) -> None:
    body = json.dumps(asdict(alert) | {"text": alert.text}, ensure_ascii=False).encode("utf-8")
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=WEBHOOK_TIMEOUT) as response:
        response.read()


def _reason(error: Exception) -> str:
    """Return the reason of a failure without the address, which some messages repeat."""
    match error:
        case urllib.error.HTTPError():
            error.close()
            return f"HTTP status {error.code}"
        case urllib.error.URLError():
            return str(error.reason)
        case TimeoutError():
            return f"no response within {WEBHOOK_TIMEOUT} s"
        case OSError() if error.strerror:
            return error.strerror
    return type(error).__name__
