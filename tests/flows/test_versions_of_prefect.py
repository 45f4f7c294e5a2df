"""What is installed can start Prefect's server and fire a schedule.

Two newer libraries that pip accepts break it in silence: FastAPI from 0.155 on keeps the server from importing,
and with SQLAlchemy 2.1 flows run but schedules never fire.
"""

import asyncio
from datetime import timedelta


def test_the_server_can_be_made():
    """Prefect's application imports and builds with the FastAPI that is installed."""
    from prefect.server.api.server import create_app

    app = create_app(ephemeral=True)

    assert any(path.startswith("/api") for path in (getattr(route, "path", "") for route in app.routes))


def test_a_schedule_gives_runs(prefect_server):
    """The server's own scheduler finds a deployment with a schedule and plans runs of it."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
    from prefect.client.schemas.schedules import IntervalSchedule
    from prefect.server.services.scheduler import schedule_deployments

    from makemore.flows.nightly import nightly

    async def runs_planned():
        async with get_client() as client:
            flow_id = await client.create_flow(nightly)
            schedule = DeploymentScheduleCreate(schedule=IntervalSchedule(interval=timedelta(minutes=10)), active=True)
            deployment = await client.create_deployment(flow_id, name="test", schedules=[schedule])
            await schedule_deployments()
            mine = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment]))
            runs = await client.read_flow_runs(flow_run_filter=mine)
            await client.delete_deployment(deployment)
            return runs

    runs = asyncio.run(runs_planned())

    assert len(runs) >= 3
    assert all(run.state.is_scheduled() for run in runs)
