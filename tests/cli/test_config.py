"""makemore.toml: which source of a value wins, relative lists, errors, and the commands that read it."""

import json
import os

import pytest

from tests.blocks import blocks
from tests.conftest import ENGLISH, ROOT


@pytest.fixture
def home(tmp_path):
    """An empty home."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def write(home, text):
    """Write makemore.toml."""
    (home / "makemore.toml").write_text(text, encoding="utf-8")
    return home / "makemore.toml"


def values(ok, *words, **env):
    """Return value, source and name of the source of each option."""
    rows = json.loads(ok("config", "--json", *words, **env))
    return {row["key"]: (row["value"], row["source"], row["from"]) for row in rows}


def test_flags_win_over_the_environment_over_the_file(ok, home):
    file = write(home, "timeout = 3\nkeep = 5\nholdout = 0\nlower = true\n")

    shown = values(ok, "--home", home, "--keep", 7, "--lower=false", MAKEMORE_TIMEOUT="4")

    assert shown["keep"] == (7, "flag", "--keep")
    assert shown["lower"] == (False, "flag", "--lower")
    assert shown["timeout"] == (4, "environment", "MAKEMORE_TIMEOUT")
    assert shown["holdout"] == (0, "file", str(file))
    assert shown["order"] == (6, "default", None)


def test_lists_are_relative_to_the_folder_of_the_file(ok, home, tmp_path, monkeypatch):
    """Globs too; URLs and absolute paths stay, `~` is the folder of the user."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    write(home, 'lists = ["inbox", "../towns/*.csv", "/a.txt", "~/b.txt", "https://example.org/c.txt"]\n')

    lists, _, _ = values(ok, "--home", home)["lists"]

    assert lists == [
        str(home / "inbox"),
        str(tmp_path / "towns" / "*.csv"),
        "/a.txt",
        str(tmp_path / "user" / "b.txt"),
        "https://example.org/c.txt",
    ]


def test_the_file_of_metrics_is_relative_to_the_folder_of_the_file(ok, home):
    """An empty environment variable switches metrics off."""
    write(home, 'metrics = "../makemore.prom"\n')

    assert values(ok, "--home", home)["metrics"][0] == str(home.parent / "makemore.prom")
    assert values(ok, "--home", home, MAKEMORE_METRICS="")["metrics"][0] is None


def test_an_empty_variable_switches_alerts_off(ok, home):
    file = write(home, 'notify = "block:x/y"\n')

    assert values(ok, "--home", home)["notify"] == (["block:x/y"], "file", str(file))
    assert values(ok, "--home", home, MAKEMORE_NOTIFY="")["notify"] == ([], "environment", "MAKEMORE_NOTIFY")


def test_a_list_of_the_command_line_replaces_those_of_the_file(ok, home):
    write(home, 'lists = ["inbox"]\n')

    assert values(ok, "a.txt", "--home", home)["lists"] == (["a.txt"], "flag", "LISTS")


def test_a_home_of_the_environment_has_its_file_read(ok, home):
    write(home, "keep = 5\n")

    assert values(ok, MAKEMORE_HOME=str(home))["keep"][0] == 5


def test_another_file_is_used_instead_of_that_of_the_home(ok, makemore, home, tmp_path):
    write(home, "keep = 5\nsamples = 9\n")
    (tmp_path / "other.toml").write_text("keep = 6\n")

    shown = values(ok, "--home", home, "--config", tmp_path / "other.toml")
    missing = makemore("config", "--config", tmp_path / "missing.toml")

    assert (shown["keep"][0], shown["samples"][0]) == (6, 10_000)
    assert missing.returncode == 1
    assert missing.stderr.startswith(f"makemore: --config {tmp_path / 'missing.toml'} does not exist. hint: ")


def test_a_file_that_cannot_be_read_is_an_error_with_a_hint(makemore, home, tmp_path):
    """A folder, and a broken symlink in the home."""
    (home / "makemore.toml").symlink_to(tmp_path / "missing.toml")

    folder = makemore("config", "--config", tmp_path)
    link = makemore("config", "--home", home)

    assert (folder.returncode, link.returncode) == (2, 2)
    assert folder.stderr.startswith(f"makemore: {tmp_path} cannot be read (Is a directory). hint: ")
    assert link.stderr == f"makemore: {home / 'makemore.toml'} is a broken symlink. hint: recreate or delete it\n"


def test_a_byte_order_mark_is_ignored(ok, home):
    write(home, "\ufeffkeep = 5\n")

    assert values(ok, "--home", home)["keep"][0] == 5


@pytest.mark.parametrize(
    "notify", ['"https://a.example/SECRET,block:x/y"', '["https://a.example/SECRET", "block:x/y"]']
)
def test_secrets_are_hidden(ok, home, notify):
    write(home, f"notify = {notify}\n")

    assert values(ok, "--home", home)["notify"][0] == ["https://a.example/...", "block:x/y"]
    assert "SECRET" not in ok("config", "--home", home)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kep = 3", "unknown key 'kep'. hint: did you mean 'keep'?"),
        ("max_length = 3", "unknown key 'max_length'. hint: did you mean 'max-length'?"),
        ("zzz = 3", "unknown key 'zzz'. hint: a key is an option of `makemore serve`"),
        ('home = "x"', "unknown key 'home'. hint: use --home"),
        ('keep = "3"', 'keep = "3" is invalid. hint: use a whole number'),
        ("keep = true", "keep = true is invalid. hint: use a whole number"),
        ("keep = 0", "keep 0 is out of range. hint: use 1 or more"),
        ("timeout = 0", "timeout 0 is out of range"),
        ("lower = 1", "lower = 1 is invalid. hint: use true or false"),
        ("cron = 5", "cron = 5 is invalid. hint: use text"),
        ("holdout = 60", "holdout 60 is out of range. hint: use 0 to 45 percent"),
        ('lists = ""', 'lists = "" is invalid. hint: delete the key'),
        ('lists = [""]', 'lists = [""] is invalid. hint: delete the key'),
        ('metrics = ""', 'metrics = "" is invalid. hint: delete the key'),
        ("models = []", "models = [] is invalid. hint: delete the key"),
        ("models = [1]", "models = [1] is invalid. hint: use a list of texts"),
        ('models = ["lstm"]', "unknown model type 'lstm'"),
        ('format = "xlsx"', 'format = "xlsx" is invalid. hint: use one of csv, jsonl'),
        ("[set]\ngru = 1", 'set = {"gru": 1} is invalid'),
        ('columns = "a,b"', "columns a,b does not contain 'name'"),
        ('notify = ["https://a.example/SECRET", 1]', "notify = ... is invalid"),
        ('notify = "a.example/SECRET"', "notify (not a URL) is invalid"),
        ("keep = ", " is not valid TOML: "),
    ],
)  # fmt: skip
def test_an_invalid_file_is_one_line_with_file_and_key(makemore, home, text, message):
    """Exit code 2, also for a key that the command does not need."""
    file = write(home, text)

    done = makemore("build", "--home", home)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"makemore: {file}")
    assert message in done.stderr
    assert "SECRET" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", [["run"], ["serve"], ["ingest"], ["build"], ["train"], ["prune"], ["config"]])
def test_commands_of_a_run_read_the_file(makemore, home, command):
    write(home, "kep = 3")

    assert "unknown key 'kep'" in makemore(*command, "--home", home).stderr


@pytest.mark.parametrize("command", [["sample"], ["versions"], ["score", "emma"], ["show"]])
def test_commands_that_read_a_version_ignore_the_file(makemore, home, command):
    write(home, "kep = 3")

    assert "kep" not in makemore(*command, "--home", home).stderr


def test_the_steps_of_a_run_take_their_options_from_the_file(ok, home, tmp_path):
    """From another working directory, with the inbox inside the home."""
    (home / "inbox").mkdir()
    (home / "inbox" / "list.txt").write_text("Emma\nAva\n")
    write(home, 'lists = "inbox"\nlower = true\nholdout = 0\nmodels = ["bigram"]\nsamples = 3\n')

    ingested = ok("ingest", "--home", home)
    ok("build", "--home", home)
    ok("train", "--home", home)
    shown = ok("show", "--home", home)

    assert ingested == f"{home / 'inbox' / 'list.txt'}: 2 names, 0 rejected\n"
    assert "holdout 0" in shown
    assert ok("query", "select name from names order by name", "--format", "csv", "--home", home) == "name\nava\nemma\n"


def test_the_documented_file_is_valid(ok, home):
    """The example of docs/reference/configuration.md: each of its keys has an effect."""
    [example] = [
        block for block in blocks(ROOT / "docs" / "reference" / "configuration.md") if block.language == "toml"
    ]
    file = write(home, example.text)

    shown = values(ok, "--home", home)

    keys = [line.split(" = ")[0] for line in example.text.splitlines()]
    assert [key for key in keys if shown[key][1:] != ("file", str(file))] == []


def test_a_list_is_the_same_by_the_file_and_by_the_command_line(ok, home):
    """Its URI has no dots: the list is known."""
    write(home, f'lists = ["{os.path.relpath(ENGLISH, home)}"]\n')

    assert ok("ingest", "--home", home).startswith(f"{ENGLISH}: 6,818 names")
    assert ok("ingest", ENGLISH, "--home", home) == f"{ENGLISH}: 6,818 names, 0 rejected, unchanged\n"
