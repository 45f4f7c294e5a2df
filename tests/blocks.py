"""Fenced blocks of our Markdown pages, the commands in them, and whether what they show is what is printed."""

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
    """What stands between two fences; `line` is the number of the first one."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self):
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """All fenced blocks of a page."""
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
    """The commands of a console block, each with the output that is shown below it."""
    told: list[tuple[str, str]] = []
    for line in block.text.splitlines(keepends=True):
        if told and told[-1][0].endswith("\\\n"):
            told[-1] = (told[-1][0] + line, "")
        elif line.startswith(PROMPT):
            told.append((line.removeprefix(PROMPT), ""))
        elif told:
            told[-1] = (told[-1][0], told[-1][1] + line)
        else:
            raise ValueError(f"{block}: a console block starts with a command, '$ ' before it")
    return [(command.rstrip("\n"), shown) for command, shown in told]


def matches(shown: str, printed: str) -> bool:
    """Whether the printed lines are the shown ones, where `...` is any text and a line `...` is any lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else ".*?".join(map(re.escape, line.rstrip().split("..."))) + r"\n"
        for line in shown.splitlines()
    )
    return re.fullmatch(pattern, "".join(line.rstrip() + "\n" for line in printed.splitlines())) is not None


def shell(script: str) -> str:
    """What a shell prints, on both its outputs, as a terminal shows it."""
    return subprocess.run(
        ["bash", "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    ).stdout


def examples_of(command: str) -> list[str]:
    """The commands that a command's help gives as examples."""
    return re.findall(r"^ *Example: (makemore .*)$", app[command].default_command.__doc__, re.MULTILINE)


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [block for page in PAGES for block in blocks(page)]
