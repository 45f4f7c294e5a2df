"""Scores of names and lists under a published version, against plain loops."""

import gzip
import json
import math
import random
from collections import Counter

import polars as pl
import pyarrow.parquet as pq
import pytest

from makemore import __version__
from makemore.database import query
from makemore.errors import InvalidInput
from makemore.home import Home, locked_home
from makemore.ingest.formats import _lines
from makemore.options import BuildOptions, ReadOptions, TrainOptions
from makemore.pipeline import ingest, publish
from makemore.pipeline import score as score_module
from makemore.pipeline.build import build_relations
from makemore.pipeline.score import score_list, score_names, write_scores
from makemore.versions import store
from makemore.versions.version import Version
from tests.conftest import ENGLISH

LINES = ["emma", "", " olivia ", "zoë", "a.b", "xq", "emma"]
COLUMNS = ["row", "name", "nll", "bits", "percentile", "seen", "surprisal", "reject_reason"]
REASON = "contains 'ë', which is not in this vocab of 27 characters"


@pytest.fixture(scope="session")
def version(published):
    """The folder of the published version."""
    return store.find_version(Home(published)).path


@pytest.fixture
def score(version, tmp_path):
    """A function that scores the lines of a list under the bigram."""

    def run(lines, **options):
        path = tmp_path / "list.txt"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return pl.concat(score_list(version, "bigram", path, ReadOptions(**options)))

    return run


def held_out(version):
    """Name, nll under the bigram, and count of each held-out name."""
    scores = pl.read_parquet(version / "models" / "bigram" / "scores.parquet").to_dicts()
    return [(row["name"], row["nats"] / row["characters"], row["count"]) for row in scores]


def test_every_row_has_a_score_or_a_reject_reason(score, caplog):
    """Rows stay in order, names are trimmed, rejected rows are unchanged, and their number is logged."""
    scored = score(LINES)

    assert scored.columns == COLUMNS
    assert scored["row"].to_list() == [1, 2, 3, 4, 5, 6, 7]
    assert scored["name"].to_list() == ["emma", "", "olivia", "zoë", "a.b", "xq", "emma"]
    assert scored["reject_reason"].to_list() == [
        None, "is empty", None, REASON, "holds '.', which marks start and end", None, None,
    ]  # fmt: skip
    no_score = scored.filter(pl.col("reject_reason").is_not_null()).select(COLUMNS[2:-1])
    assert no_score.rows() == [(None,) * 5] * 3
    assert scored.filter(pl.col("reject_reason").is_null()).select(COLUMNS[2:-1]).null_count().row(0) == (0,) * 5
    assert caplog.messages == ["list.txt: 3 of 7 rows rejected, each with a reason"]


def test_scores_follow_from_counts(score, version):
    """Bits are -log2 of the smoothed share of each bigram, counted here from the lines of train."""
    train = names_of(version, "train")
    pairs = Counter(pair for name in train for pair in zip(f".{name}", f"{name}.", strict=True))
    before = Counter(ch for name in train for ch in f".{name}")

    scored = score(["emma", "olivia", "qqq"])

    for row in scored.to_dicts():
        chs = zip(f".{row['name']}", f"{row['name']}.", strict=True)
        bits = [-math.log2((pairs[pair] + 1) / (before[pair[0]] + 27)) for pair in chs]
        assert row["surprisal"] == pytest.approx(bits)
        assert row["bits"] == pytest.approx(sum(bits))
        assert row["nll"] == pytest.approx(sum(bits) * math.log(2) / len(bits))
        assert row["seen"] == (row["name"] in train)
    assert set(scored["seen"]) == {True, False}


def names_of(version, split):
    """The lines of a split."""
    return query(version / "stats.duckdb", f"select name from names where split = '{split}'")["name"].to_list()


