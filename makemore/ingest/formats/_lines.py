"""The lines of a text file, in chunks."""

import codecs
import io
from collections.abc import Iterator
from pathlib import Path

from makemore.errors import InvalidInput
from makemore.ingest.compressed import opened
from makemore.ingest.formats._rows import replace_surrogates
from makemore.options import ReadOptions

CHUNK_SIZE = 1 << 24
"""Characters read at a time, so that memory does not grow with the list."""
MAX_LINE_LENGTH = 1 << 20
"""Characters kept of a longer line, which is rejected anyway."""
MAX_BINARY_SHARE = 0.1
"""Share of control and undecodable characters above which a file is binary."""


def text_chunks(path: Path, options: ReadOptions) -> Iterator[tuple[int, str]]:
    """Yield the number of the first line and the text of chunks of complete lines, without the last newline.

    Newlines of any kind become '\\n', and undecodable bytes U+FFFD.
    """
    utf8 = codecs.lookup(options.encoding).name == "utf-8"
    encoding = "utf-8-sig" if utf8 else options.encoding
    _refuse_binary(path, encoding)
    row, rest = 1, ""
    with opened(path) as file, io.TextIOWrapper(file, encoding=encoding, errors="replace") as reader:
        while chunk := reader.read(CHUNK_SIZE):
            chunk = chunk if utf8 else replace_surrogates(chunk)
            complete, newline, rest = (rest + chunk).rpartition("\n")
            rest = rest[:MAX_LINE_LENGTH]
            if newline:
                yield row, complete
                row += complete.count("\n") + 1
    if rest:
        yield row, rest


def _refuse_binary(path: Path, encoding: str) -> None:
    with opened(path) as file:
        head = file.read(1 << 16)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and encoding == "utf-8-sig":
        raise InvalidInput(f"{path} starts with the byte order mark of UTF-16", "use --encoding utf-16")
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    invalid = sum(ch == "\ufffd" or (ch < " " and ch not in "\t\n\r\f") for ch in text)
    if invalid > max(8, MAX_BINARY_SHARE * len(text)):
        message = f"{path} is not text in {encoding.removesuffix('-sig')}: {invalid / len(text):.0%} of its first "
        raise InvalidInput(message + "characters are control or undecodable characters", "use --encoding")
