"""Hostile files, each written by code, and the expected result of their ingest."""

import codecs
import gzip
import json
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

GOOD = "Emma\nOlivia\nAva\n"
HUGE = f'{{"name": "Ava", "count": {"9" * 5000}}}'


@dataclass(frozen=True)
class Hostile:
    """A file, the function that writes it, and its expected names and rejects, or a part of its error message."""

    name: str
    make: Callable[[Path], object]
    names: int = 0
    rejects: int = 0
    refused: str = ""
    options: dict[str, object] = field(default_factory=dict)


def data(content: bytes | str):
    return lambda path: path.write_bytes(content.encode() if isinstance(content, str) else content)


def parquet(columns):
    return lambda path: pq.write_table(pa.table(columns), path, compression="zstd")


def csv(*lines):
    return data("name,count\n" + "".join(f"{line}\n" for line in lines))


def jsonl(*lines):
    return data("".join(f"{line}\n" for line in lines))


def zstd(content: bytes):
    return lambda path: path.write_bytes(pa.Codec("zstd").compress(content, asbytes=True))


def bomb(megabytes: int):
    """Write a gzip file of many members that unpacks to one line of `megabytes`, a thousand times its size."""
    block = gzip.compress(b"x" * 10_000_000)
    return data(block * (megabytes // 10))


def zstd_bomb(gigabytes: int):
    """Write a Zstandard file that unpacks to `gigabytes`, more than ten thousand times its size."""

    def make(path):
        with pa.CompressedOutputStream(str(path), "zstd") as file:
            for _ in range(gigabytes * 100):
                file.write((b"x" * 999_999 + b"\n") * 10)

    return make


def same_name(rows: int):
    """Write a Parquet file of a few kilobytes that contains one name of 64 characters in all `rows`."""
    names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), ["Emma" * 16])
    return parquet({"name": names})


def cut_parquet(path):
    parquet({"name": ["Emma"] * 999})(path)
    os.truncate(path, 400)


def fifo(path):
    os.mkfifo(path)


def loop(path):
    path.symlink_to(path)


def one_name(kind: str, characters: int):
    def make(path):
        name = "x" * characters
        (parquet({"name": [name]}) if kind == "parquet" else jsonl(json.dumps({"name": name})))(path)

    return make


