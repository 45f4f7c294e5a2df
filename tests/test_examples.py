"""The programs of examples/ run unchanged and print the documented output."""

import io
import json
import re
import runpy
import sys
from contextlib import redirect_stdout

import pytest

from makemore.home import Home
from makemore.versions.store import find_version
from makemore.versions.version import Version
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples"


def printed(example, *arguments, without=()):
    """Return the output of an example. It runs in this process, since each new one would import torch for a second."""
    stdout = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout):
        patch.chdir(ROOT)
        patch.setattr(sys, "argv", [example, *map(str, arguments)])
        for module in without:
            patch.setitem(sys.modules, module, None)
        runpy.run_path(str(EXAMPLES / example), run_name="__main__")
    return stdout.getvalue()


def printed_without_makemore(example, *arguments):
    """Return the output of an example while `import makemore` and `import torch` fail."""
    return printed(example, *arguments, without=["makemore", "torch"])


@pytest.fixture(scope="module")
def version(published):
    return find_version(Home(published)).path


@pytest.fixture(scope="module")
def sampled(version):
    return printed_without_makemore("load_weights.py", version)


def test_load_weights_samples_ten_names_of_each_model_without_makemore(version, sampled):
    printed_names = dict(line.split(": ") for line in sampled.splitlines())

    assert list(printed_names) == Version(version).model_types
    for model_type, names in printed_names.items():
        chars = json.loads((version / "models" / model_type / "config.json").read_text(encoding="utf-8"))["chars"]
        assert len(names.split(", ")) == 10
        assert set(names.replace(", ", "")) <= set(chars) - {"."}


def test_a_home_stands_for_its_champion(version, published, sampled):
    assert printed_without_makemore("load_weights.py", published) == sampled
    assert printed_without_makemore("query_snapshot.py", published) == printed_without_makemore(
        "query_snapshot.py", version
    )


def test_load_weights_samples_other_names_from_another_seed(version, sampled):
    assert printed_without_makemore("load_weights.py", version, 7) != sampled


def test_query_snapshot_answers_its_questions_without_makemore(version):
    answers = printed_without_makemore("query_snapshot.py", version)

    assert re.search(r"q +│ u +│ +57 │", answers)
    assert re.search(r"yaakov +│ +4\.19 │", answers)


def test_lecture_runs_on_the_bundled_list():
    assert "untrained net   3.7818 over 47,254 examples, 3.7818 over 488 rows" in printed("lecture.py")


def test_lecture_prints_the_golden_numbers_of_its_page(lecture_list):
    output = printed("lecture.py", lecture_list)
    golden = [
        "32,033",
        "228,146",
        "(n .) 6763, (a .) 6640, (a n) 5438, (. a) 4410, (e .) 3983",
        "cexze momasurailezitynn konimittain llayn ka",
        "2.4540",
        "2.4546",
        "[0, 5, 13, 13, 1], [5, 13, 13, 1, 0]",
        "2.4624",
    ]
    page = (EXAMPLES.parent / "docs" / "lecture.md").read_text(encoding="utf-8")

    assert [number for number in golden if number not in output or number not in page] == []
    assert re.search(r"^andrejq +inf,", output, re.MULTILINE)
    assert re.search(r"^net +2\.4624 after 200 steps", output, re.MULTILINE)


def test_every_example_is_short_and_shows_its_command():
    for example in EXAMPLES.glob("*.py"):
        source = example.read_text(encoding="utf-8")

        assert len(source.splitlines()) <= 80, example.name
        assert f"python examples/{example.name}" in source
