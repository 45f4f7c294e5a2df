"""Every fenced block of README.md and docs/ is run or checked, and the docs name what there is.

`python` blocks run, those of a page one after the other in one namespace; one that starts with `>>>` is held to the
output it shows. `sql` blocks run on a published snapshot; a `text` block right after one is held to the last
result. `console` blocks run in a shell; output that is shown must be what is printed. `make` targets must exist.
Output may be left out, and `...` stands for any of it. Commands that start Prefect are for tests/flows/test_shown.py.
"""

import doctest
import inspect
import re
import shlex
import subprocess
from pathlib import Path

import duckdb
import pytest

from makemore.cli import app
from makemore.database import analyst, query
from makemore.home import Home
from makemore.models import configure, model_class, model_types
from makemore.relations import catalog
from makemore.versions.store import VERSION, find_version
from tests.blocks import BLOCKS, PAGES, STARTS_PREFECT, blocks, commands, examples_of, matches, shell
from tests.conftest import ROOT

LANGUAGES = {"python", "sql", "console", "sh", "text", "json", "toml"}
SET_UP = {"cd", "curl", "git", "make", "pip", "python3"}
NEEDS_NO_SHELL = re.compile(r"makemore [^|;&<>$*`\n]*")
"""A command that can do without a process of its own: torch alone takes a second and a half to import."""
COMMANDS = [name for name in app if not name.startswith("-")]
BEFORE = {
    "promote": [["promote", "VERSION", "--model", "bigram"]],
    "restore": [["export-home", "names.tar.zst"]],
    "rollback": [["promote", "VERSION", "--model", "bigram"]],
    "unpin": [["pin", "VERSION"]],
}
"""Commands without which the example of a command has nothing to do in a home of one version."""


def of(language):
    return pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == language], ids=str)


@pytest.fixture(scope="session")
def version(published):
    return find_version(Home(published))


