"""A version told in whole for a terminal: what it is made of, its models, the decisions on it; and two side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from makemore.reporting import diff as differences
from makemore.reporting.text import aligned, comparison
from makemore.versions.registry import Promotion, Registry
from makemore.versions.version import Version


def show(version: Version, registry: Registry) -> str:
    """What a version is made of, its models and their figures, and each decision on it with its reasons."""
    made_from = version.made_from
    marks = registry.marks(version.name)
    libraries = ", ".join(f"{name} {found}" for name, found in made_from.get("libraries", {}).items())
    decisions = [line for promotion in registry.decisions_on(version.name) for line in _decision(promotion)]
    forgotten = [f"  forgotten: {reason}" for reason in registry.forgotten.get(version.name, ())]
    return "\n".join(
        [
            f"{version.name}  {', '.join(marks) or 'published'}",
            f"made at {version.manifest['created_at']} with {libraries}",
            "",
            "lists",
            *(_list(source) for source in made_from.get("sources", [])),
            "",
            "options",
            *(f"  {part}: {_options(made_from.get(part, {}))}" for part in ("build", "train")),
            *(f"  {model_type}: {_options(settings)}" for model_type, settings in made_from.get("models", {}).items()),
            "",
            comparison(version),
            "",
            "decisions",
            *(decisions or ["  none: it was made before versions were judged"]),
            *forgotten,
        ]
    )


def diff(before: Version, after: Version) -> str:
    """How the second version differs from the first."""
    parts = {
        "lists": list(_lists(before, after)),
        "options": [f"  {name}  {old} -> {new}" for name, old, new in differences.of_options(before, after)],
        "models, nll on the names that both held out": list(_models(before, after)),
        "bigrams that moved most, share of all": list(_bigrams(before, after)),
    }
    told = (f"{part}\n" + "\n".join(lines or ["  the same"]) for part, lines in parts.items())
    return "\n\n".join([f"{before.name} -> {after.name}", *told])


def _decision(promotion: Promotion) -> Iterator[str]:
    told = f"  {promotion.at}  {promotion.decision}, with {promotion.model_type}"
    if promotion.against:
        told += f", beside {promotion.against}"
    if promotion.difference is not None:
        told += f": nll {promotion.difference:+.4f}"
    if promotion.difference_low is not None and promotion.difference_high is not None:
        told += f" ({promotion.difference_low:+.4f} to {promotion.difference_high:+.4f})"
    yield told
    yield from (f"    {reason}" for reason in promotion.reasons)


def _list(source: dict[str, Any]) -> str:
    told = f"{source['names']:,} names, {source['rejects']:,} rejected, sha256 {source['sha256'][:12]}"
    return f"  {source['uri']}: {told}"


def _options(options: dict[str, Any]) -> str:
    told = ((name, ",".join(value) if isinstance(value, list) else value) for name, value in options.items())
    return ", ".join(f"{name} {value}" for name, value in told if value not in ("", None)) or "none"


def _lists(before: Version, after: Version) -> Iterator[str]:
    for change in differences.of_lists(before, after):
        names = [f"{names:,}" for names in (change.before, change.after) if names is not None]
        yield f"  {change.change:7}  {change.uri}: {' -> '.join(names)} names"


def _models(before: Version, after: Version) -> Iterator[str]:
    changes = differences.of_models(before, after)
    rows = [["  model_type", "names", "before", "after", "difference"]]
    for change in changes:
        difference = change.difference
        told = [f"{change.before:.4f}", f"{change.after:.4f}", f"{difference.value:+.4f}"]
        told[-1] += f" ({difference.low:+.4f} to {difference.high:+.4f})"
        rows.append([f"  {change.model_type}", f"{difference.names:,}", *told])
    if changes:
        yield from aligned(rows)
    for version, other, side in ((before, after, "before"), (after, before, "after")):
        if only := [model for model in version.model_types if model not in other.model_types]:
            yield f"  only {side}: {', '.join(only)}"
    if not changes:
        yield "  no name that both held out, under a model type that both have"


def _bigrams(before: Version, after: Version) -> Iterator[str]:
    moved = differences.of_bigrams(before, after)
    rows = [
        [f"  {ch1} {ch2}", f"{100 * old:.2f} %", f"{100 * new:.2f} %", f"{100 * (new - old):+.2f}"]
        for ch1, ch2, old, new, _ in moved.iter_rows()
    ]
    if rows:
        lines = aligned([["  bigram", "before", "after", "moved"], *rows])
        examples = ["names", *(", ".join(names) for names in moved["names"].to_list())]
        yield from (f"{line}  {names}".rstrip() for line, names in zip(lines, examples, strict=True))
