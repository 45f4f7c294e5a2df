"""Objects on a Prefect server: the work pool, the deployments and an automation.

The automation sets runs without heartbeats to Crashed.
"""

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

from makemore.flows.alerts import NEEDS_ATTENTION, send_alert
from makemore.flows.generate import generate
from makemore.flows.nightly import NOTHING_TO_DO, nightly

POOL = "makemore"
AUTOMATION = "makemore: crash runs without heartbeats"
HEARTBEAT_TIMEOUT = timedelta(minutes=5)
"""Ten heartbeats: a server with a busy database can lose some."""
ENDED = ("Completed", NOTHING_TO_DO, NEEDS_ATTENTION, "Failed", "TimedOut", "Cancelled", "Crashed")


def set_up(client: SyncPrefectClient, parameters: dict[str, Any], cron: str, timezone: str) -> None:
    """Create or update the work pool, the deployments and the automation."""
    with suppress(ObjectAlreadyExists):
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    # Of several missed runs the first one runs late and the others are cancelled.
    _deploy(
        nightly,
        parameters,
        schedule=Schedule(cron=cron, timezone=timezone),
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
    )
    _deploy(generate, {"home": parameters["home"]})
    save_automation()


def _deploy(flow: Any, parameters: dict[str, Any], **options: Any) -> None:
    flow.to_deployment(
        flow.name,
        parameters=parameters,
        work_pool_name=POOL,
        entrypoint_type=EntrypointType.MODULE_PATH,
        tags=["makemore"],
        **options,
    ).apply()


def save_automation() -> None:
    """Create or update the automation that crashes a run whose process was killed with its worker or machine."""
    automation = Automation(
        name=AUTOMATION,
        description="Sets a run without heartbeats to Crashed: its process was killed.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *(f"prefect.flow-run.{name}" for name in ENDED)},
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=HEARTBEAT_TIMEOUT,
        ),
        actions=[
            ChangeFlowRunState(
                name="Crashed", state=StateType.CRASHED, message="no heartbeat: the process was killed", force=False
            )
        ],
    )
    try:
        existing: Any = Automation.read(name=AUTOMATION)
    except ValueError:
        automation.create()
    else:
        automation.id = existing.id
        automation.update()


def crash_unfinished(client: SyncPrefectClient, reason: str) -> list[FlowRun]:
    """Set all unfinished runs to Crashed, send alerts, and return the runs. Call it when no worker is left."""
    return [run for flow in (nightly, generate) for run in _crash_unfinished(client, flow, reason)]


def _crash_unfinished(client: SyncPrefectClient, flow: Any, reason: str) -> list[FlowRun]:
    unfinished = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
    runs = client.read_flow_runs(
        deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[flow.name])),
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=unfinished))),
    )
    for run in runs:
        crashed: Any = Crashed(message=reason)
        client.set_flow_run_state(run.id, crashed, force=True)
        send_alert(flow, run, crashed)
    return runs
