"""Names with three characters of context, compared with the name generators markovify and namemaker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Row
from benchmarks.inputs import Inputs
from benchmarks.measure import Contender, Measured, measure, python, report
from benchmarks.trained_version import trained_version

PINNED = {"markovify": "0.9.4", "namemaker": "1.2"}
TARGET = 20
CONTEXT = 3
"""Number of characters of context."""
FEWER = 2_000
"""Number of names from markovify by default, which is slow: it searches the list for parts of each name."""
N, OURS = 20_000, 1_000_000


def figure(inputs: Inputs, repeats: int) -> Figure:
    version = trained_version(inputs, "ngram", order=CONTEXT + 1, holdout=0)
    interpreter, problem = _environment(inputs.folder / "generators")
    others = [
        Contender(
            f"{name} {PINNED[name]}, {how}, {n:,} names",
            (str(interpreter), "-m", "benchmarks.generators", name, str(inputs.names), how, str(n)),
        )
        for name in PINNED
        for how in ("plain", "default")
        for n in [FEWER if (name, how) == ("markovify", "default") else N]
        if interpreter
    ]
    own = Contender(f"ngram of order {CONTEXT + 1}, {OURS:,} names", python("generators", "ours", str(version)))
    *others_measured, ours = measured = measure([*others, own], repeats)
    return Figure(
        "generators",
        repeats,
        [_row(inputs, theirs, ours) for theirs in others_measured],
        measured,
        [
            "All use the complete list and are trained before. Timed: names in memory. Ours includes nll and the "
            "creation of the sampling tables.",
            "plain: each walk on the chain is a name, without tests (markovify: compiled, test_output=False; "
            "namemaker: n_candidates=1, nothing excluded). default: make_sentence() and make_name(), which reject "
            "names: markovify gives up after 10 attempts; namemaker takes the better of two new names.",
            *([problem] if problem else []),
            *map(_summary, measured),
        ],
    )


def _row(inputs: Inputs, theirs: Measured, ours: Measured) -> Row:
    ratio = _speed(ours) / _speed(theirs)
    return Row(
        f"names of {inputs.names.name}, {CONTEXT} characters of context",
        theirs,
        ours,
        f"{_speed(ours):,.0f} names/s, {ratio:,.0f} times {_speed(theirs):,.0f}",
        f"{TARGET} times",
        ratio >= TARGET,
    )


def _summary(measured: Measured) -> str:
    line = f"{measured.name}: {_speed(measured):,.0f} names/s, {measured.result['length']:.2f} characters per name"
    return f"{line}; {measured.result['failed']:,} attempts failed."


def _speed(measured: Measured) -> float:
    """Return successful names per second."""
    return float(measured.result["names"] / measured.wall)


def _environment(folder: Path) -> tuple[Path | None, str]:
    """Return the interpreter of an environment with their packages; None and the reason if they cannot be installed."""
    interpreter = folder / "bin" / "python"
    pinned = [f"{name}=={version}" for name, version in PINNED.items()]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True, text=True)
        install = [str(interpreter), "-m", "pip", "install", "--quiet", *pinned]
        subprocess.run(install, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1]
        return None, f"Not measured: {' and '.join(pinned)} cannot be installed ({reason})."
    return interpreter, ""


def _markovify(path: str, how: str, n: str) -> None:
    import markovify  # type: ignore[import-not-found, unused-ignore]

    class Names(markovify.Text):  # type: ignore[misc, unused-ignore]
        """A line is a sentence, a character is a word."""

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
    report(lambda: [model.make_sentence(**options) for _ in range(int(n))], _result)


def _namemaker(path: str, how: str, n: str) -> None:
    import namemaker  # type: ignore[import-not-found, unused-ignore]

    model = namemaker.make_name_set(Path(path).read_text(encoding="utf-8").split(), order=CONTEXT)
    options: dict[str, Any] = {"exclude_real_names": False, "exclude_history": False, "add_to_history": False}
    options = options | {"n_candidates": 1} if how == "plain" else {}
    report(lambda: [model.make_name(**options) for _ in range(int(n))], _result)


def _ours(version: str) -> None:
    from makemore.inference.loading import LoadedModel

    loaded = LoadedModel(Path(version) / "models" / "ngram")
    report(lambda: loaded.sample(OURS), lambda drawn: _result(drawn["name"].to_list()))


def _result(names: list[str | None]) -> dict[str, Any]:
    complete = [name for name in names if name]
    length = sum(map(len, complete)) / len(complete)
    return {"names": len(complete), "failed": len(names) - len(complete), "length": length}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["ours", version]:
            _ours(version)
        case [name, *arguments]:
            {"markovify": _markovify, "namemaker": _namemaker}[name](*arguments)
