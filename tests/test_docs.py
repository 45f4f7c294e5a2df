"""Every fenced block of README.md and docs/ runs or is checked, and the docs name what exists.

`python` blocks run, those of a page in one namespace; one that starts with `>>>` must print the output that it shows.
`sql` blocks run on a published snapshot; a `text` block right below one is compared with the last result. `console`
blocks run in a shell and must print the shown output. `make` targets must exist. Output may be omitted, and `...`
stands for any part of it. Commands that start Prefect run in tests/flows/test_shown.py.
"""

import doctest
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import duckdb
import pytest

from makemore.cli import app
from makemore.database import analyst, query
from makemore.home import Home
from makemore.models import configure, model_class, model_types
from makemore.relations import catalog
from makemore.versions.folder import VERSION_NAME
from makemore.versions.store import find_version
from tests.blocks import BLOCKS, FENCE, PAGES, STARTS_PREFECT, blocks, commands, examples_of, matches, shell
from tests.conftest import ROOT

DOCS = ROOT / "docs"
GUIDE_TO_MODELS = DOCS / "guides" / "models.md"
RELATIONS = DOCS / "reference" / "relations.md"
FILE_FORMAT = DOCS / "reference" / "file-format.md"
ARCHITECTURE = DOCS / "project" / "architecture.md"
LANGUAGES = {"python", "sql", "console", "sh", "text", "json", "toml", "yaml"}
SETUP_PROGRAMS = {"cd", "curl", "git", "make", "pip", "python3"}
WITHOUT_SHELL = re.compile(r"makemore [^|;&<>$*`\n]*")
"""A command that can run in this process: importing torch in a new one takes a second and a half."""
SETS_STATE = re.compile(r"cd\b|export\b|\w+=")
"""A command that later ones of its shell depend on; `source .venv/bin/activate` sets what the playground has set."""
COMMANDS = [name for name in app if not name.startswith("-")]
BEFORE = {
    "promote": [["promote", "VERSION", "--model", "bigram"]],
    "restore": [["export-home", "names.tar.zst"]],
    "rollback": [["promote", "VERSION", "--model", "bigram"]],
    "unpin": [["pin", "VERSION"]],
}
"""Commands that must run before the example of a command, in a home with one version."""


def of(language):
    return pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == language], ids=str)


def text_of(page):
    return page.read_text(encoding="utf-8")


pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


@pytest.fixture(scope="session")
def version(published):
    return find_version(Home(published)).path