def test_no_block_is_in_a_language_that_nothing_checks():
    unknown = [f"{block} {block.language!r}" for block in BLOCKS if block.language not in LANGUAGES]

    assert unknown == []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```python" in page.read_text()], ids=lambda page: page.name
)
def test_python_blocks_run_and_print_what_they_show(page, playground):
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
    """The text block that follows with nothing but empty lines between, if there is one."""
    lines = block.page.read_text(encoding="utf-8").splitlines()
    end = block.line + block.text.count("\n") + 1
    found = [other for other in BLOCKS if other.page == block.page and other.line > end and other.language == "text"]
    return found[0].text if found and not "".join(lines[end : found[0].line - 1]).strip() else ""


@of("console")
def test_console_blocks_print_what_they_show(block, terminal, playground):
    told = [(command, shown) for command, shown in commands(block) if not STARTS_PREFECT.search(command)]
    for command, shown in told:
        assert not (command.startswith("make ") and shown), f"{block}: {command!r} is not run: show its output as text"
    if all(NEEDS_NO_SHELL.fullmatch(command) for command, _ in told):
        ended = [terminal(*shlex.split(command)[1:]) for command, _ in told]
    else:
        ended = shell_of([command for command, _ in told])
    for (command, shown), (output, code) in zip(told, ended, strict=True):
        assert code == 0, f"{block}: {command} failed:\n{output}"
        assert not shown or matches(shown, output), f"{block}: {command} shows\n{shown}but this is printed\n{output}"


def shell_of(told):
    """What each command prints, and its exit code, in one shell: cd and variables last from one to the next."""
    mark = "<end of a command>"
    printed = shell("".join(f"{runnable(command)}\nprintf '\\n%s %s\\n' '{mark}' $?\n" for command in told))
    return [(output, int(code)) for output, code in re.findall(rf"(.*?)\n{mark} (\d+)\n", printed, re.DOTALL)]


def runnable(command):
    """The command itself, but make only says what it would do: it sets up and tests."""
    return re.sub(r"^make\b", "make -n", command)


@of("sh")
def test_set_up_blocks_name_make_targets_that_exist(block):
    for command in re.split(r"\n|&&", re.sub(r"#.*", "", block.text)):
        program, *arguments = command.split() or ["cd"]

        assert Path(program).name in SET_UP, f"{block}: {program} is no set-up: make it a console block"
        if program == "make":
            subprocess.run(["make", "-n", *arguments], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in ("run", "serve")])
def test_the_example_of_every_command_runs(command, playground, version, capsys):
    """A version that an example names is the one that is there."""
    [example] = examples_of(command)
    for words in BEFORE.get(command, []):
        app([version.name if word == "VERSION" else word for word in words], result_action="return_value")
    example = VERSION.sub(version.name, example)

    app(shlex.split(example)[1:], result_action="return_value")

    assert capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_named_in_the_docs(command):
    assert any(re.search(rf"\bmakemore {command}\b", page.read_text(encoding="utf-8")) for page in PAGES)


def sections(page):
    """Text below each heading that is a name in code quotes, by that name."""
    parts = re.split(r"^#+ +", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name: part for part in parts for name in re.findall(r"\A`(\w+)`$", part, re.MULTILINE)}


def test_every_table_of_the_snapshot_is_documented_with_its_columns(version):
    """docs/reference/relations.md has one section a table, and its list of columns is the table's own, in order."""
    with analyst(version / "stats.duckdb") as con:
        tables = dict(
            con.execute(
                "select table_name, list(column_name order by column_index) from duckdb_columns() "
                "where not internal group by all"
            ).fetchall()
        )
    documented = sections(ROOT / "docs" / "reference" / "relations.md")

    assert {name: re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) for name, text in documented.items()} == tables


def test_every_table_has_three_queries():
    queries = {
        name: sum(len(duckdb.extract_statements(sql)) for sql in re.findall(r"```sql\n(.*?)```", text, re.DOTALL))
        for name, text in sections(ROOT / "docs" / "reference" / "relations.md").items()
    }

    assert {name: count for name, count in queries.items() if count < 3} == {}


LAWS = catalog.checks() | catalog.ngram_checks()


@pytest.mark.parametrize("law", LAWS)
def test_every_law_is_documented_in_its_own_words(law):
    words = catalog.heading(LAWS[law]).removeprefix(f"{law}: ")

    assert f"| `{law}` | {words} |" in (ROOT / "docs" / "reference" / "relations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("model_type", model_types())
def test_every_model_type_is_named_where_models_are_chosen(model_type):
    """In the help of the commands that train, in order, and in the page on training."""
    from makemore import options

    told = inspect.getsource(options.TrainOptions).partition("one an option: ")[2].partition('"""')[0]

    assert re.findall(r"\w+", told) == list(model_types())
    assert f"| `{model_type}` |" in (ROOT / "docs" / "guides" / "models.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("model_type", model_types())
def test_every_model_type_has_its_tensors_documented(model_type):
    tensors = model_class(model_type)(3, configure(model_type, {})).state_dict()
    # One row for a tensor that each layer has.
    tensors = dict.fromkeys(re.sub(r"\.\d+\.", ".i.", name) for name in tensors)
    documented = sections(ROOT / "docs" / "reference" / "file-format.md").get(model_type, "")

    assert re.findall(r"^\| `([\w.]+)` \|", documented, re.MULTILINE) == list(tensors)


def test_every_file_of_a_version_is_documented(version):
    page = (ROOT / "docs" / "reference" / "file-format.md").read_text(encoding="utf-8")
    files = (path.relative_to(version).as_posix() for path in version.rglob("*") if path.is_file())
    patterns = {re.sub(rf"/({'|'.join(model_types())})(?=[/.])", "/<model_type>", file) for file in files}

    assert {pattern for pattern in patterns if f"`{pattern}`" not in page} == set()


def test_lines_that_the_lecture_page_quotes_stand_in_their_files():
    page = ROOT / "docs" / "lecture.md"
    quoted = re.findall(
        r"`([^`]+)`\s+(?:and\s+`([^`]+)`\s+)?in\s+\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8")
    )

    assert len(quoted) >= 10
    for *lines, file in quoted:
        source = (page.parent / file).read_text(encoding="utf-8")
        assert [line for line in lines if line not in source] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text(encoding="utf-8"))

    assert [target for target in targets if not (page.parent / target).exists()] == []
