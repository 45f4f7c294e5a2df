"""Reading ahead: the next item is made in a thread while this one is used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
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


def in_threads(make: Callable[[int], T], numbers: Iterable[int], workers: int) -> Iterator[T]:
    """What `make` gives for each number, in their order, while so many threads make those that come next."""
    iterator = iter(numbers)
    with ThreadPoolExecutor(max_workers=workers) as makers:
        coming = deque(makers.submit(make, number) for number in islice(iterator, workers + 1))
        try:
            while coming:
                yield coming.popleft().result()
                coming.extend(makers.submit(make, number) for number in islice(iterator, 1))
        finally:
            for future in coming:
                future.cancel()
