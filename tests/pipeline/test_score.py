"""Names and lists scored under a published version: every row kept, in order, beside a plain loop."""

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
from makemore.home import Home, locked_home
from makemore.ingest import readers
from makemore.options import BuildOptions, ReadOptions, TrainOptions
from makemore.pipeline import ingest, publish
from makemore.pipeline import score as scoring
from makemore.pipeline.build import build_relations
from makemore.versions import store
from makemore.versions.version import Version
from tests.conftest import ENGLISH

LINES = ["emma", "", " olivia ", "zoë", "a.b", "xq", "emma"]
COLUMNS = ["row", "name", "nll", "bits", "percentile", "seen", "surprisal", "reject_reason"]
LACKING = "has 'ë', which is not among the 27 characters of this vocab"


@pytest.fixture(scope="session")
def version(published):
    """The folder of the published version."""
    return store.find_version(Home(published)).path


@pytest.fixture
def score(version, tmp_path):
    """A function of a list's lines to all of its rows, scored under the bigram."""

    def run(lines, **options):
        path = tmp_path / "list.txt"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return pl.concat(scoring.score_list(version, "bigram", path, ReadOptions(**options)))

    return run


def held_out(version):
    """nll and count of each held-out name under the bigram."""
    scores = pl.read_parquet(version / "models" / "bigram" / "scores.parquet").to_dicts()
    return [(row["name"], row["nats"] / row["characters"], row["count"]) for row in scores]


def test_every_row_is_kept_in_order_and_says_why_it_has_no_score(score, caplog):
    """A name is told as it is scored, trimmed; what is no name as it stands there; how many there are is logged."""
    told = score(LINES)

    assert told.columns == COLUMNS
    assert told["row"].to_list() == [1, 2, 3, 4, 5, 6, 7]
    assert told["name"].to_list() == ["emma", "", "olivia", "zoë", "a.b", "xq", "emma"]
    assert told["reject_reason"].to_list() == [
        None, "is empty", None, LACKING, "holds '.', which marks start and end", None, None,
    ]  # fmt: skip
    no_score = told.filter(pl.col("reject_reason").is_not_null()).select(COLUMNS[2:-1])
    assert no_score.rows() == [(None,) * 5] * 3
    assert told.filter(pl.col("reject_reason").is_null()).select(COLUMNS[2:-1]).null_count().row(0) == (0,) * 5
    assert caplog.messages == ["list.txt: 3 of 7 rows have no score; each says why"]


def test_figures_by_a_plain_count(score, version):
    """Bigrams of the lines of train, counted here, one added to each: bits are minus log2 of their share."""
    train = names_of(version, "train")
    pairs = Counter(pair for name in train for pair in zip(f".{name}", f"{name}.", strict=True))
    before = Counter(ch for name in train for ch in f".{name}")

    told = score(["emma", "olivia", "qqq"])

    for row in told.to_dicts():
        chs = zip(f".{row['name']}", f"{row['name']}.", strict=True)
        bits = [-math.log2((pairs[pair] + 1) / (before[pair[0]] + 27)) for pair in chs]
        assert row["surprisal"] == pytest.approx(bits)
        assert row["bits"] == pytest.approx(sum(bits))
        assert row["nll"] == pytest.approx(sum(bits) * math.log(2) / len(bits))
        assert row["seen"] == (row["name"] in train)
    assert set(told["seen"]) == {True, False}


def names_of(version, split):
    """The lines of a split."""
    return query(version / "stats.duckdb", f"select name from names where split = '{split}'")["name"].to_list()


def test_held_out_names_have_the_percentiles_of_a_plain_loop(score, version):
    """Each beside all, itself among them: the shares above, and half of those that are alike."""
    others = held_out(version)
    chosen = random.Random(1).sample(others, 50)

    told = score([name for name, _, _ in chosen])

    total = sum(count for _, _, count in others)
    for (_, nll, _), percentile in zip(chosen, told["percentile"], strict=True):
        alike = sum(count for _, other, count in others if math.isclose(other, nll, rel_tol=1e-7))
        above = sum(count for _, other, count in others if other > nll and not math.isclose(other, nll, rel_tol=1e-7))
        assert alike
        assert percentile == pytest.approx(100 * (above + alike / 2) / total)


