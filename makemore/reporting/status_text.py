"""Terminal text of the state of a home: one screen."""

from datetime import UTC, datetime

from makemore.reporting.status import ChampionStatus, Status

UNITS = (("day", 24 * 3600), ("hour", 3600), ("minute", 60))
"""Units of an age, and their seconds."""


def describe_status(status: Status, now: datetime) -> str:
    """Return the lines of a home, and those of what needs attention below."""
    run, n = status.last_run, len(status.versions)
    facts = {
        "last run": _last_run(status, now) if run else "none recorded",
        "last success": _time(run.last_success_at, now) if run and run.last_success_at else "none recorded",
        "champion": _champion(status.champion, now) if status.champion else "none",
        "newest": _newest(status),
        "quarantined": f"{_count(len(status.quarantined), 'list')}" if status.quarantined else "none",
        "home": f"{status.home}, {_count(n, 'version')}, {status.bytes / 1e6:,.1f} MB",
    }
    if status.locked_by:
        facts["locked by"] = status.locked_by
    lines = [f"{fact:13} {text}" for fact, text in facts.items()]
    if status.needs_attention:
        lines += ["", "needs attention:", *(f"- {problem}" for problem in status.needs_attention)]
    return "\n".join(lines)


def _last_run(status: Status, now: datetime) -> str:
    run = status.last_run
    assert run is not None
    outcome = f"published {run.version}" if run.outcome == "published" else status.outcome
    if run.outcome == "needs attention" and run.version:
        outcome = f"published {run.version}, needs attention"
    if run.ended_at is None:
        return f"{outcome}, started {_time(run.started_at, now)}"
    return f"{outcome}, ended {_time(run.ended_at, now)} after {run.seconds['total']:,.1f} s"


def _champion(champion: ChampionStatus, now: datetime) -> str:
    splits = champion.nll.get(champion.model_type, {})
    split = "test" if "test" in splits else "train"
    nll = f", nll {splits[split]:.4f} ({split})" if split in splits else ""
    return f"{champion.version} (model: {champion.model_type}){nll}, since {_time(champion.since, now)}"


def _newest(status: Status) -> str:
    if not status.versions:
        return "none"
    return f"{status.versions[-1]}, {status.newest.decision if status.newest else 'no decision'}"


def _time(time: str, now: datetime) -> str:
    """Return a time as 2026-11-22 02:00 UTC (9 hours ago)."""
    then = datetime.fromisoformat(time).astimezone(UTC)
    return f"{then:%Y-%m-%d %H:%M} UTC ({_age((now - then).total_seconds())} ago)"


def _age(seconds: float) -> str:
    for unit, length in UNITS:
        if seconds >= length:
            return _count(int(seconds // length), unit)
    return _count(max(0, int(seconds)), "second")


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' * (n != 1)}"
