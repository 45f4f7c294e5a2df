"""The flows on a real server: tasks in order, retries where they help, failures that name their list."""

import threading
import traceback
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from makemore import artifacts, sample
from makemore.database import query
from makemore.home import Home
from makemore.options import BuildOptions, CannotBeMet, IngestOptions, ReadOptions, SampleOptions, TrainOptions
from makemore.requests import Request, read_requests
from makemore.steps import intake, making, modelling, sampling

pytestmark = pytest.mark.usefixtures("prefect_server")

EVERYTHING = BuildOptions(holdout=0)


@pytest.fixture
def names(tmp_path):
    """A list of three names."""
    path = tmp_path / "names.txt"
    path.write_text("emma\nolivia\nava\n")
    return str(path)


def task_runs(flow_run_id):
    """Names and states of a flow run's tasks, as the server has them, in the order of their start."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    with get_client(sync_client=True) as client:
        runs = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id])))
    return [(run.name, run.state_name) for run in sorted(runs, key=lambda run: run.start_time)]


def test_nightly_makes_the_version_that_the_steps_make(names, tmp_path):
    """The flow's version holds the same bytes as the one made without Prefect."""
    from flows.nightly import nightly

    version = nightly([names], tmp_path / "flow", build=EVERYTHING, train=TrainOptions(samples=10))
    plain = tmp_path / "plain"
    plain.mkdir()
    intake.ingest(plain, names, ReadOptions())
    intake.build(plain, EVERYTHING)
    expected = making.make_version(plain, TrainOptions(samples=10))

    for file in (
        "counts.parquet",
        "dataset.safetensors",
        "models/bigram_net/model.safetensors",
        "samples/bigram.parquet",
    ):
        assert (version / file).read_bytes() == (expected / file).read_bytes()


def test_a_model_that_fails_is_a_failed_run_with_a_version(names, tmp_path, monkeypatch):
    """The task that fails fails alone; the version has the others; the run is Failed, so that someone hears of it."""
    from flows.nightly import nightly

    def failing(*_, **__):
        raise ValueError("bigram_net: the loss is nan.")

    monkeypatch.setattr(modelling.train, "descend", failing)
    options = TrainOptions(("bigram", "bigram_net"), samples=10)
    state = nightly([names], tmp_path / "home", build=EVERYTHING, train=options, return_state=True)

    with pytest.raises(making.ModelsFailed, match=r"the models that failed\. bigram_net: the loss is nan"):
        state.result()
    version = artifacts.find_version(Home(tmp_path / "home"))
    assert artifacts.models_in(version) == ["bigram"]
    assert list(artifacts.verify(version)) == []
    assert task_runs(state.state_details.flow_run_id)[-8:] == [
        ("dataset", "Completed"),
        ("train bigram", "Completed"),
        ("evaluate bigram", "Completed"),
        ("sample bigram", "Completed"),
        ("train bigram_net", "Failed"),
        ("results", "Completed"),
        ("judge", "Completed"),
        ("publish", "Completed"),
    ]


def test_train_and_generate_follow_ingest(names, tmp_path, monkeypatch):
    """The flows that nightly is made of, one by one, end in a file of names: the same as without Prefect."""
    from flows.generate import generate
    from flows.ingest import ingest
    from flows.train import train

    ingest([names], tmp_path / "home", IngestOptions(split="train"))
    version = train(tmp_path / "home", EVERYTHING, TrainOptions(models=("bigram",), samples=10))
    (tmp_path / "requests.csv").write_text("id,n,prefix\nmany,25000,\nfew,7,e\n")
    # Two shards of the first request, and one of the other.
    monkeypatch.setattr(sample, "SHARD", sample.BLOCK)
    state = generate(tmp_path / "out.csv", tmp_path / "requests.csv", home=tmp_path / "home", return_state=True)

    plan = sampling.plan(version, read_requests(tmp_path / "requests.csv"), tmp_path / "plain.csv")
    assert state.result().read_bytes() == sampling.assemble(plan).read_bytes()
    runs = task_runs(state.state_details.flow_run_id)
    assert sorted(runs) == sorted(
        [(f"plan {tmp_path / 'out.csv'}", "Completed"), *((f"shard {i}", "Completed") for i in range(3)),
         ("assemble", "Completed")]
    )  # fmt: skip


def test_a_request_that_cannot_be_met_fails_before_a_shard_is_made(names, tmp_path):
    """The run is Failed, at its plan, with the number of names that there is."""
    from flows.generate import generate

    (tmp_path / "home").mkdir()
    intake.ingest(tmp_path / "home", names, ReadOptions())
    intake.build(tmp_path / "home", EVERYTHING)
    making.make_version(tmp_path / "home", TrainOptions(models=("bigram",), samples=10))
    request = Request(5, "few", options=SampleOptions(pattern="e", distinct=True))

    state = generate(tmp_path / "out.csv", [request], home=tmp_path / "home", return_state=True)

    with pytest.raises(CannotBeMet, match="request few: bigram: there are 1 such names, and 5 are wanted"):
        state.result()
    assert not (tmp_path / "out.csv").exists()


def test_a_bad_list_fails_its_task_at_once_and_by_name(names, tmp_path):
    """No retry for what cannot get better; the error and the failed task name the list; no version is made."""
    from flows.nightly import nightly

    (tmp_path / "bad.txt").write_text("")

    state = nightly([names, str(tmp_path / "bad.txt")], tmp_path / "home", return_state=True)

    with pytest.raises(ValueError, match=r"bad.txt has no name in it: it is empty") as failed:
        state.result()
    assert task_runs(state.state_details.flow_run_id) == [
        (f"ingest {names}", "Completed"),
        (f"ingest {tmp_path / 'bad.txt'}", "Failed"),
    ]
    assert artifacts.versions(Home(tmp_path / "home")) == []
    # Prefect keeps the error, and its frames a connection, at which DuckDB would complain when the tests end.
    for error in (failed.value, failed.value.__cause__, failed.value.__context__):
        traceback.clear_frames(error.__traceback__ if error else None)


def test_a_download_that_breaks_is_tried_again(tmp_path, monkeypatch):
    """A server that answers 503 once gives its list the second time."""
    from flows import tasks
    from flows.ingest import ingest

    class Flaky(BaseHTTPRequestHandler):
        answers = iter([503, 200])

        def do_GET(self):
            self.send_response(next(self.answers))
            self.end_headers()
            self.wfile.write(b"emma\nava\n")

        def log_message(self, *_):
            """Nothing: pytest's output is for tests."""

    monkeypatch.setattr(tasks.ingest, "retry_delay_seconds", 0.1)

    with HTTPServer(("127.0.0.1", 0), Flaky) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        uri = f"http://127.0.0.1:{server.server_port}/names.txt"
        ingest([uri], tmp_path / "home")
        server.shutdown()

    intake.build(tmp_path / "home", EVERYTHING)
    version = making.make_version(tmp_path / "home", TrainOptions(samples=1))
    assert query(version / "stats.duckdb", "select uri, names from sources").rows() == [(uri, 2)]


def test_parameters_are_typed():
    """What a page or an API gives is checked before the flow runs."""
    from flows.nightly import nightly

    schema = nightly.parameters

    assert schema.required == ["lists"]
    assert set(schema.properties) == {"lists", "home", "read", "build", "train"}
    with pytest.raises(Exception, match="--holdout 60: use 0 to 45"):
        nightly.validate_parameters({"lists": ["a.txt"], "build": {"holdout": 60}})