@pytest.mark.parametrize("piece", [1, 2, 7])
@pytest.mark.parametrize("chunk", [4, 1 << 20])
def test_pieces_do_not_change_what_a_row_is(score, version, tmp_path, monkeypatch, piece, chunk):
    """A few rows at a time or all, wherever the pieces end in which a list is read: the same table."""
    whole = score(LINES)
    monkeypatch.setattr(scoring, "PIECE", piece)
    monkeypatch.setattr(readers, "CHUNK", chunk)

    told = list(scoring.score_list(version, "bigram", tmp_path / "list.txt", ReadOptions()))

    assert pl.concat(told).equals(whole)
    assert {len(part) for part in told[:-1]} <= {piece}


def test_names_at_hand_score_as_in_a_list(score, version):
    """The same rows, and the same figures."""
    names = ["emma", " olivia", "emma"]

    assert scoring.score_names(version, "bigram", names, ReadOptions()).equals(score(names))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "zoë",
            r"'zoë' has 'ë', which is not among the 27 characters of this vocab\. Ingest the list .* train again\.",
        ),
        ("a.b", r"'a\.b' is no name: it holds '\.', which marks start and end\. Correct it or leave it out\."),
        (" ", r"' ' is no name: it is empty\."),
        ("a\udcff", "holds an undecodable character"),
        ("x" * 65, r"'x{64}' is no name: it is longer than 64 characters\."),
    ],
)
def test_a_name_at_hand_that_has_no_score_is_an_error(version, name, message):
    """Nothing is told of the others."""
    with pytest.raises(ValueError, match=message):
        scoring.score_names(version, "bigram", ["emma", name], ReadOptions())


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.csv", "name,count\nemma,3\na.b,1\nava,x\n"),
        ("a.jsonl", '{"name": "emma"}\n{"name": "a.b"}\n{"name": "ava", "count": 0}\n'),
        ("a.parquet", None),
    ],
)
def test_any_list_that_ingest_reads(version, tmp_path, file, text):
    """Counts, right or wrong, are not read: a name is as name-like on many lines as on one."""
    if text is None:
        pl.DataFrame({"name": ["emma", "a.b", "ava"], "count": [3, 1, -1]}).write_parquet(tmp_path / file)
    else:
        (tmp_path / file).write_text(text)

    told = pl.concat(scoring.score_list(version, "bigram", tmp_path / file, ReadOptions()))

    assert told["name"].to_list() == ["emma", "a.b", "ava"]
    assert told["nll"].is_null().to_list() == [False, True, False]


def test_rows_come_before_the_list_is_read_to_its_end(version, tmp_path, monkeypatch):
    """The end of this one is broken: what is scored by then is there, but no file of half of it."""
    monkeypatch.setattr(readers, "CHUNK", 1 << 10)
    monkeypatch.setattr(scoring, "PIECE", 1 << 10)
    rng = random.Random(1)
    names = "".join("".join(rng.choices("aeiln", k=12)) + "\n" for _ in range(50_000))
    path, output = tmp_path / "list.txt.gz", tmp_path / "scores.csv"
    path.write_bytes(gzip.compress(names.encode())[:-1000])
    pieces = scoring.score_list(version, "bigram", path, ReadOptions())

    assert next(pieces)["row"][0] == 1
    with pytest.raises(ValueError, match="cannot be read"):
        scoring.write_scores(version, "bigram", pieces, output=output)
    assert list(tmp_path.iterdir()) == [path]