def test_held_out_names_have_the_percentiles_of_a_plain_loop(score, version):
    """The share of held-out names with a higher nll, plus half of the ties, itself included."""
    others = held_out(version)
    chosen = random.Random(1).sample(others, 50)

    scored = score([name for name, _, _ in chosen])

    total = sum(count for _, _, count in others)
    for (_, nll, _), percentile in zip(chosen, scored["percentile"], strict=True):
        ties = sum(count for _, other, count in others if math.isclose(other, nll, rel_tol=1e-7))
        above = sum(count for _, other, count in others if other > nll and not math.isclose(other, nll, rel_tol=1e-7))
        assert ties
        assert percentile == pytest.approx(100 * (above + ties / 2) / total)


@pytest.mark.parametrize("batch_size", [1, 2, 7])
@pytest.mark.parametrize("chunk", [4, 1 << 20])
def test_batches_do_not_change_the_rows(score, version, tmp_path, monkeypatch, batch_size, chunk):
    """For any batch size and any chunks of the file."""
    at_once = score(LINES)
    monkeypatch.setattr(score_module, "BATCH_SIZE", batch_size)
    monkeypatch.setattr(_lines, "CHUNK_SIZE", chunk)

    scored = list(score_list(version, "bigram", tmp_path / "list.txt", ReadOptions()))

    assert pl.concat(scored).equals(at_once)
    assert {len(part) for part in scored[:-1]} <= {batch_size}


def test_given_names_score_as_in_a_list(score, version):
    """They give the same rows."""
    names = ["emma", " olivia", "emma"]

    assert score_names(version, "bigram", names, ReadOptions()).equals(score(names))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "zoë",
            r"'zoë' contains 'ë', which is not in this vocab of 27 characters\. hint: ingest a list .* then train",
        ),
        ("a.b", r"invalid name 'a\.b': it .* '\.', which marks start and end\. hint: correct it or leave it out"),
        (" ", r"invalid name ' ': it is empty\. hint: correct it"),
        ("a\udcff", "holds an undecodable character"),
        ("x" * 65, r"invalid name 'x{64}': it is longer than 64 characters"),
    ],
)
def test_an_invalid_name_is_an_error(version, name, message):
    """The other names are not scored either."""
    with pytest.raises(InvalidInput, match=message):
        score_names(version, "bigram", ["emma", name], ReadOptions())


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.csv", "name,count\nemma,3\na.b,1\nava,x\n"),
        ("a.jsonl", '{"name": "emma"}\n{"name": "a.b"}\n{"name": "ava", "count": 0}\n'),
        ("a.parquet", None),
    ],
)
def test_lists_have_any_format_of_ingest(version, tmp_path, file, text):
    """Counts, valid or not, are ignored."""
    if text is None:
        pl.DataFrame({"name": ["emma", "a.b", "ava"], "count": [3, 1, -1]}).write_parquet(tmp_path / file)
    else:
        (tmp_path / file).write_text(text)

    scored = pl.concat(score_list(version, "bigram", tmp_path / file, ReadOptions()))

    assert scored["name"].to_list() == ["emma", "a.b", "ava"]
    assert scored["nll"].is_null().to_list() == [False, True, False]


def test_rows_are_yielded_before_the_end_of_the_list(version, tmp_path, monkeypatch):
    """The end of this list is damaged: the first rows are scored, but no partial file is written."""
    monkeypatch.setattr(_lines, "CHUNK_SIZE", 1 << 10)
    monkeypatch.setattr(score_module, "BATCH_SIZE", 1 << 10)
    rng = random.Random(1)
    names = "".join("".join(rng.choices("aeiln", k=12)) + "\n" for _ in range(50_000))
    path, output = tmp_path / "list.txt.gz", tmp_path / "scores.csv"
    path.write_bytes(gzip.compress(names.encode())[:-1000])
    frames = score_list(version, "bigram", path, ReadOptions())

    assert next(frames)["row"][0] == 1
    with pytest.raises(ValueError, match="cannot be read"):
        write_scores(version, "bigram", frames, output=output)
    assert list(tmp_path.iterdir()) == [path]