HOSTILE = (
    # Bytes that are not text.
    Hostile("binary.txt", data(bytes(range(256)) * 400), refused="is not text in utf-8"),
    Hostile("zeros.txt", data(bytes(100_000)), refused="is not text in utf-8"),
    Hostile("random.csv", data(os.urandom(50_000)), refused="is not text in utf-8"),
    Hostile("elf.txt", data(b"\x7fELF\x02\x01\x01" + bytes(5000)), refused="is not text in utf-8"),
    Hostile("nul.txt", data("Em\0ma\nOlivia\nAva\0\n"), 1, 2),
    Hostile("utf-16-le.txt", data(codecs.BOM_UTF16_LE + GOOD.encode("utf-16-le")), refused="--encoding utf-16"),
    Hostile("utf-16-be.txt", data(codecs.BOM_UTF16_BE + GOOD.encode("utf-16-be")), refused="--encoding utf-16"),
    Hostile("utf-16-without-mark.txt", data((GOOD * 9).encode("utf-16-le")), refused="is not text in utf-8"),
    Hostile("utf-16-named.txt", data(GOOD.encode("utf-16")), 3, 0, options={"encoding": "utf-16"}),
    Hostile("latin-1.txt", data("Zoë\nEmma\nRené\n".encode("latin-1")), 1, 2),
    Hostile("overlong.txt", data(b"Emma\n\xc0\xae\xc0\xae\n"), 1, 1),
    Hostile("surrogates.txt", data(b"Emma\n\xed\xa0\x80\xed\xb0\x80\n"), 1, 1),
    Hostile("utf-7.txt", data("Zo+AOs-\n"), 1, 0),
    # Extreme lines and fields.
    Hostile("empty.txt", data(""), refused="has no valid name: it is empty"),
    Hostile("mark-only.txt", data(codecs.BOM_UTF8), refused="has no valid name: it is empty"),
    Hostile("newlines.txt", data("\n" * 5000), refused="all 5000 lines were rejected"),
    Hostile("mixed-newlines.txt", data("Emma\r\nOlivia\rAva\nMia"), 4, 0),
    Hostile("long-line.txt", data("Emma\n" + "x" * 10_000_000 + "\nAva\n"), 2, 1),
    Hostile("one-long-line.txt", data("y" * 20_000_000), refused="all 1 lines were rejected"),
    Hostile("a-million-columns.csv", data("name" + "," * 1_000_000 + "\nEmma" + "," * 1_000_000 + "\n"), 1, 0),
    Hostile("a-million-columns-without.csv", data("x," * 1_000_000 + "y\n1\n"), refused="has no column 'name'"),
    Hostile("header-alone.csv", csv(), refused="has no valid name: it is empty"),
    Hostile("semicolons.csv", data("name;count\nEmma;1\n"), refused="has no column 'name'"),
    Hostile("two-columns-of-a-name.csv", data("name,name\nEmma,Ava\n"), 1, 0),
    Hostile("open-quotes.csv", csv(*['"Emma,1'] * 20_000, "Ava,3"), 1, 20_000),
    Hostile("open-quote.csv", csv("Emma,1", '"Olivia,2', "Ava,3"), 2, 1),
    Hostile("quotes.csv", csv('"""",1', '"a""b",2', "Ava,3"), 3, 0),
    Hostile("counts.csv", csv("Emma,-1", "Ava,1e9", "Mia,9999999999999999", "Zoe,NaN", "Ida,=1+1", "Eve,2.0"), 1, 5),
    Hostile("64-characters.txt", data("a" * 64 + "\n" + "b" * 65 + "\n"), 1, 1),
    # Names with a special meaning elsewhere.
    Hostile("formulas.csv", csv("=cmd|' /C calc'!A0,1", "+SUM(1),1", "@import,1", "-2+3,1"), 4, 0),
    Hostile("sql.txt", data("Robert'); drop table entries;--\n' or 1=1 --\n\"; select 1\n"), 3, 0),
    Hostile("markup.txt", data("<script>alert(1)</script>\n<img src=x onerror=f()>\n{{ 7*7 }}\n&lt;b&gt;\n"), 4, 0),
    Hostile("paths.txt", data("/etc/passwd\n~root\nC:\\Windows\n"), 3, 0),
    Hostile("dots.txt", data("../../etc/passwd\n.\n..\nEmma\n"), 1, 3),
    Hostile("right-to-left.txt", data("Emma\n\u202eamme\nA\u200fva\n\u2066x\u2069\n"), 1, 3),
    Hostile("zero-width.txt", data("Em\u200bma\n\ufeffAva\n\u2060Mia\nZo\u00ade\n\u200c\nEmma\n"), 1, 5),
    Hostile("escapes.txt", data("\x1b[31mEmma\x1b[0m\n\x07Ava\nOlivia\n\x9b2JMia\nBea\nIda\n" + GOOD * 20), 63, 3),
    Hostile("tags.txt", data("Emma\U000e0041\U000e007f\nAva\n"), 1, 1),
    Hostile("zalgo.txt", data("Z" + "\u0301\u0323" * 500 + "\nAva\n"), 1, 1),
    Hostile("twins.txt", data("Zo\u00eb\nZoe\u0308\n"), 2, 0),
    Hostile("emoji.txt", data("👩\u200d👩\u200d👧\n🏳️\u200d🌈\n"), 2, 0),
    Hostile("private-use.txt", data("\ue000\ue001\n\U0010fffe\nEmma\n"), 3, 0),
    Hostile("line-separators.txt", data("Em\u2028ma\nA\u2029va\nMia\n"), 1, 2),
    # Wrong formats.
    Hostile("text-as.parquet", data(GOOD), refused="cannot be read"),
    Hostile("cut.parquet", cut_parquet, refused="cannot be read"),
    Hostile("nulls.parquet", parquet({"name": pa.array(["Emma", None, "Ava"])}), 2, 1),
    Hostile("numbers.parquet", parquet({"name": [1, 2]}), refused="not text"),
    Hostile("nested.parquet", parquet({"name": [{"first": "Emma"}]}), refused="not text"),
    Hostile("no-column.parquet", parquet({"names": ["Emma"]}), refused="has no column 'name'"),
    Hostile("names.parquet", parquet({"name": [["Emma"], ["Ava"]]}), refused="not text"),
    Hostile("no-row.parquet", parquet({"name": pa.array([], pa.string())}), refused="has no valid name: it is empty"),
    Hostile("deep.jsonl", jsonl("[" * 10_000 + "]" * 10_000, '{"name": "Emma"}', '{"name":' * 5000), 1, 2),
    Hostile("keys.jsonl", jsonl('{"name": "Emma", "name": "Ava"}', '{"name": null}', '{"name": ["a"]}', "{}"), 1, 3),
    Hostile("numbers.jsonl", jsonl('{"name": "Emma", "count": 1e400}', HUGE), refused="all 2 lines"),
    Hostile("halves.jsonl", jsonl(json.dumps({"name": "\ud800"}), '{"name": "Emma"}'), 1, 1),
    # Compressed files.
    Hostile("bomb.txt.gz", bomb(70), refused="unpacks to more than"),
    Hostile("bomb.parquet", same_name(1_100_000), refused="unpacks to more than"),
    Hostile("bomb.txt.zst", zstd(b"x" * 70_000_000), refused="unpacks to more than"),
    Hostile("cut.txt.gz", data(gzip.compress((GOOD * 999).encode())[:-20]), refused="cannot be read"),
    Hostile("more.txt.gz", data(gzip.compress(GOOD.encode()) + b"garbage"), refused="cannot be read"),
    Hostile("twice.txt.gz", data(gzip.compress(gzip.compress((GOOD * 99).encode()))), refused="is not text in utf-8"),
    Hostile("not.txt.gz", data(GOOD), refused="cannot be read"),
    Hostile("not.txt.zst", data(struct.pack("<I", 0xFD2FB528) + b"x" * 50), refused="cannot be read"),
    # Not a regular file.
    Hostile("folder.txt", lambda path: path.mkdir(), refused="no list in"),
    Hostile("pipe.txt", fifo, refused="is not a regular file"),
    Hostile("broken.txt", lambda path: path.symlink_to("nowhere"), refused="does not exist"),
    Hostile("loop.txt", loop, refused="loop.txt"),
    Hostile("device.txt", lambda path: path.symlink_to("/dev/zero"), refused="is not a regular file"),
    # File names with a special meaning.
    Hostile("a?b#c.txt", data(GOOD), 3, 0),
    Hostile("it's [a-z]*.txt", data(GOOD), 3, 0),
    Hostile("new\nline.txt", data(GOOD), refused="stands"),
    Hostile("\x1b[2Jclear.txt", data(GOOD), refused="stands"),
    Hostile("\u202etxt.exe.txt", data(GOOD), refused="stands"),
    Hostile("caf\udce9.txt", data(GOOD), refused="stands"),
    Hostile("🦀 名前.txt", data(GOOD), 3, 0),
    Hostile("n" * 240 + ".txt", data(GOOD), 3, 0),
    Hostile("$(touch gone);'.txt", data(GOOD), 3, 0),
    Hostile("no-suffix", data(GOOD), refused="unknown suffix"),
)  # fmt: skip
LARGE = (
    Hostile("two-gigabytes.txt.gz", bomb(2_000), refused="unpacks to more than"),
    Hostile("ten-gigabytes.txt.zst", zstd_bomb(10), refused="unpacks to more than"),
    Hostile("a-gigabyte.parquet", one_name("parquet", 1_000_000_000), refused="unpacks to more than"),
    Hostile("a-long-name.parquet", one_name("parquet", 50_000_000), refused="all 1 lines were rejected"),
    Hostile("a-long-name.jsonl", one_name("jsonl", 50_000_000), refused="all 1 lines were rejected"),
)
"""Files that take seconds to write: only for `make reliability`."""
