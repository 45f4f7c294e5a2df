"""The structure of the packages: import contracts, public names, sizes, and imports that stay lazy."""

import ast
import subprocess
import sys
from functools import cache

import pytest

from tests.conftest import ROOT

PACKAGES = sorted(path.parent.name for path in ROOT.glob("makemore/*/__init__.py"))
MAX_ROOT_MODULES = 10
MAX_MODULE_LINES = 220


def modules():
    """Paths of all modules."""
    return sorted([*ROOT.glob("makemore/**/*.py"), *ROOT.glob("flows/*.py")])


def imports(path):
    """Modules of makemore that a file imports from, with the imported names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "makemore":
            yield node.module, [alias.name for alias in node.names]


def test_packages_import_only_from_packages_below():
    """The contracts of pyproject.toml hold. In a subprocess, since import-linter changes logging."""
    done = run_python("from importlinter.cli import lint_imports; raise SystemExit(lint_imports())")

    assert done.returncode == 0, done.stdout


@cache
def public(package):
    """Public names, defined names and docstring of a package."""
    folder = ROOT / "makemore" / package
    tree = ast.parse((folder / "__init__.py").read_text())
    listed, defined = [], {path.stem for path in folder.glob("*.py")}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            defined |= {target.id for target in node.targets}
            if node.targets[0].id == "__all__":
                listed = ast.literal_eval(node.value)
        elif isinstance(node, ast.ImportFrom):
            defined |= {alias.name for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
    return listed, defined, ast.get_docstring(tree)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_lists_its_public_names_and_describes_each(package):
    """The `__init__` is the index: each public name exists and is in the docstring."""
    listed, defined, docstring = public(package)

    assert listed
    assert [name for name in listed if name not in defined] == []
    assert [name for name in listed if f"`{name}`" not in docstring] == []


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_imports_only_public_names_of_other_packages(path):
    """A module that is not in `__all__` is private to its package."""
    own = path.relative_to(ROOT / "makemore").parts[0] if path.is_relative_to(ROOT / "makemore") else "flows"
    private = []
    for module, names in imports(path):
        _, package, *rest = [*module.split("."), ""]
        if package in PACKAGES and package != own:
            used = [rest[0]] if rest[0] else names
            private += [f"{module}: {name}" for name in used if name not in public(package)[0]]

    assert private == []


def test_modules_are_short_and_few_are_at_the_root():
    """A longer module has two ideas: name them and split it."""
    assert len(list(ROOT.glob("makemore/*.py"))) <= MAX_ROOT_MODULES
    assert [path for path in modules() if len(path.read_text().splitlines()) > MAX_MODULE_LINES] == []


def run_python(code):
    """Run code in a new interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60, cwd=ROOT
    )


def test_the_library_works_without_prefect():
    """Only the commands run and serve need Prefect."""
    done = run_python(
        "import sys; sys.modules['prefect'] = None; sys.modules['makemore.flows'] = None\n"
        "import makemore.pipeline.publish, makemore.pipeline.evaluate, makemore.cli"
    )

    assert done.returncode == 0, done.stderr


def test_help_imports_neither_torch_nor_prefect():
    """Nor DuckDB, Polars and PyArrow: help and completion are fast."""
    done = run_python(
        "import sys, makemore.cli\n"
        "makemore.cli.app(['train', '--help'], exit_on_error=False, result_action='return_value')\n"
        "print(sorted({'torch', 'prefect', 'polars', 'duckdb', 'pyarrow'} & sys.modules.keys()))"
    )

    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_modules_have_docstrings_and_specific_names():
    """A module states its responsibility; no module is named utils."""
    for path in modules():
        assert ast.get_docstring(ast.parse(path.read_text())), path
        assert path.stem not in ("utils", "common", "helpers", "misc", "base")
