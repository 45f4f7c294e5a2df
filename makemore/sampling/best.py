"""The most probable names, one by one, exactly: a best-first search that knows how good each prefix can still get."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import numpy as np

from makemore.sampling.trellis import Floats, Ids, Trellis
from makemore.vocab import Vocab

Choice = tuple[Ids, Floats]
Open = tuple[float, str, int, int, float, float, int]


def best(trellis: Trellis, vocab: Vocab) -> Iterator[tuple[str, float]]:
    """Names and their nats under the model itself, the most probable of those that are wanted first.

    The trellis gathers by `largest`: the value of a prefix is the probability of the best that it can become. So each
    prefix that is looked at is one of a name that comes next (A* of Hart, Nilsson and Raphael 1968 with a
    heuristic that is exact). Names that are equally probable come in no order in particular.
    """
    choices: dict[int, Choice] = {}

    def choice(place: int, state: int) -> Choice:
        """Characters that can follow, those that lead to the best names first, and the logarithms of their values."""
        states = np.array([state])
        key = int(trellis.key(place, states)[0])
        if key not in choices:
            weights = trellis.weights(place, states)[0]
            order = np.argsort(-weights, kind="stable")[: np.count_nonzero(weights)]
            choices[key] = order, np.log(weights[order])
        return choices[key]

    # What is open: minus the logarithm of the best that it can become, its text, place and state, the logarithm of
    # the probability so far, the nats so far, and which of its choices is next.
    opened: list[Open] = []

    def look(text: str, place: int, state: int, log_prob: float, nats: float, rank: int) -> None:
        values = choice(place, state)[1]
        if rank < len(values):
            heapq.heappush(opened, (-log_prob - float(values[rank]), text, place, state, log_prob, nats, rank))

    if trellis.value > 0:
        look("", 0, trellis.start, 0.0, 0.0, 0)
    while opened:
        _, text, place, state, log_prob, nats, rank = heapq.heappop(opened)
        look(text, place, state, log_prob, nats, rank + 1)
        ix = int(choice(place, state)[0][rank])
        states, chosen = np.array([state]), np.array([ix])
        nats += float(trellis.nats(states, chosen)[0])
        if ix == 0:
            yield text, nats
            continue
        log_prob += float(np.log(trellis.automaton.probs[trellis.model_state[trellis.pair(states)], ix][0]))
        look(text + vocab.chars[ix], place + 1, int(trellis.after(states, chosen)[0]), log_prob, nats, 0)
