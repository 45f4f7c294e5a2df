"""The wheel without its extras, in an environment that has only the packages that the base requires."""

import json
import shutil
import subprocess
import sys
from importlib import metadata

import pytest
from packaging.requirements import Requirement

from makemore.home import Home, locked_home
from makemore.options import TrainOptions
from makemore.pipeline import publish
from makemore.versions.store import version_names
from tests.conftest import ENGLISH

SCRIPT = """
import contextlib, io, json, sys
from importlib.util import find_spec
from pathlib import Path
import makemore
from makemore.cli import main
assert Path(makemore.__file__).is_relative_to(sys.prefix), makemore.__file__
installed = [name for name in ("torch", "prefect") if find_spec(name)]
done = []
for words in json.load(sys.stdin):
    out, err, code = io.StringIO(), io.StringIO(), 0
    sys.argv = ["makemore", *words]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code
    done.append([code, out.getvalue(), err.getvalue()])
makemore.load(words[-1], model="bigram").best(3)
json.dump([installed, done], sys.stdout)
"""
MODELS = ("bigram", "bigram_net", "ngram")
MISSING = {
    "train bigram_net": "torch is not installed. hint: pip install 'makemore[train]'",
    "train gru": "torch is not installed. hint: pip install 'makemore[train]'",
    "sample bow": "torch is not installed. hint: pip install 'makemore[train]'",
    "score bow": "torch is not installed. hint: pip install 'makemore[train]'",
    "run": "prefect is not installed. hint: pip install 'makemore[flows]'",
    "serve": "prefect is not installed. hint: pip install 'makemore[flows]'",
}


@pytest.fixture(scope="module")
def base(wheel, tmp_path_factory):
    """The folder bin/ of an environment with the wheel and links to the packages that it requires without extras."""
    environment = tmp_path_factory.mktemp("base")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    pip = (sys.executable, "-m", "pip", "--quiet", "--python", environment / "bin" / "python")
    subprocess.run([*pip, "install", "--no-deps", "--no-index", wheel], check=True)
    [site] = environment.glob("lib/python*/site-packages")
    [makemore] = metadata.distributions(name="makemore", path=[str(site)])
    for distribution in required(makemore).values():
        for top in {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(distribution.locate_file(top))
    return environment / "bin"


def required(distribution, extras=frozenset({""})):
    """The distributions that a distribution with these extras requires, directly or indirectly, by name."""
    found = {}
    for requirement in map(Requirement, distribution.requires or ()):
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras):
            dependency = metadata.distribution(requirement.name)
            found |= {requirement.name: dependency, **required(dependency, {"", *requirement.extras})}
    return found


@pytest.fixture(scope="module")
def homes(published, tmp_path_factory):
    """Two writable copies of the published home; the newest version of the second has a net."""
    folder = tmp_path_factory.mktemp("homes")
    counts, net = (shutil.copytree(published, folder / name) for name in ("counts", "net"))
    with locked_home(net, "the tests"):
        publish.make_version(net, TrainOptions(models=("bow",), samples=1, set=("bow.names=64",)))
    return counts, net


@pytest.fixture(scope="module")
def done(base, homes, tmp_path_factory):
    """Exit code, stdout and stderr of each command, run in one process without torch and Prefect."""
    folder, (counts, net) = tmp_path_factory.mktemp("files"), homes
    [version] = version_names(Home(counts))
    newest = version_names(Home(net))[-1]
    (folder / "new.txt").write_text("emma\n")
    (folder / "requests.csv").write_text("n,prefix\n5,ma\n")
    commands = {
        **{f"sample {model}": ["sample", "--model", model, "--novel"] for model in MODELS},
        **{f"score {model}": ["score", "emma", "--model", model] for model in MODELS},
        "sample -o": ["sample", "--distinct", "--temperature", "0.7", "--top-k", "5", "-o", str(folder / "n.parquet")],
        "sample --best": ["sample", "--best", "-n", "3"],
        "generate": ["generate", "--requests", str(folder / "requests.csv"), "-o", str(folder / "n.csv")],
        "score --names": ["score", "--names", str(ENGLISH), "-o", str(folder / "scores.csv")],
        "evaluate": ["evaluate", "--names", str(ENGLISH)],
        "query": ["query", "select 1"],
        "compare": ["compare"],
        "show": ["show"],
        "versions": ["versions"],
        "status": ["status"],
        "config": ["config"],
        "diff": ["diff", version, version],
        "arpa": ["arpa"],
        "verify": ["verify"],
        "train": ["train", "--models", "bigram,ngram", "--samples", "10"],
        "train bigram_net": ["train", "--models", "bigram_net"],
        "train gru": ["train", "--models", "gru"],
        "sample bow": ["sample", "--version", newest, "--model", "bow", "--home", str(net)],
        "score bow": ["score", "emma", "--version", newest, "--model", "bow", "--home", str(net)],
        "run": ["run", str(folder / "new.txt")],
        "serve": ["serve", str(ENGLISH)],
    }
    words = json.dumps([[*words, *(["--home", str(counts)] * ("--home" not in words))] for words in commands.values()])
    process = subprocess.run(
        [base / "python", "-I", "-c", SCRIPT], check=False, input=words, capture_output=True, text=True, timeout=120
    )
    assert process.returncode == 0, process.stderr
    installed, results = json.loads(process.stdout)
    assert installed == []
    return dict(zip(commands, results, strict=True))


def test_commands_on_count_models_need_no_extra(done):
    """They sample, score, evaluate, inspect and verify versions, and train `bigram` and `ngram`."""
    failed = {command: result for command, result in done.items() if result[0] and command not in MISSING}

    assert failed == {}
    assert len(done["sample ngram"][1].splitlines()) == 20
    assert [line.split()[0] for line in done["evaluate"][1].splitlines()] == list(MODELS)


@pytest.mark.parametrize("command", MISSING)
def test_a_missing_extra_is_named(done, command):
    """One line with the command that installs it, and exit code 1."""
    code, _, err = done[command]

    assert code == 1
    assert MISSING[command] in err.splitlines()[-1]


def test_the_console_script_needs_no_extra(base):
    """`makemore --help` lists the commands."""
    done = subprocess.run(
        [base / "python", "-I", base / "makemore", "--help"], check=True, capture_output=True, text=True
    )

    assert "sample" in done.stdout
