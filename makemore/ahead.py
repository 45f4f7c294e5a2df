"""Reading ahead: the next item is made in a thread while this one is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T]) -> Iterator[T]:
    """The same items in the same order; what making one raises is raised where it would be used."""
    iterator = iter(items)
    with ThreadPoolExecutor(max_workers=1) as reader:
        coming = reader.submit(list, islice(iterator, 1))
        while item := coming.result():
            coming = reader.submit(list, islice(iterator, 1))
            yield from item
