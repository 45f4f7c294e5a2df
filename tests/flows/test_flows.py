"""The flows on a real server: tasks in order, retries where they help, failures that name their list."""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from makemore.database import query
from makemore.errors import UnsatisfiableRequest
from makemore.home import Home, locked_home
from makemore.options import BuildOptions, IngestOptions, ReadOptions, SampleOptions, TrainOptions
from makemore.pipeline import ingest as intake
from makemore.pipeline import publish
from makemore.pipeline import sample as sampling
from makemore.pipeline import train as modelling
from makemore.pipeline.build import build_relations
from makemore.pipeline.nightly import Night
from makemore.sampling import sample, samplers
from makemore.sampling.requests import Request, read_requests
from makemore.versions import store
from makemore.versions.version import Version

pytestmark = pytest.mark.usefixtures("prefect_server")

EVERYTHING = BuildOptions(holdout=0)


@pytest.fixture
def names(tmp_path):
    """A list of three names."""
    path = tmp_path / "names.txt"
    path.write_text("emma\nolivia\nava\n")
    return str(path)


def task_runs(flow_run_id):
    """Names and states of an ended flow run's tasks, as the server has them, in the order of their start.

    The server hears of them a little later than of the run: it is asked until nothing moves any more.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    mine = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))
    runs, until = None, time.monotonic() + 20
    with get_client(sync_client=True) as client:
        while time.monotonic() < until:
            time.sleep(0.3)
            before = runs
            found = sorted(client.read_task_runs(flow_run_filter=mine), key=lambda run: run.start_time or run.created)
            runs = [(run.name, run.state_name) for run in found]
            if runs == before and all(state in ("Completed", "Failed") for _, state in runs):
                break
    return runs


def shown_on_page(flow_run_id):
    """What a flow run shows, by key."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

    mine = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run_id]))
    with get_client(sync_client=True) as client:
        return {artifact.key: str(artifact.data) for artifact in client.read_artifacts(artifact_filter=mine)}


def test_nightly_makes_the_version_that_the_steps_make(names, tmp_path):
    """The flow's version holds the same bytes as the one made without Prefect."""
    from makemore.flows.nightly import nightly

    version = nightly([names], tmp_path / "flow", build=EVERYTHING, train=TrainOptions(samples=10)).version
    plain = tmp_path / "plain"
    plain.mkdir()
    intake.ingest(plain, names, ReadOptions())
    build_relations(plain, EVERYTHING)
    expected = publish.make_version(plain, TrainOptions(samples=10))

    for file in (
        "counts.parquet",
        "dataset.safetensors",
        "models/bigram_net/model.safetensors",
        "samples/bigram.parquet",
    ):
        assert (version / file).read_bytes() == (expected / file).read_bytes()


def test_a_model_that_fails_is_a_run_that_wants_a_look_with_a_version(names, tmp_path, monkeypatch, webhook):
    """The task that fails fails alone; the version has the others; somebody is told, and the page shows all of it."""
    from makemore.flows.nightly import nightly

    def failing(*_, **__):
        raise ValueError("bigram_net: the loss is nan.")

    monkeypatch.setattr(modelling.train, "descend", failing)
    monkeypatch.setenv("MAKEMORE_NOTIFY", webhook.url)
    options = TrainOptions(("bigram", "bigram_net"), samples=10)
    state = nightly([names], tmp_path / "home", build=EVERYTHING, train=options, return_state=True)

    version = store.find_version(Home(tmp_path / "home")).path
    night = state.result()
    assert (state.type.name, state.name) == ("COMPLETED", "Wants a look")
    assert night.version == version
    assert "the models that failed. bigram_net: the loss is nan." in night.problems[0]
    assert [(told["version"], told["status"], told["problems"]) for told in webhook.posted] == [
        (version.name, "done", list(night.problems))
    ]
    assert Version(version).model_types == ["bigram"]
    assert list(Version(version).verify()) == []
    run = state.state_details.flow_run_id
    assert task_runs(run)[-9:] == [
        ("dataset", "Completed"),
        ("train bigram", "Completed"),
        ("evaluate bigram", "Completed"),
        ("sample bigram", "Completed"),
        ("train bigram_net", "Failed"),
        ("results", "Completed"),
        ("judge", "Completed"),
        ("publish", "Completed"),
        ("prune", "Completed"),
    ]
    shown = shown_on_page(run)
    assert shown.keys() == {"lists", "version", "decision", "models", "report"}
    assert version.name in shown["decision"]
    assert "Completed" not in shown["lists"]
    assert shown["report"].startswith("[report.html of ")


