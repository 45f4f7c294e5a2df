"""Which scripts text is written in: Latin, Greek, Cyrillic, ..."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

SCRIPTS = (
    "Latin", "Greek", "Cyrillic", "Arabic", "Hebrew", "Han", "Hiragana", "Katakana", "Hangul", "Devanagari", "Bengali",
    "Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala", "Thai", "Lao", "Tibetan",
    "Myanmar", "Georgian", "Armenian", "Ethiopic", "Khmer", "Mongolian", "Bopomofo", "Thaana", "Cherokee",
    "Canadian_Aboriginal", "Syriac", "Nko", "Yi", "Tifinagh", "Javanese", "Balinese", "Sundanese", "Cham", "Adlam",
    "Vai", "Lisu", "Osage", "Coptic", "Runic", "Ogham", "Gothic", "Deseret", "Glagolitic",
)  # fmt: skip
"""Those of Unicode that names are written in today, the most frequent first, and a few that they were written in."""
OTHER = "another script"


def scripts_of(characters: Iterable[str]) -> list[str]:
    """Names of the scripts that letters among these characters are of, sorted."""
    letters = pl.Series("ch", sorted(set(characters)), dtype=pl.String)
    left = letters.filter(letters.str.contains(r"^[\p{L}--\p{Common}--\p{Inherited}]$"))
    found = []
    for script in SCRIPTS:
        if left.is_empty():
            break
        is_of = left.str.contains(rf"^\p{{{script}}}$")
        if is_of.any():
            found.append(script)
            left = left.filter(~is_of)
    return sorted(found + [OTHER] * (not left.is_empty()))
