"""The installed versions can start Prefect's server and run a schedule.

Prefect accepts two newer libraries that break it: with FastAPI 0.155 the server does not import, and with SQLAlchemy
2.1 schedules never fire.
"""

import asyncio
from datetime import timedelta


def test_the_server_starts():
    """Prefect's application imports with the installed FastAPI."""
    from prefect.server.api.server import create_app

    app = create_app(ephemeral=True)

    assert any(path.startswith("/api") for path in (getattr(route, "path", "") for route in app.routes))


def test_a_schedule_plans_runs(prefect_server):
    """The server's scheduler plans runs of a deployment with a schedule."""
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