def test_a_night_with_nothing_new_says_so_and_tells_nobody(names, tmp_path, monkeypatch, webhook):
    """Its run is Completed under a name of its own, has the task of each list and `prune`, and leaves torch alone."""
    from makemore.flows.nightly import nightly

    monkeypatch.setenv("MAKEMORE_NOTIFY", webhook.url)
    options = {"build": EVERYTHING, "train": TrainOptions(("bigram",), samples=10)}
    nightly([names], tmp_path / "home", **options)
    state = nightly([names], tmp_path / "home", **options, return_state=True)

    assert (state.type.name, state.name) == ("COMPLETED", "Nothing to do")
    assert state.message == "the newest version is made of all that there is"
    assert state.result() == Night(None)
    assert task_runs(state.state_details.flow_run_id) == [(f"ingest {names}", "Completed"), ("prune", "Completed")]
    assert webhook.posted == []


def test_the_exit_code_says_how_a_night_ended(makemore, names, tmp_path, monkeypatch, webhook):
    """0 for a version and for nothing to do, 4 if something wants a look, 1 if it failed; told as the page says."""
    # The command line sets it, and here it is to be as it was before.
    monkeypatch.setenv("MAKEMORE_NOTIFY", "")

    def run(home, *words, **env):
        return makemore("run", *words, "--home", tmp_path / home, "--models", "bigram", "--samples", "10", **env)

    made, idle = run("home", names), run("home", names)
    look = run("home", names, tmp_path / "gone.txt", "--notify", webhook.url)
    (tmp_path / "empty.txt").write_text("")
    failed = run("other", tmp_path / "empty.txt", MAKEMORE_NOTIFY=webhook.url)

    assert [done.returncode for done in (made, idle, look, failed)] == [0, 0, 4, 1]
    assert "It serves from now on, with bigram" in made.stdout
    assert idle.stdout == look.stdout == "nothing to do: the newest version is made of all that there is.\n"
    assert "to look at: " not in idle.stderr
    assert f"to look at: {tmp_path / 'gone.txt'} does not exist." in look.stderr
    assert failed.stderr.endswith(f"makemore: {tmp_path / 'empty.txt'} has no name in it: it is empty.\n")
    assert [told["status"] for told in webhook.posted] == ["done", "failed"]
    assert "secret" not in look.stderr + failed.stderr


def test_a_block_of_prefects_is_told(monkeypatch):
    """By its type and its name, as it was saved."""
    from prefect.blocks.abstract import NotificationBlock

    from makemore.flows import alerts

    class Remembering(NotificationBlock):
        def notify(self, body, subject=None):
            told.append((body, subject))

    told = []
    Remembering().save("ops")
    alerts._notify("remembering/ops", "the night is failed")

    assert told == [("the night is failed", "makemore")]


def test_a_night_that_fails_tells_why(tmp_path, monkeypatch, webhook):
    """Nothing could be read, and there is nothing to make a version of."""
    from makemore.flows.nightly import nightly

    monkeypatch.setenv("MAKEMORE_NOTIFY", webhook.url)
    state = nightly([str(tmp_path / "gone.txt")], tmp_path / "home", return_state=True)

    assert state.type.name == "FAILED"
    assert [(told["status"], told["problems"]) for told in webhook.posted] == [
        ("failed", [f"{tmp_path / 'gone.txt'} does not exist."])
    ]


def test_a_night_that_hangs_is_ended(names, tmp_path, monkeypatch, webhook):
    """The time limit reaches into a training, which is no model that failed; the home is free for the next night."""
    from makemore.flows.nightly import nightly

    def hanging(*_, **__):
        while True:
            time.sleep(0.01)

    monkeypatch.setattr(modelling.train, "descend", hanging)
    monkeypatch.setenv("MAKEMORE_NOTIFY", webhook.url)
    options = TrainOptions(("bigram", "bigram_net"), samples=10)
    impatient = nightly.with_options(timeout_seconds=3)
    state = impatient([names], tmp_path / "home", build=EVERYTHING, train=options, return_state=True)

    assert state.name == "TimedOut"
    assert store.version_names(Home(tmp_path / "home")) == []
    assert [told["status"] for told in webhook.posted] == ["failed"]
    with locked_home(tmp_path / "home", "the tests", wait=0):
        pass


