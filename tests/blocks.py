"""The fenced blocks of README.md and docs/, their commands, and a comparison of shown with printed output."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from makemore.cli import app
from tests.conftest import ROOT

FENCE = re.compile(r"( *)(`{3,}|~{3,})\s*(\S*)")
PROMPT = "$ "
STARTS_PREFECT = re.compile(r"\b(makemore|make) run\b|\bmakemore serve\b")


@dataclass(frozen=True)
class Block:
    """A fenced block; `line` is the line number of its opening fence."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page, in order."""
    numbered = enumerate(page.read_text(encoding="utf-8").splitlines(), start=1)
    for number, line in numbered:
        if fence := FENCE.match(line):
            indent, mark, language = fence.groups()
            inside = []
            for _, text in numbered:
                if text.strip() == mark:
                    break
                inside.append(text.removeprefix(indent) + "\n")
            else:
                raise ValueError(f"{page}:{number}: this block has no end")
            yield Block(page, number, language, "".join(inside))


def commands(block: Block) -> list[tuple[str, str]]:
    """Return the commands of a console block, each with the output shown below it."""
    pairs: list[tuple[str, str]] = []
    for line in block.text.splitlines(keepends=True):
        if pairs and pairs[-1][0].endswith("\\\n"):
            pairs[-1] = (pairs[-1][0] + line, "")
        elif line.startswith(PROMPT):
            pairs.append((line.removeprefix(PROMPT), ""))
        elif pairs:
            pairs[-1] = (pairs[-1][0], pairs[-1][1] + line)
        else:
            raise ValueError(f"{block}: a console block must start with a command, after '$ '")
    return [(command.rstrip("\n"), shown) for command, shown in pairs]


def matches(shown: str, printed: str) -> bool:
    """Return whether the printed lines are the shown ones: `...` stands for any text, a line `...` for any lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else ".*?".join(map(re.escape, line.rstrip().split("..."))) + r"\n"
        for line in shown.splitlines()
    )
    return re.fullmatch(pattern, "".join(line.rstrip() + "\n" for line in printed.splitlines())) is not None


def shell(script: str) -> str:
    """Return stdout and stderr of a shell script, interleaved as in a terminal."""
    return subprocess.run(
        ["bash", "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    ).stdout


def examples_of(command: str) -> list[str]:
    """Return the example commands in the help of a command."""
    return re.findall(r"^ *Example: (makemore .*)$", app[command].default_command.__doc__, re.MULTILINE)


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [block for page in PAGES for block in blocks(page)]
