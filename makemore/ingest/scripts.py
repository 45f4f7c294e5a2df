"""The scripts of text: Latin, Greek, Cyrillic, ..."""

from collections.abc import Iterable

import polars as pl

SCRIPTS = (
    "Latin", "Greek", "Cyrillic", "Arabic", "Hebrew", "Han", "Hiragana", "Katakana", "Hangul", "Devanagari", "Bengali",
    "Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala", "Thai", "Lao", "Tibetan",
    "Myanmar", "Georgian", "Armenian", "Ethiopic", "Khmer", "Mongolian", "Bopomofo", "Thaana", "Cherokee",
    "Canadian_Aboriginal", "Syriac", "Nko", "Yi", "Tifinagh", "Javanese", "Balinese", "Sundanese", "Cham", "Adlam",
    "Vai", "Lisu", "Osage", "Coptic", "Runic", "Ogham", "Gothic", "Deseret", "Glagolitic",
)  # fmt: skip
"""Unicode scripts of today's names, the most frequent first, and a few historic ones."""
OTHER = "another script"


def scripts_of(characters: Iterable[str]) -> list[str]:
    """Sorted names of the scripts of the letters among these characters."""
    letters = pl.Series("ch", sorted(set(characters)), dtype=pl.String)
    left = letters.filter(letters.str.contains(r"^[\p{L}--\p{Common}--\p{Inherited}]$"))
    scripts = []
    for script in SCRIPTS:
        if not left.is_empty() and (matches := left.str.contains(rf"^\p{{{script}}}$")).any():
            scripts.append(script)
            left = left.filter(~matches)
    return sorted(scripts + [OTHER] * (not left.is_empty()))
