"""The most probable names, by exact best-first search."""

import heapq
from collections.abc import Iterator

import numpy as np

from makemore.sampling.trellis import Trellis
from makemore.vocab import Floats, Ints, Vocab


def best(trellis: Trellis, vocab: Vocab) -> Iterator[tuple[str, float]]:
    """Yield names and their nats under the model itself, the most probable allowed name first.

    The trellis is one of `max_product`: backward probabilities are those of the best completion, an exact heuristic
    for A* (Hart, Nilsson and Raphael 1968). Equally probable names come in an unspecified order.
    """
    choices: dict[int, tuple[Ints, Floats]] = {}

    def ranked(position: int, state: int) -> tuple[Ints, Floats]:
        """Return the possible next characters, the best completion first, and the logarithms of their weights."""
        states = np.array([state])
        index = int(trellis.index(position, states)[0])
        if index not in choices:
            weights = trellis.weights(position, states)[0]
            order = np.argsort(-weights, kind="stable")[: np.count_nonzero(weights)]
            choices[index] = order, np.log(weights[order])
        return choices[index]

    # Negative log-probability of the best completion, prefix, position, state, log-probability and nats of the prefix,
    # rank of the next character to try.
    queue: list[tuple[float, str, int, int, float, float, int]] = []

    def push(prefix: str, position: int, state: int, log_prob: float, nats: float, rank: int) -> None:
        log_weights = ranked(position, state)[1]
        if rank < len(log_weights):
            heapq.heappush(queue, (-log_prob - float(log_weights[rank]), prefix, position, state, log_prob, nats, rank))

    if trellis.total > 0:
        push("", 0, trellis.start, 0.0, 0.0, 0)
    while queue:
        _, prefix, position, state, log_prob, nats, rank = heapq.heappop(queue)
        push(prefix, position, state, log_prob, nats, rank + 1)
        ix = int(ranked(position, state)[0][rank])
        states, chosen = np.array([state]), np.array([ix])
        nats += float(trellis.nats(states, chosen)[0])
        if ix == 0:
            yield prefix, nats
            continue
        log_prob += float(np.log(trellis.probs(states)[0, ix]))
        push(prefix + vocab.chars[ix], position + 1, int(trellis.after(states, chosen)[0]), log_prob, nats, 0)