def test_train_and_generate_follow_ingest(names, tmp_path, monkeypatch):
    """The flows that nightly is made of, one by one, end in a file of names: the same as without Prefect."""
    from makemore.flows.generate import generate
    from makemore.flows.ingest import ingest
    from makemore.flows.train import train

    ingest([names], tmp_path / "home", IngestOptions(split="train"))
    (tmp_path / "greek.txt").write_text("Αγάπη\n", encoding="utf-8")
    state = ingest([str(tmp_path / "greek.txt")], tmp_path / "home", return_state=True)
    assert (state.type.name, state.name) == ("COMPLETED", "Wants a look")
    assert "greek.txt is held back: it brings Greek" in state.message
    version = train(tmp_path / "home", EVERYTHING, TrainOptions(models=("bigram",), samples=10))
    (tmp_path / "requests.csv").write_text("id,n,prefix\nmany,25000,\nfew,7,e\n")
    # Two shards of the first request, and one of the other.
    monkeypatch.setattr(sample, "SHARD_SIZE", samplers.BLOCK_SIZE)
    state = generate(tmp_path / "out.csv", tmp_path / "requests.csv", home=tmp_path / "home", return_state=True)

    plan = sampling.plan(version, read_requests(tmp_path / "requests.csv"), tmp_path / "plain.csv")
    assert state.result().read_bytes() == sampling.assemble(plan).read_bytes()
    runs = task_runs(state.state_details.flow_run_id)
    assert sorted(runs) == sorted(
        [(f"plan {tmp_path / 'out.csv'}", "Completed"), *((f"shard {i}", "Completed") for i in range(3)),
         ("assemble", "Completed")]
    )  # fmt: skip


def test_a_request_that_cannot_be_met_fails_before_a_shard_is_made(names, tmp_path, monkeypatch, webhook):
    """The run is Failed, at its plan, with the number of names that there is, and somebody is told."""
    from makemore.flows.generate import generate

    (tmp_path / "home").mkdir()
    intake.ingest(tmp_path / "home", names, ReadOptions())
    build_relations(tmp_path / "home", EVERYTHING)
    publish.make_version(tmp_path / "home", TrainOptions(models=("bigram",), samples=10))
    request = Request(5, "few", options=SampleOptions(pattern="e", distinct=True))
    monkeypatch.setenv("MAKEMORE_NOTIFY", webhook.url)

    state = generate(tmp_path / "out.csv", [request], home=tmp_path / "home", return_state=True)

    with pytest.raises(UnsatisfiableRequest, match="request few: bigram: only 1 names satisfy these constraints"):
        state.result()
    assert not (tmp_path / "out.csv").exists()
    [told] = webhook.posted
    assert (told["flow"], told["status"]) == ("generate", "failed")
    assert f"home {tmp_path / 'home'}: generate is failed.\n- request few: bigram: there are 1 such" in told["text"]


def test_a_bad_list_fails_its_task_at_once_and_by_name(names, tmp_path):
    """No retry for what cannot get better; the failed task names the list, and the night goes on without it."""
    from makemore.flows.nightly import nightly

    (tmp_path / "bad.txt").write_text("")
    options = {"build": EVERYTHING, "train": TrainOptions(("bigram",), samples=10)}
    state = nightly([names, str(tmp_path / "bad.txt")], tmp_path / "home", **options, return_state=True)

    assert state.result().problems == (f"{tmp_path / 'bad.txt'} has no name in it: it is empty.",)
    assert task_runs(state.state_details.flow_run_id)[:3] == [
        (f"ingest {names}", "Completed"),
        (f"ingest {tmp_path / 'bad.txt'}", "Failed"),
        ("build", "Completed"),
    ]
    assert len(store.version_names(Home(tmp_path / "home"))) == 1


def test_a_download_that_breaks_is_tried_again(tmp_path, monkeypatch):
    """A server that answers 503 once gives its list the second time."""
    from makemore.flows import nightly_tasks
    from makemore.flows.ingest import ingest

    class Flaky(BaseHTTPRequestHandler):
        answers = iter([503, 200])

        def do_GET(self):
            self.send_response(next(self.answers))
            self.end_headers()
            self.wfile.write(b"emma\nava\n")

        def log_message(self, *_):
            """Nothing: pytest's output is for tests."""

    monkeypatch.setattr(nightly_tasks.ingest, "retry_delay_seconds", 0.1)

    with HTTPServer(("127.0.0.1", 0), Flaky) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        uri = f"http://127.0.0.1:{server.server_port}/names.txt"
        ingest([uri], tmp_path / "home")
        server.shutdown()

    build_relations(tmp_path / "home", EVERYTHING)
    version = publish.make_version(tmp_path / "home", TrainOptions(samples=1))
    assert query(version / "stats.duckdb", "select uri, names from sources").rows() == [(uri, 2)]


def test_parameters_are_typed():
    """What a page or an API gives is checked before the flow runs."""
    from makemore.flows.nightly import nightly

    schema = nightly.parameters

    assert schema.required == ["lists"]
    assert set(schema.properties) == {"lists", "home", "read", "build", "train", "keep"}
    with pytest.raises(Exception, match="--holdout 60 is out of range"):
        nightly.validate_parameters({"lists": ["a.txt"], "build": {"holdout": 60}})