def test_a_list_without_rows_gives_a_table_without_rows(score, version, tmp_path):
    """It has all columns."""
    (tmp_path / "empty.txt").write_text("")

    for suffix, read in (("csv", pl.read_csv), ("parquet", pl.read_parquet)):
        frames = score_list(version, "bigram", tmp_path / "empty.txt", ReadOptions())
        write_scores(version, "bigram", frames, output=tmp_path / f"scores.{suffix}")
        assert read(tmp_path / f"scores.{suffix}").columns == COLUMNS
        assert len(read(tmp_path / f"scores.{suffix}")) == 0


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "csv.zst", "jsonl", "jsonl.gz", "parquet"])
def test_a_file_has_the_rows_and_metadata(score, version, tmp_path, suffix):
    """Surprisal is a list where the format has lists, else text; version and model are in the metadata."""
    expected, output = score(LINES), tmp_path / f"scores.{suffix}"
    source = score_list(version, "bigram", tmp_path / "list.txt", ReadOptions())

    write_scores(version, "bigram", source, output=output, source="list.txt")

    if "csv" in suffix:
        table = pl.read_csv(output)
        texts = table["surprisal"].to_list()
        numbers = [None if text is None else [float(number) for number in text.split(" ")] for text in texts]
        table = table.with_columns(surprisal=pl.Series(numbers))
    else:
        table = pl.read_parquet(output) if suffix == "parquet" else pl.read_ndjson(output)
    assert table.columns == COLUMNS
    assert table.drop("surprisal").equals(expected.drop("surprisal"))
    for actual, bits in zip(table["surprisal"].to_list(), expected["surprisal"].to_list(), strict=True):
        assert actual == (None if bits is None else pytest.approx(bits, abs=1e-6))
    assert metadata_of(output) == {
        "makemore": __version__, "version": version.name, "model_type": "bigram", "source": "list.txt",
    }  # fmt: skip


def metadata_of(output):
    """Metadata of a table."""
    if output.suffix == ".parquet":
        return json.loads(pq.read_schema(output).metadata[b"makemore"])
    return json.loads(output.with_name(f"{output.name}-metadata.json").read_text())


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("scores.txt", r"scores\.txt: text has no columns for scores\. hint: use \.csv, \.jsonl or \.parquet"),
        ("scores.txt.gz", "use .csv"),
        ("scores.docx", "'.docx'"),
    ],
)
def test_an_unsuitable_format_is_an_error_before_scoring(version, tmp_path, file, message):
    """No name is read before the error."""
    unread = iter(["never read"])

    with pytest.raises(ValueError, match=message):
        write_scores(version, "bigram", unread, output=tmp_path / file)
    assert list(unread) == ["never read"]


def test_names_are_folded_if_all_lists_of_the_version_were(tmp_path):
    """As in training. Without held-out names the percentile is null."""
    (tmp_path / "names.txt").write_text("Emma\nAva\n")
    with locked_home(tmp_path / "home", "the test"):
        ingest.ingest(tmp_path / "home", str(tmp_path / "names.txt"), ReadOptions(lower=True))
        build_relations(tmp_path / "home", BuildOptions(holdout=0))
        version = publish.make_version(tmp_path / "home", TrainOptions(models=("bigram",), samples=5))

    scored = score_names(version, "bigram", ["EMMA", "Mav"], ReadOptions())

    assert scored.select("name", "seen", "percentile").rows() == [("emma", True, None), ("mav", False, None)]


def test_scores_of_a_split_average_to_its_nll(version):
    """The mean over the characters of test is the nll of test in the metrics."""
    scored = pl.concat(score_list(version, "bigram", ENGLISH, ReadOptions()))

    chosen = scored.filter(pl.col("name").is_in(names_of(version, "test")))
    characters = chosen["name"].str.len_chars() + 1
    assert (chosen["nll"] * characters).sum() / characters.sum() == pytest.approx(
        Version(version).read_metrics("bigram")["nll"]["test"]
    )
