"""What stands on a Prefect server: a work pool, the deployments, an automation that ends runs that fell silent."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

from prefect.automations import Automation
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy, FlowRun, StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectAlreadyExists
from prefect.schedules import Schedule
from prefect.states import Crashed
from prefect.types.entrypoint import EntrypointType

from makemore.flows.alerts import LOOK, tell
from makemore.flows.generate import generate
from makemore.flows.nightly import NOTHING, nightly

POOL = "makemore"
SILENT = "makemore: a run that has fallen silent is Crashed"
SILENCE = timedelta(minutes=5)
"""After it a run is taken for dead: ten signs of life, of which a server whose database is busy may lose some."""
ONE_AT_A_TIME = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)


def set_up(client: SyncPrefectClient, parameters: dict[str, Any], cron: str, timezone: str) -> None:
    """Make or renew the work pool, the deployments and the automation."""
    with suppress(ObjectAlreadyExists):
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    # Runs that are late stay: the first of the nights that were missed is caught up with, the others are cancelled.
    deployment: Any = nightly.to_deployment(
        "nightly",
        schedule=Schedule(cron=cron, timezone=timezone),
        parameters=parameters,
        concurrency_limit=ONE_AT_A_TIME,
        work_pool_name=POOL,
        entrypoint_type=EntrypointType.MODULE_PATH,
        description="Takes in what is new; if anything is, builds, trains, judges and publishes a version.",
        tags=["makemore"],
    )
    deployment.apply()
    names: Any = generate.to_deployment(
        "generate",
        parameters={"home": parameters["home"]},
        work_pool_name=POOL,
        entrypoint_type=EntrypointType.MODULE_PATH,
        description="Writes the names of a CSV of requests to one file.",
        tags=["makemore"],
    )
    names.apply()
    end_the_silent()


def end_the_silent() -> None:
    """Make or renew the automation that ends a run whose process is gone with its worker, or its machine."""
    ended = ("Completed", NOTHING, LOOK, "Failed", "TimedOut", "Cancelled", "Crashed")
    automation = Automation(
        name=SILENT,
        description="A run that gives no sign of life, and has not ended, is over: its process was killed.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *(f"prefect.flow-run.{name}" for name in ended)},
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=SILENCE,
        ),
        actions=[
            ChangeFlowRunState(
                name="Crashed",
                state=StateType.CRASHED,
                message="It gave no sign of life: its process is gone.",
                force=False,
            )
        ],
    )
    try:
        known: Any = Automation.read(name=SILENT)
    except ValueError:
        automation.create()
    else:
        automation.id = known.id
        automation.update()


def crash_unfinished(client: SyncPrefectClient, why: str) -> list[FlowRun]:
    """Runs that were under way, ended as Crashed and told of; for when no worker is left to go on with them."""
    return [run for flow in (nightly, generate) for run in _crash_unfinished(client, flow, why)]


def _crash_unfinished(client: SyncPrefectClient, flow: Any, why: str) -> list[FlowRun]:
    under_way = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
    ended = client.read_flow_runs(
        deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[flow.name])),
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=under_way))),
    )
    for run in ended:
        crashed: Any = Crashed(message=why)
        client.set_flow_run_state(run.id, crashed, force=True)
        tell(flow, run, crashed)
    return ended
