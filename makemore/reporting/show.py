"""Terminal text of one version in detail: lists, options, models, decisions."""

from typing import Any

from makemore.reporting.text import comparison
from makemore.versions.registry import Promotion, Registry
from makemore.versions.version import Version


def describe_version(version: Version, registry: Registry) -> str:
    """Return inputs, options and models of a version, and each decision on it with its reasons."""
    made_from = version.made_from
    libraries = ", ".join(f"{name} {release}" for name, release in made_from.get("libraries", {}).items())
    decisions = [line for promotion in registry.decisions_on(version.name) for line in _decision(promotion)]
    sections = {
        "lists": [
            f"  {source['uri']}: {source['names']:,} names, {source['rejects']:,} rejected, "
            f"sha256 {source['sha256'][:12]}"
            for source in version.sources
        ],
        "options": [
            *(f"  {part}: {_options(made_from.get(part, {}))}" for part in ("build", "train")),
            *(f"  {model_type}: {_options(settings)}" for model_type, settings in made_from.get("models", {}).items()),
        ],
        "models": [comparison(version)],
        "decisions": [
            *(decisions or ["  none"]),
            *(f"  forgotten: {reason}" for reason in registry.forgotten.get(version.name, ())),
        ],
    }
    head = f"{version.name}  {', '.join(registry.marks(version.name)) or 'published'}\n"
    head += f"created at {version.manifest['created_at']} with {libraries}"
    return "\n\n".join([head, *("\n".join([section, *lines]) for section, lines in sections.items())])


def _decision(promotion: Promotion) -> list[str]:
    line = f"  {promotion.at}  {promotion.decision} (model: {promotion.model_type})"
    if promotion.against:
        line += f", compared with {promotion.against}"
    if promotion.difference is not None:
        line += f": Δ nll {promotion.difference:+.4f}"
    if promotion.difference_low is not None and promotion.difference_high is not None:
        line += f" ({promotion.difference_low:+.4f} to {promotion.difference_high:+.4f})"
    return [line, *(f"    {reason}" for reason in promotion.reasons)]


def _options(options: dict[str, Any]) -> str:
    texts = {name: ",".join(value) if isinstance(value, list) else value for name, value in options.items()}
    return ", ".join(f"{name} {text}" for name, text in texts.items() if text not in ("", None)) or "none"
