"""A few faults with real processes. `make reliability` injects all of them, many times."""

import csv
import html.parser

import pytest
from markdown_it import MarkdownIt

from makemore.home import Home
from makemore.versions import store
from tests.faults import kills


def test_a_killed_run_loses_nothing(tmp_path):
    """The first run is killed. No read fails, and the second run gives the bytes of an undisturbed home."""
    assert kills.random_kills(tmp_path, 1, seed=7, undisturbed=0).survived == 1


DANGEROUS = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{ 7*7 }}", "=cmd|' /C calc'!A0", "a\"'b",
             "'; drop table names; --", "/etc/passwd", "a,b", "&lt;b&gt;"]  # fmt: skip


class Elements(html.parser.HTMLParser):
    """Collect the elements and attributes of a page."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, tuple(name for name, _ in attrs)))


def test_dangerous_names_are_escaped_everywhere(ok, tmp_path):
    """The page and the card contain no element from a name, and CSV returns the names unchanged."""
    home, names = tmp_path / "home", tmp_path / "`<img src=x onerror=alert(1)>` | ``.txt"
    names.write_text("".join(f"{name}\n" for name in DANGEROUS * 30), encoding="utf-8")
    ok("ingest", names, "--home", home)
    ok("build", "--holdout", 0, "--home", home)
    ok("train", "--models", "bigram,ngram", "--samples", 300, "--home", home)
    version = store.find_version(Home(home))

    page = Elements()
    page.feed(version.report.read_text(encoding="utf-8"))
    ok("query", "select distinct name from names order by name", "--home", home, "-o", tmp_path / "names.csv")
    ok("sample", "-n", 200, "--seed", 1, "--home", home, "-o", tmp_path / "sampled.csv")
    ok("sample", "-n", 200, "--seed", 1, "--home", home, "-o", tmp_path / "sampled.txt")

    card = MarkdownIt("commonmark").enable("table").parse(version.card.read_text(encoding="utf-8"))
    spans = [token for line in card for token in line.children or ()]
    assert [token.content for token in [*card, *spans] if token.type.startswith("html")] == []
    assert str(names) in [token.content for token in spans if token.type == "code_inline"]
    assert {tag for tag, _ in page.found} & {"script", "img", "iframe", "object"} == set()
    assert not [attribute for _, names in page.found for attribute in names if attribute.startswith("on")]
    with (tmp_path / "names.csv").open(newline="", encoding="utf-8") as file:
        assert [row["name"] for row in csv.DictReader(file)] == sorted(DANGEROUS)
    with (tmp_path / "sampled.csv").open(newline="", encoding="utf-8") as file:
        sampled = [row["name"] for row in csv.DictReader(file)]
    assert sampled == (tmp_path / "sampled.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("trick", ["../../etc", "/etc/passwd", "..", "", "20260101-000000-aaaaaa/../..", "a\0b"])
@pytest.mark.parametrize("words", [["show"], ["verify"], ["promote"], ["pin"], ["diff", "x"], ["sample", "--version"]])
def test_a_version_argument_is_never_a_path(published, makemore, words, trick):
    """It is compared with the published versions."""
    done = makemore(*words, trick, "--home", published)

    assert done.returncode == 1
    assert "has no version" in done.stderr
