"""Evaluation of 100,000 distinct names with the bigram model, and its standard error, compared with a bootstrap."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Row
from benchmarks.inputs import FEWER, Inputs
from benchmarks.measure import Contender, measure, python, report

N = 100_000
LIMIT = 1.0
DRAWS = 4000
TOLERANCE = 0.05
"""Relative difference of two standard errors. One from 4,000 draws has an error of 1 %."""


def figure(inputs: Inputs, repeats: int) -> Figure:
    names = str(inputs.names)
    loop, ours, bootstrap = measured = measure(
        [
            Contender("plain loop", python("evaluation", "loop", names, str(inputs.drawn(FEWER)))),
            Contender("nll_of_names", python("evaluation", "ours", names, str(inputs.drawn(FEWER)))),
            Contender("bootstrap", python("evaluation", "bootstrap", names)),
        ],
        repeats,
    )
    if abs(loop.result["nll"] - ours.result["nll"]) > 1e-9:
        raise AssertionError(f"nll differs: {loop.result['nll']} by the loop, {ours.result['nll']} by ours.")
    errors = bootstrap.result
    ratio = errors["estimate"] / errors["bootstrap"]
    return Figure(
        "evaluation",
        repeats,
        [
            Row(
                f"evaluation, {N:,} names, bigram", "", ours, "", f"{LIMIT:g} s", ours.wall <= LIMIT,
            ),
            Row(
                "standard error of an nll", f"{DRAWS:,} bootstrap draws: {errors['bootstrap']:.5f}", bootstrap,
                f"{errors['estimate']:.5f}, {ratio:.3f} of it", f"within {TOLERANCE:.0%}", abs(ratio - 1) <= TOLERANCE,
            ),
        ],
        measured,
        [
            "The names are distinct draws from a bigram model of the list; the model is the bigram of the list with "
            "smoothing 1. Ours walks the states of any automaton; the plain loop sums entries of a table. "
            f"Both give nll {ours.result['nll']:.7f} (asserted to 1e-9).",
            f"Standard error: every other line of the list, {errors['names']:,} distinct names, under the bigram "
            f"of the other lines, nll {errors['nll']:.4f}. The bootstrap draws distinct names with their counts, with "
            "replacement.",
            f"The bigrams of smoothing 1 and 100 differ by {errors['difference']:.5f} with a standard error of "
            f"{errors['paired']:.5f}, paired; {errors['paired_bootstrap']:.5f} by bootstrap.",
        ],
    )  # fmt: skip


def _model(names: list[str], smoothing: float, chars: Any) -> Any:
    import numpy as np

    from makemore.models import bigram

    stream = chars.stream(names).astype(np.int64)
    counts = np.bincount(stream[:-1] * len(chars) + stream[1:], minlength=len(chars) ** 2)
    return bigram.Model.from_counts(counts.reshape(len(chars), -1), bigram.Config(smoothing))


def _distinct(path: str) -> list[str]:
    return sorted(set(_lines(path)))[:N]


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def _loop(path: str, drawn: str) -> None:
    from makemore.vocab import Vocab

    names, chars = _distinct(drawn), Vocab.of(_lines(path))
    logits = _model(_lines(path), 1.0, chars).logits.tolist()
    costs = {(a, b): -logits[i][j] for a, i in chars.stoi.items() for b, j in chars.stoi.items()}

    def work() -> list[float]:
        return [sum(costs[pair] for pair in pairwise(f".{name}.")) / (len(name) + 1) for name in names]

    report(work, lambda nlls: {"nll": sum(nlls) / len(nlls)})


def _ours(path: str, drawn: str) -> None:
    from makemore.evaluation.loss import nll_of_names
    from makemore.vocab import Vocab

    names, chars = _distinct(drawn), Vocab.of(_lines(path))
    model = _model(_lines(path), 1.0, chars)
    report(lambda: nll_of_names(model, chars, names), lambda nlls: {"nll": float(nlls.mean())})


def _bootstrap(path: str) -> None:
    from collections import Counter

    import numpy as np

    from makemore.evaluation.loss import estimate, nll_of_names
    from makemore.vocab import Vocab

    lines = _lines(path)
    chars, held_out = Vocab.of(lines), Counter(lines[1::2])
    names = list(held_out)
    counts = np.array(list(held_out.values()), dtype=float)
    characters = np.array([len(name) + 1.0 for name in names])
    nats, other = (nll_of_names(_model(lines[::2], s, chars), chars, names) * characters for s in (1.0, 100.0))

    def work() -> dict[str, Any]:
        rng = np.random.default_rng(1)
        draws = [rng.integers(0, len(names), len(names)) for _ in range(DRAWS)]

        def spread(nats: Any) -> float:
            sums = [((counts * nats)[draw].sum(), (counts * characters)[draw].sum()) for draw in draws]
            return float(np.std([of_nats / of_characters for of_nats, of_characters in sums]))

        single, paired = (estimate(values, characters, counts) for values in (nats, other - nats))
        return {
            "nll": single.nll, "estimate": single.se, "bootstrap": spread(nats), "names": len(names),
            "difference": paired.nll, "paired": paired.se, "paired_bootstrap": spread(other - nats),
        }  # fmt: skip

    report(work, lambda result: result)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["loop", names, drawn]:
            _loop(names, drawn)
        case ["ours", names, drawn]:
            _ours(names, drawn)
        case ["bootstrap", names]:
            _bootstrap(names)
