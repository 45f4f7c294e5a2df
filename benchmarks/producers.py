"""Names in memory, of three characters' context: beside markovify and namemaker, which others make names with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Row
from benchmarks.inputs import Inputs
from benchmarks.measure import Contender, Measured, measure, python, report
from benchmarks.published import published

PINNED = {"markovify": "0.9.4", "namemaker": "1.2"}
REACH = 20
CONTEXT = 3
"""Characters that the next one is drawn by."""
FEWER = 2_000
"""Names that markovify makes by default, which is slow: it looks for each piece of a name in all of the list."""
N, OURS = 20_000, 1_000_000


def figure(inputs: Inputs, repeats: int) -> Figure:
    version = published(inputs, "ngram", order=CONTEXT + 1, holdout=0)
    interpreter, why = _environment(inputs.folder / "producers")
    others = [
        Contender(
            f"{name} {PINNED[name]}, {how}, {n:,} names",
            (str(interpreter), "-m", "benchmarks.producers", name, str(inputs.names), how, str(n)),
        )
        for name in PINNED
        for how in ("plain", "default")
        for n in [FEWER if (name, how) == ("markovify", "default") else N]
        if interpreter
    ]
    own = Contender(f"ngram of order {CONTEXT + 1}, {OURS:,} names", python("producers", "ours", str(version)))
    *beside, ours = measured = measure([*others, own], repeats)
    return Figure(
        "producers",
        repeats,
        [_row(inputs, theirs, ours) for theirs in beside],
        measured,
        [
            "All of the same list, whole, loaded and trained before. Timed: names, in memory; ours have their nll too, "
            "and the model's tables are made in that time.",
            "plain: a walk on the chain is a name, nothing is looked at (markovify: compiled, test_output=False; "
            "namemaker: n_candidates=1, nothing excluded). default: as their make_sentence() and make_name() do it, "
            "which reject names: markovify tries 10 times, then gives up; namemaker takes the better of two new ones.",
            *([why] if why else []),
            *map(_told_of, measured),
        ],
    )


def _row(inputs: Inputs, theirs: Measured, ours: Measured) -> Row:
    ratio = _speed(ours) / _speed(theirs)
    return Row(
        f"names of {inputs.names.name}, {CONTEXT} characters of context",
        theirs,
        ours,
        f"{_speed(ours):,.0f} names/s, {ratio:,.0f} times {_speed(theirs):,.0f}",
        f"{REACH} times",
        ratio >= REACH,
    )


def _told_of(made: Measured) -> str:
    told = f"{made.name}: {_speed(made):,.0f} names/s, {made.told['length']:.2f} characters a name"
    return f"{told}; {made.told['failed']:,} came to nothing."


def _speed(measured: Measured) -> float:
    """Names a second, of those that came to something."""
    return float(measured.told["names"] / measured.wall)


def _environment(folder: Path) -> tuple[Path | None, str]:
    """The interpreter of an environment that has their packages; None, and why, where they cannot be had."""
    interpreter = folder / "bin" / "python"
    pinned = [f"{name}=={version}" for name, version in PINNED.items()]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True, text=True)
        install = [str(interpreter), "-m", "pip", "install", "--quiet", *pinned]
        subprocess.run(install, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        told = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1]
        return None, f"Not measured: {' and '.join(pinned)} cannot be installed ({told})."
    return interpreter, ""


def _markovify(path: str, how: str, n: str) -> None:
    import markovify  # type: ignore[import-not-found, unused-ignore]

    class Names(markovify.Text):  # type: ignore[misc, unused-ignore]
        """Each line a sentence, each character a word."""

        def sentence_split(self, text: str) -> list[str]:
            return text.split()

        def sentence_join(self, sentences: Any) -> str:
            return "\n".join(sentences)

        def word_split(self, sentence: str) -> list[str]:
            return list(sentence)

        def word_join(self, words: Any) -> str:
            return "".join(words)

    model = Names(Path(path).read_text(encoding="utf-8"), state_size=CONTEXT)
    model.compile(inplace=True)
    options: dict[str, Any] = {"test_output": False, "tries": 1} if how == "plain" else {}
    report(lambda: [model.make_sentence(**options) for _ in range(int(n))], _told)


def _namemaker(path: str, how: str, n: str) -> None:
    import namemaker  # type: ignore[import-not-found, unused-ignore]

    model = namemaker.make_name_set(Path(path).read_text(encoding="utf-8").split(), order=CONTEXT)
    options: dict[str, Any] = {"exclude_real_names": False, "exclude_history": False, "add_to_history": False}
    options = options | {"n_candidates": 1} if how == "plain" else {}
    report(lambda: [model.make_name(**options) for _ in range(int(n))], _told)


def _ours(version: str) -> None:
    from makemore.inference.loading import LoadedModel

    loaded = LoadedModel(Path(version) / "models" / "ngram")
    report(lambda: loaded.sample(OURS), lambda made: _told(made["name"].to_list()))


def _told(names: list[str | None]) -> dict[str, Any]:
    made = [name for name in names if name]
    return {"names": len(made), "failed": len(names) - len(made), "length": sum(map(len, made)) / len(made)}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["ours", version]:
            _ours(version)
        case [name, *arguments]:
            {"markovify": _markovify, "namemaker": _namemaker}[name](*arguments)
