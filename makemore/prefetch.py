"""Iterators that compute the next items in threads while a caller uses the current one."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T]) -> Iterator[T]:
    """Yield the items in order; an exception of the iterator is raised where its item would be."""
    iterator = iter(items)
    with ThreadPoolExecutor(max_workers=1) as reader:
        pending = reader.submit(list, islice(iterator, 1))
        while item := pending.result():
            pending = reader.submit(list, islice(iterator, 1))
            yield from item


def in_threads(make: Callable[[int], T], numbers: Iterable[int], workers: int) -> Iterator[T]:
    """Yield `make(number)` for each number in order, computed by this number of threads."""
    iterator = iter(numbers)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        pending = deque(pool.submit(make, number) for number in islice(iterator, workers + 1))
        try:
            while pending:
                yield pending.popleft().result()
                pending.extend(pool.submit(make, number) for number in islice(iterator, 1))
        finally:
            for future in pending:
                future.cancel()
