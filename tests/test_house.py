"""The house itself: who may import whom, what stays out of the way, what the wheel carries."""

import ast
import subprocess
import sys

import pytest

from tests.conftest import ROOT

FLOORS = {
    0: [
        "ahead",
        "automaton",
        "database",
        "device",
        "gate",
        "home",
        "models",
        "notice",
        "options",
        "progress",
        "regex",
        "scripts",
        "seal",
        "tables",
        "vocab",
        "windows",
    ],
    1: ["bundle", "checkpoint", "dfa", "guard", "lists", "registry", "relations", "requests", "trie", "withheld"],
    2: ["arpa", "counts", "dataset", "formats", "ngrams", "patterns", "quarantine", "warehouse"],
    3: ["batches", "evaluate", "training_state", "trellis", "upkeep"],
    4: ["best", "descend", "fit", "scores", "steer", "surprise", "walk"],
    5: ["artifacts", "provenance", "sample", "train"],
    6: ["differences", "report", "results", "summary", "weights"],
    7: [
        "account",
        "loaded",
        "steps.checking",
        "steps.deciding",
        "steps.gatekeeping",
        "steps.intake",
        "steps.retention",
        "steps.using",
    ],
    8: [
        "steps.backup",
        "steps.drafting",
        "steps.due",
        "steps.forgetting",
        "steps.inbox",
        "steps.modelling",
        "steps.sampling",
        "steps.scoring",
    ],
    9: ["flows.again", "flows.embedded", "flows.page", "flows.records", "steps.making", "steps.night"],
    10: ["flows.making_tasks", "flows.sampling_tasks", "flows.tasks", "flows.telling"],
    11: ["flows.generate", "flows.ingest", "flows.nightly", "flows.train"],
    12: ["cli.app", "flows.deployments"],
    13: ["flows.serving"],
    14: ["cli.housekeeping", "cli.keeping", "cli.lists", "cli.making", "cli.producing", "cli.reading", "cli.serving"],
}
FLOOR_OF = {module: floor for floor, modules in FLOORS.items() for module in modules}


def modules():
    """Each module of the package and the flows, with its path; a model's file counts as models."""
    for path in sorted([*ROOT.glob("makemore/**/*.py"), *ROOT.glob("flows/*.py")]):
        folder = path.parent.name
        if folder == "models":
            yield "models", path
        elif path.name != "__init__.py":
            yield (path.stem if folder == "makemore" else f"{folder}.{path.stem}"), path


def imports(path):
    """Modules of ours that a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module in ("makemore", "makemore.steps", "flows"):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def ours(imported):
    """The floor's name of an imported module of ours, or None."""
    name = imported.removeprefix("makemore.")
    return next((module for module in FLOOR_OF if name == module or name.startswith(f"{module}.")), None)


@pytest.mark.parametrize(("module", "path"), list(modules()), ids=lambda value: getattr(value, "stem", value))
def test_a_file_imports_from_floors_below_only(module, path):
    """Never from beside or above: docs/decisions/0001-floors.md."""
    wrong = [
        name
        for name in map(ours, imports(path))
        if name and FLOOR_OF[name] >= FLOOR_OF[module] and not module == name == "models"
    ]

    assert wrong == []


def test_every_module_has_a_floor():
    """A new file takes its place on purpose."""
    assert {module for module, _ in modules()} == set(FLOOR_OF)


@pytest.mark.parametrize(
    ("library", "where"), [("prefect", "flows/"), ("cyclopts", "makemore/cli/"), ("jinja2", "makemore/report.py")]
)
def test_a_library_is_imported_in_its_own_place_only(library, where):
    """Prefect in flows/, the command line's library in cli."""
    found = [
        path.relative_to(ROOT).as_posix()
        for _, path in modules()
        for name in imports(path)
        if name.split(".")[0] == library
    ]

    assert [path for path in found if not path.startswith(where)] == []
    assert found


def run_python(code):
    """The finished process of a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60, cwd=ROOT
    )


def test_the_library_works_without_prefect():
    """pip install makemore, without [flows], loads, scores and samples: nothing but cli's run needs Prefect."""
    done = run_python(
        "import sys; sys.modules['prefect'] = None; sys.modules['flows'] = None\n"
        "import makemore.steps.making, makemore.steps.using, makemore.cli"
    )

    assert done.returncode == 0, done.stderr


def test_help_imports_neither_torch_nor_prefect():
    """Nor DuckDB or Polars: help and completion are quick."""
    done = run_python(
        "import sys, makemore.cli\n"
        "makemore.cli.app(['train', '--help'], exit_on_error=False, result_action='return_value')\n"
        "print(sorted({'torch', 'prefect', 'polars', 'duckdb', 'pyarrow'} & sys.modules.keys()))"
    )

    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_files_say_in_their_first_line_what_they_are():
    """One idea a file, and it is said; no file named after nothing."""
    for _, path in modules():
        assert ast.get_docstring(ast.parse(path.read_text())), path
        assert path.stem not in ("utils", "common", "helpers", "misc", "base")