def test_each_block_has_a_language_that_is_checked():
    unknown = [f"{block} {block.language!r}" for block in BLOCKS if block.language not in LANGUAGES]

    assert unknown == []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```python" in text_of(page)], ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_python_blocks_run_and_print_the_shown_output(page, playground):
    names = {"__name__": page.stem}
    for block in blocks(page):
        if block.language == "python" and block.text.startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(block.text, names, str(block), str(page), block.line)
            failures = []
            doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=failures.append, clear_globs=False)
            names = test.globs

            assert not failures, "".join(failures)
        elif block.language == "python":
            exec(compile("\n" * block.line + block.text, str(page), "exec"), names)


@of("sql")
def test_sql_blocks_run_on_a_snapshot(block, version, published, capsys):
    statements = [statement.query for statement in duckdb.extract_statements(block.text)]
    for statement in statements:
        query(version / "stats.duckdb", statement)

    if shown := shown_below(block):
        app(["query", statements[-1], "--home", str(published)], result_action="return_value")
        printed = capsys.readouterr().out
        assert matches(shown, printed), f"{block} shows\n{shown}but this is printed\n{printed}"


def shown_below(block):
    """Return the text block that follows with only empty lines between, or ''."""
    lines = text_of(block.page).splitlines()
    end = block.line + block.text.count("\n") + 1
    below = [other for other in BLOCKS if other.page == block.page and other.line > end and other.language == "text"]
    return below[0].text if below and not "".join(lines[end : below[0].line - 1]).strip() else ""


@of("console")
def test_console_blocks_print_the_shown_output(block, terminal, playground):
    pairs = [(command, shown) for command, shown in commands(block) if not STARTS_PREFECT.search(command)]
    for command, shown in pairs:
        assert not (command.startswith("make ") and shown), f"{block}: {command!r} does not run: show its output apart"
    lines = [command for command, _ in pairs]
    if any(SETS_STATE.match(line) for line in lines):
        results = run_in_shell(lines)
    else:
        results = [run(line, terminal) for line in lines]
    for (command, shown), (output, code) in zip(pairs, results, strict=True):
        assert code == 0, f"{block}: {command} failed:\n{output}"
        assert not shown or matches(shown, output), f"{block}: {command} shows\n{shown}but this is printed\n{output}"


def run(line, terminal):
    """Return the output and exit code of a command that leaves the shell as it was."""
    line = line.replace("\\\n", " ")
    if WITHOUT_SHELL.fullmatch(line):
        return terminal(*shlex.split(line)[1:])
    [result] = run_in_shell([line])
    return result


def run_in_shell(lines):
    """Return the output and exit code of each command; all run in one shell, so `cd` and variables persist."""
    mark = "<end of a command>"
    printed = shell("".join(f"{without_setup(line)}\nprintf '\\n%s %s\\n' '{mark}' $?\n" for line in lines))
    return [(output, int(code)) for output, code in re.findall(rf"(.*?)\n{mark} (\d+)\n", printed, re.DOTALL)]


def without_setup(command):
    """Return the command itself, or a dry run of a make target, which would install packages."""
    return re.sub(r"^make\b", "make -n", command)


@of("sh")
def test_setup_blocks_name_existing_make_targets(block):
    for command in re.split(r"\n|&&", re.sub(r"#.*", "", block.text)):
        program, *arguments = command.split() or ["cd"]

        assert Path(program).name in SETUP_PROGRAMS, f"{block}: {program} is not a setup program: use a console block"
        if program == "make":
            subprocess.run(["make", "-n", *arguments], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in ("run", "serve")])
def test_the_example_of_every_command_runs(command, playground, version, capsys):
    """The version in an example is replaced by the published one."""
    [example] = examples_of(command)
    for words in BEFORE.get(command, []):
        app([version.name if word == "VERSION" else word for word in words], result_action="return_value")
    example = VERSION_NAME.sub(version.name, example)

    app(shlex.split(example)[1:], result_action="return_value")

    assert capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_named_in_the_docs(command):
    assert any(re.search(rf"\bmakemore {command}\b", text_of(page)) for page in PAGES)


def test_the_command_line_page_lists_every_command_once():
    lists = re.findall(r"^ +commands: \[(.*)\]$", text_of(DOCS / "reference" / "cli.md"), re.MULTILINE)

    assert sorted(command for commands in lists for command in commands.split(", ")) == sorted(COMMANDS)


def test_every_page_is_in_the_navigation_of_the_site():
    listed = re.findall(r"^ +- (?:[\w ]+: )?(\S+\.md)$", text_of(ROOT / "mkdocs.yml"), re.MULTILINE)

    assert [page for page in PAGES[1:] if page.relative_to(DOCS).as_posix() not in listed] == []


def test_the_site_builds_and_loads_nothing_from_another_host(tmp_path):
    """Strictly: a broken link or anchor is an error."""
    site = tmp_path / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", site]

    built = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)

    assert built.returncode == 0, built.stderr
    loaded = r"""<(?:script|img|iframe|link)\b[^>]*?(?:src|href)="?(https?://[^ ">]+)"""
    assert {url for page in site.rglob("*.html") for url in re.findall(loaded, text_of(page))} == set()


def test_the_readme_is_short():
    assert len(text_of(ROOT / "README.md").splitlines()) <= 130


@pages
def test_prose_is_wrapped_at_100_columns(page):
    """Tables, links without spaces and code blocks may be wider."""
    wide, fence = [], ""
    for number, line in enumerate(text_of(page).splitlines(), start=1):
        if found := FENCE.match(line):
            fence = "" if fence else found[2]
        elif not fence and len(line) > 100 and not line.lstrip().startswith("|") and " " in line.strip():
            wide.append(number)

    assert wide == []


def sections(page):
    """Return the text below each heading that is a name in code quotes, by that name."""
    parts = re.split(r"^#+ +", text_of(page), flags=re.MULTILINE)
    return {name: part for part in parts for name in re.findall(r"\A`(\w+)`$", part, re.MULTILINE)}


def test_every_table_of_the_snapshot_is_documented_with_its_columns(version):
    """Each table has a section in the page of relations, with its columns in order."""
    with analyst(version / "stats.duckdb") as con:
        tables = dict(
            con.execute(
                "select table_name, list(column_name order by column_index) from duckdb_columns() "
                "where not internal group by all"
            ).fetchall()
        )
    documented = sections(RELATIONS)

    assert {name: re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) for name, text in documented.items()} == tables


def test_every_table_has_three_queries():
    queries = {
        name: sum(len(duckdb.extract_statements(sql)) for sql in re.findall(r"```sql\n(.*?)```", text, re.DOTALL))
        for name, text in sections(RELATIONS).items()
    }

    assert {name: count for name, count in queries.items() if count < 3} == {}


CHECKS = catalog.checks() | catalog.ngram_checks()


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_is_documented_in_the_words_of_its_file(check):
    words = catalog.heading(CHECKS[check]).removeprefix(f"{check}: ")

    assert f"| `{check}` | {words} |" in text_of(RELATIONS)


@pytest.mark.parametrize("model_type", model_types())
def test_every_model_type_is_named_in_the_help_and_in_the_guide(model_type, ok):
    """The help of the training commands has all of them."""
    assert re.search(rf"\b{model_type}\b", ok("train", "--help"))
    assert f"| `{model_type}` |" in text_of(GUIDE_TO_MODELS)


@pytest.mark.parametrize("model_type", model_types())
def test_every_model_type_has_its_tensors_documented(model_type):
    tensors = model_class(model_type)(3, configure(model_type, {})).tensors()
    # A tensor that each layer has is one row.
    tensors = dict.fromkeys(re.sub(r"\.\d+\.", ".i.", name) for name in tensors)
    documented = sections(FILE_FORMAT).get(model_type, "")

    assert re.findall(r"^\| `([\w.]+)` \|", documented, re.MULTILINE) == list(tensors)


def test_every_file_of_a_version_is_documented(version):
    page = text_of(FILE_FORMAT)
    files = (path.relative_to(version).as_posix() for path in version.rglob("*") if path.is_file())
    patterns = {re.sub(rf"/({'|'.join(model_types())})(?=[/.])", "/<model_type>", file) for file in files}

    assert {pattern for pattern in patterns if f"`{pattern}`" not in page} == set()


def test_lines_that_the_lecture_page_quotes_are_in_their_files():
    page = DOCS / "lecture.md"
    quoted = re.findall(r"`([^`]+)`\s+(?:and\s+`([^`]+)`\s+)?in\s+\[[^\]]+\]\(([^)]+)\)", text_of(page))

    assert len(quoted) >= 10
    for *lines, file in quoted:
        source = text_of(page.parent / file)
        assert [line for line in lines if line not in source] == []


def test_the_architecture_page_has_the_packages_in_import_order():
    contracts = tomllib.loads(text_of(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["id"] == "layers"]
    rows = re.findall(r"^\| (\d+) \| (`.*?`) \|", text_of(ARCHITECTURE), re.MULTILINE)
    documented = [
        {name for layer, names in rows if int(layer) == number for name in re.findall(r"`(\w+)`", names)}
        for number in range(1, len(layers) + 1)
    ]

    assert documented == [set(layer.split(" | ")) for layer in layers]


def test_the_architecture_page_names_existing_files():
    paths = re.findall(r"`((?:makemore|flows|sql|docs|tests)/[\w./-]*)`", text_of(ARCHITECTURE))

    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pages
def test_links_lead_to_existing_files(page):
    targets = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", text_of(page))
    generated = {DOCS / "project" / name for name in ("changelog.md", "performance.md")}

    assert [
        target for target in targets if not ((file := page.parent / target).exists() or file.resolve() in generated)
    ] == []