def test_a_list_without_rows_is_a_table_without_rows(score, version, tmp_path):
    """With all its columns, so that who reads it finds them."""
    (tmp_path / "empty.txt").write_text("")

    for suffix, read in (("csv", pl.read_csv), ("parquet", pl.read_parquet)):
        pieces = scoring.score_list(version, "bigram", tmp_path / "empty.txt", ReadOptions())
        scoring.write_scores(version, "bigram", pieces, output=tmp_path / f"scores.{suffix}")
        assert read(tmp_path / f"scores.{suffix}").columns == COLUMNS
        assert len(read(tmp_path / f"scores.{suffix}")) == 0


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "csv.zst", "jsonl", "jsonl.gz", "parquet"])
def test_a_file_has_the_rows_and_says_what_they_are_of(score, version, tmp_path, suffix):
    """Lists of numbers where the format has lists, else numbers with spaces between; version and model beside them."""
    expected, output = score(LINES), tmp_path / f"scores.{suffix}"
    source = scoring.score_list(version, "bigram", tmp_path / "list.txt", ReadOptions())

    scoring.write_scores(version, "bigram", source, output=output, source="list.txt")

    if "csv" in suffix:
        found = pl.read_csv(output)
        texts = found["surprisal"].to_list()
        numbers = [None if text is None else [float(number) for number in text.split(" ")] for text in texts]
        found = found.with_columns(surprisal=pl.Series(numbers))
    else:
        found = pl.read_parquet(output) if suffix == "parquet" else pl.read_ndjson(output)
    assert found.columns == COLUMNS
    assert found.drop("surprisal").equals(expected.drop("surprisal"))
    for told, bits in zip(found["surprisal"].to_list(), expected["surprisal"].to_list(), strict=True):
        assert told == (None if bits is None else pytest.approx(bits, abs=1e-6))
    assert metadata_of(output) == {
        "makemore": __version__, "version": version.name, "model_type": "bigram", "source": "list.txt",
    }  # fmt: skip


def metadata_of(output):
    """What a table says of itself."""
    if output.suffix == ".parquet":
        return json.loads(pq.read_schema(output).metadata[b"makemore"])
    return json.loads(output.with_name(f"{output.name}-metadata.json").read_text())


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("scores.txt", r"scores\.txt: text holds names alone, not what they score: use \.csv, \.jsonl or \.parquet\."),
        ("scores.txt.gz", "use .csv"),
        ("scores.docx", "no format for '.docx'"),
    ],
)
def test_a_format_that_holds_no_table_is_refused_before_a_name_is_read(version, tmp_path, file, message):
    """No time is lost on it."""
    unread = iter(["never read"])

    with pytest.raises(ValueError, match=message):
        scoring.write_scores(version, "bigram", unread, output=tmp_path / file)
    assert list(unread) == ["never read"]


def test_names_are_folded_where_all_lists_of_the_version_were(tmp_path):
    """As they were for training; nothing is held out here, and so there is nothing to be beside."""
    (tmp_path / "names.txt").write_text("Emma\nAva\n")
    with locked_home(tmp_path / "home", "the test"):
        ingest.ingest(tmp_path / "home", str(tmp_path / "names.txt"), ReadOptions(lower=True))
        build_relations(tmp_path / "home", BuildOptions(holdout=0))
        version = publish.make_version(tmp_path / "home", TrainOptions(models=("bigram",), samples=5))

    told = scoring.score_names(version, "bigram", ["EMMA", "Mav"], ReadOptions())

    assert told.select("name", "seen", "percentile").rows() == [("emma", True, None), ("mav", False, None)]


def test_a_whole_list_scores_as_it_was_evaluated(version):
    """The mean over the characters of test is the nll that the version tells of test."""
    told = pl.concat(scoring.score_list(version, "bigram", ENGLISH, ReadOptions()))

    chosen = told.filter(pl.col("name").is_in(names_of(version, "test")))
    characters = chosen["name"].str.len_chars() + 1
    assert (chosen["nll"] * characters).sum() / characters.sum() == pytest.approx(
        Version(version).read_metrics("bigram")["nll"]["test"]
    )
