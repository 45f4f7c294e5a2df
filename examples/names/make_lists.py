"""Generate the lists of names beside this file from the locale data of Faker (MIT License)."""

import re
import unicodedata
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from faker.providers.address.sk_SK import Provider as SlovakTowns
from faker.providers.person.bg_BG import Provider as Bulgarian
from faker.providers.person.el_GR import Provider as Greek
from faker.providers.person.en import Provider as English
from faker.providers.person.en_GB import Provider as British
from faker.providers.person.en_US import Provider as American
from faker.providers.person.ka_GE import Provider as Georgian

FAKER = "40.54.0"

# Pattern of a valid line. Brackets mark military districts, "Okres" the districts of a city.
SHAPES = {
    "english": r"[a-z]+",
    "bulgarian": r"[А-Я][а-я]+(-[А-Яа-я][а-я]+)*",
    "greek": r"[Α-ΩΆΈΉΊΌΎΏ][α-ωΐάέήίΰϊϋόύώ]+",
    "slovak_towns": r"(?!Okres )[^\W\d_]+(( - | |-)[^\W\d_]+)*",
    "georgian": r"[ა-ჰ]+",
}

# Entries of the right shape that are not names: placeholders, clipped and abbreviated names, misspellings.
NOT_NAMES = {
    *("baby", "babyboy", "infant", "male", "unknown", "unnamed"),
    *("alexande", "chas", "christop", "edw", "geo", "robt", "thos", "wm"),
    *("Ьобирдар", "Βουτσελας", "Κουτσογιάννόπουλος", "Τζαλλας", "Τσιωλξ"),
}


def clean(names: Iterable[str], shape: str) -> list[str]:
    """The distinct names of that shape in NFC, sorted by code point."""
    trimmed = {unicodedata.normalize("NFC", name).strip() for name in names}
    return sorted(name for name in trimmed - NOT_NAMES if len(name) <= 64 and re.fullmatch(shape, name))


def main() -> None:
    """Write every list beside this file."""
    if version("faker") != FAKER:
        raise SystemExit(f"these lists are drawn from Faker {FAKER}, not {version('faker')}")
    sources: dict[str, Iterable[str]] = {
        "english": map(str.lower, [*English.first_names, *American.first_names, *British.first_names]),
        "bulgarian": Bulgarian.first_names,
        "greek": Greek.last_names,
        "slovak_towns": SlovakTowns.cities,
        "georgian": Georgian.last_names,
    }
    for stem, names in sources.items():
        text = "".join(f"{name}\n" for name in clean(names, SHAPES[stem]))
        Path(__file__).with_name(f"{stem}.txt").write_bytes(text.encode())


if __name__ == "__main__":
    main()
