"""Commands on versions: output, refused requests, and a damaged champion."""

import re
import shutil

import pytest

from makemore.home import Home, locked_home
from makemore.options import BuildOptions, ReadOptions, TrainOptions
from makemore.pipeline import ingest, publish
from makemore.pipeline.build import build_relations
from makemore.versions import registry, store
from makemore.versions.version import Version
from tests.conftest import ENGLISH

NAMES = ENGLISH.read_text().splitlines()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Home with two versions; the second has more names and other options. Not for tests that write."""
    home = tmp_path_factory.mktemp("made") / "home"
    with locked_home(home, "the tests"):
        for names, build, train in (
            (NAMES[::3], BuildOptions(), TrainOptions(("bigram", "ngram"), samples=1000)),
            (NAMES[1::3], BuildOptions(smoothing=2), TrainOptions(("bigram", "bigram_net"), samples=1000, seed=7)),
        ):
            path = home.parent / f"list{len(store.version_names(Home(home)))}.txt"
            path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
            ingest.ingest(home, str(path), ReadOptions())
            build_relations(home, build)
            publish.make_version(home, train)
    return home


@pytest.fixture
def home(made, tmp_path):
    shutil.copytree(made, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def two(made):
    return store.version_names(Home(made))


def test_versions_prints_marks(home, two, ok):
    """Champion, previous champion, pinned and forgotten are at the end of a line."""
    first, second = two
    assert [line.split("  ")[-1] for line in ok("versions", "--home", home).splitlines()] == [
        "champion",
        f"bigram_net {Version(Home(home).versions / second).read_metrics('bigram_net')['nll']['test']:.4f} (test)",
    ]
    ok("promote", second, "--home", home)
    ok("pin", first, "--home", home)
    registry.mark_forgotten(Home(home), {second: "emma"})

    marked = [line.split("  ")[-1] for line in ok("versions", "--home", home).splitlines()]
    assert marked == ["previous champion, pinned", "champion, forgotten"]


def test_promote_and_rollback_print_the_champion(home, two, ok):
    """Readers find the same version."""
    first, second = two

    promoted = ok("promote", second, "--model", "bigram", "--home", home)
    assert promoted == f"promoted {second} to champion (model: bigram)\n"
    assert store.find_version(Home(home)).name == second
    assert ok("rollback", "--home", home) == f"rolled back from {second} to {first} (model: ngram)\n"
    assert store.find_version(Home(home)).name == first


def test_pin_prints_all_pins(home, two, ok, makemore):
    """A missing version cannot be pinned."""
    first, second = two

    assert ok("pin", second, "--home", home) == f"pinned: {second}\n"
    assert ok("pin", first, "--home", home) == f"pinned: {first}, {second}\n"
    assert ok("unpin", second, "--home", home) == f"pinned: {first}\n"
    assert ok("unpin", first, "--home", home) == "pinned: none\n"
    assert "has no version 'x'. hint: the newest is" in makemore("pin", "x", "--home", home).stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["promote", "20000101-000000-000000"], "has no version '20000101-000000-000000'. hint: the newest is"),
        (["promote", "SECOND", "--model", "gru"], "has no model 'gru'. hint: use one of bigram, bigram_net"),
        (["promote", "FIRST"], "is champion already (model: ngram), since 20"),
        (["rollback"], "has no previous champion. hint: run `makemore promote VERSION`"),
        (["unpin", "FIRST"], "is not pinned. hint: pinned: none"),
        (["show", "x"], "has no version 'x'"),
        (["diff", "FIRST", "x"], "has no version 'x'"),
    ],
)
def test_a_refused_command_is_one_line_and_changes_nothing(home, two, makemore, words, message):
    """Exit code 1 or 2, the message on stderr, the registry unchanged."""
    before = (home / "registry.json").read_bytes()
    words = [{"FIRST": two[0], "SECOND": two[1]}.get(word, word) for word in words]

    done = makemore(*words, "--home", home)

    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert (home / "registry.json").read_bytes() == before


def test_show_prints_a_version_in_detail(home, two, ok):
    """Marks, lists, options, models, metrics, and decisions with interval and reasons; the champion by default."""
    first, second = two
    promotion = registry.read(Home(home)).promotions[1]

    champion, other = ok("show", "--home", home), ok("show", second, "--home", home)

    assert champion.startswith(f"{first}  champion\ncreated at ")
    assert re.search(r"\n  \S+/list0\.txt: [\d,]+ names, 0 rejected, sha256 [0-9a-f]{12}\n", champion)
    assert "  build: holdout 10, smoothing 1.0, " in champion
    assert "  ngram: order 6, min_count 1" in champion
    assert "\nngram  " in champion
    assert "train, resampled" in champion
    assert "promoted (model: ngram)\n    first version in this home\n" in champion
    assert other.startswith(f"{second}  published\n")
    assert (
        f"refused (model: {promotion.model_type}), compared with {first}: Δ nll {promotion.difference:+.4f} (" in other
    )
    assert "    no ngram in this version to compare" in other


def test_show_prints_what_was_forgotten(home, two, ok):
    """After the decisions."""
    registry.mark_forgotten(Home(home), {two[1]: "the list towns.txt"})

    assert "\n  forgotten: the list towns.txt" in ok("show", two[1], "--home", home)


def test_diff_prints_all_differences(made, two, ok):
    """Lists, options, models, bigrams, in this order."""
    printed = ok("diff", *two, "--home", made)

    lists, options, models, bigrams = printed.split("\n\n")[1:]
    assert printed.startswith(f"{two[0]} -> {two[1]}\n\nlists\n")
    assert re.fullmatch(r"lists\n  added    \S+/list1\.txt: 2,273 names", lists)
    assert "  build.smoothing  1.0 -> 2.0" in options
    assert "  train.seed  2147483647 -> 7" in options
    assert "  models.ngram.order  6 -> None" in options
    assert re.search(r"\n  bigram +\d+ +2\.\d{4} +2\.\d{4} +[+-]0\.\d{4} \([+-]0\.\d{4} to [+-]0\.\d{4}\)\n", models)
    assert models.endswith("  only before: ngram\n  only after: bigram_net")
    assert re.search(r"\n  \S \S +\d\.\d\d % +\d\.\d\d % +[+-]\d\.\d\d  \w+, \w+, \w+", bigrams)


def test_a_version_does_not_differ_from_itself(made, two, ok):
    """Each section prints "no change"."""
    printed = ok("diff", two[0], two[0], "--home", made)

    assert printed.count("  no change") == 3
    assert "+0.0000 (+0.0000 to +0.0000)" in printed


def test_verify_checks_the_registry(home, makemore):
    """The error names it; the versions are checked all the same."""
    (home / "registry.json").write_text("{")

    done = makemore("verify", "--home", home)

    assert len(re.findall(r"^20\S+: ok$", done.stdout, re.MULTILINE)) == 2
    assert done.returncode == 1
    assert "is damaged: registry.json" in done.stderr


@pytest.mark.parametrize("cut", [lambda data: data[: len(data) // 2], lambda data: bytes(len(data)), lambda data: None])
@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("manifest.json", ["show"]),
        ("models/ngram/config.json", ["sample"]),
        ("models/ngram/model.safetensors", ["sample"]),
        ("models/ngram/model.safetensors", ["score", "emma"]),
        ("stats.duckdb", ["query", "select count(*) from vocab"]),
        ("stats.duckdb", ["score", "emma"]),
        ("models/ngram/scores.parquet", ["score", "emma"]),
    ],
)
def test_an_error_names_the_damaged_file_of_the_champion(home, makemore, ok, cut, file, command):
    """Truncated, zeroed or deleted: exit code 1, and one line with the file and the next commands."""
    ok("promote", store.version_names(Home(home))[1], "--home", home)
    ok("rollback", "--home", home)
    path = store.find_version(Home(home)).path / file
    data = cut(path.read_bytes())
    path.unlink()
    if data is not None:
        path.write_bytes(data)

    done = makemore(*command, "--home", home)

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert f"/{file}" in done.stderr
    assert "`makemore verify`" in done.stderr
    assert "`makemore rollback`" in done.stderr
    assert makemore("verify", "--home", home).returncode == 1
    ok("rollback", "--home", home)
    command = ["sample", "--model", "bigram"] if command == ["sample"] else command
    ok(*command, "--home", home)
