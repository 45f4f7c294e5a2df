"""Count models work where torch is not installed."""

import json
import shutil
import subprocess
import sys

import pytest

from makemore.home import Home
from makemore.versions.store import version_names
from tests.conftest import ENGLISH, ROOT

SCRIPT = """
import contextlib, io, json, sys
sys.modules["torch"] = None  # importing it then raises ModuleNotFoundError
import makemore
from makemore.cli import main
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
json.dump(done, sys.stdout)
"""
MODELS = ("bigram", "bigram_net", "ngram")
NEED_TORCH = ("train bigram_net", "train gru")


@pytest.fixture(scope="module")
def home(published, tmp_path_factory):
    """A writable copy of the published home."""
    return shutil.copytree(published, tmp_path_factory.mktemp("without_torch") / "home")


@pytest.fixture(scope="module")
def done(home, tmp_path_factory):
    """Exit code, stdout and stderr of each command, run in one process without torch."""
    folder = tmp_path_factory.mktemp("files")
    [version] = version_names(Home(home))
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
    }
    words = json.dumps([[*words, "--home", str(home)] for words in commands.values()])
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=False, input=words, capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert process.returncode == 0, process.stderr
    return dict(zip(commands, json.loads(process.stdout), strict=True))


def test_commands_on_count_models_need_no_torch(done):
    """They sample, score, evaluate, inspect and verify versions, and train `bigram` and `ngram`."""
    failed = {command: result for command, result in done.items() if result[0] and command not in NEED_TORCH}

    assert failed == {}
    assert len(done["sample ngram"][1].splitlines()) == 20
    assert [line.split()[0] for line in done["evaluate"][1].splitlines()] == list(MODELS)


@pytest.mark.parametrize("command", NEED_TORCH)
def test_training_a_net_names_the_missing_extra(done, command):
    """One line with the command that installs torch, and exit code 1."""
    code, _, err = done[command]

    assert code == 1
    assert "torch is not installed. hint: pip install 'makemore[train]'" in err.splitlines()[-1]
