"""A machine whose clock was set right only after the service had started."""

import json
import uuid
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from pipeline.conftest import OpenService
from pipeline.feeds.test_publisher import admit
from pipeline.webhooks.test_delivery import SECRET, Partner, config, deliver, partner
from pipeline.webhooks.test_endpoints_api import Receiver, api_over, receiver
from standardwebhooks import Webhook
from support import ManualClock

from syndicator.model.clock import system_clock
from syndicator.opening import open_service
from syndicator.service import Service
from syndicator.settings import load

__all__ = ["partner", "receiver"]  # fixtures

STEPS = [timedelta(hours=-3), timedelta(hours=3)]
"""What the service takes for the time, against what it is."""


@pytest.fixture(params=STEPS, ids=["late", "early"])
def wrong_clock(request: pytest.FixtureRequest) -> ManualClock:
    return ManualClock(system_clock() + request.param)


@pytest.fixture
def late_service_of(redis_url: str, tmp_path: Path, wrong_clock: ManualClock) -> OpenService:
    """Open a service whose clock is wrong, on a machine whose clock is right."""
    namespace = f"test-{uuid.uuid4().hex}"

    def opened(text: str) -> AbstractAsyncContextManager[Service]:
        common = (
            f'[store]\nurl = "{redis_url}"\nnamespace = "{namespace}"\ndata_dir = "{tmp_path}"\n'
            '[egress]\nallow_callbacks = ["127.0.0.0/8"]\n'
            '[source.idle]\ntitle = "x"\nkind = "feed"\nurl = "http://127.0.0.1:9/"\n'
            'schedule = { every = "30d" }\n'
        )
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "all.toml").write_text(common + text, "utf-8")
        return open_service(load(tmp_path / "config", {}), wrong_clock)

    return opened


async def test_receivers_accept_what_is_delivered(partner: Partner, late_service_of: OpenService) -> None:
    async with late_service_of(config(partner)) as service:
        await service.sync_configuration()
        await admit(service, 1)
        await deliver(service)
    ((headers, body),) = partner.received
    Webhook(SECRET).verify(body, headers)  # refuses what is five minutes old or ahead


async def test_partners_prove_and_try_their_endpoints(
    receiver: Receiver, late_service_of: OpenService
) -> None:
    async with late_service_of("") as service, api_over(service) as api:
        await service.sync_configuration()
        added = (await api.add(receiver)).json
        name = added["endpoint"]["id"]
        first = added["secret"]
        second = (await api.ask("POST", f"/{name}/rotate-secret", {"overlap_hours": 1})).json["secret"]
        assert (await api.ask("POST", f"/{name}/ping")).json["ok"] is True
    (proof, proved), (headers, body) = receiver.received
    Webhook(first).verify(proved, proof)
    assert abs(datetime.fromisoformat(json.loads(body)["timestamp"]) - system_clock()) < timedelta(minutes=5)
    for secret in (first, second):
        Webhook(secret).verify(body, headers)


async def test_a_date_to_try_again_at_is_read_by_the_right_time(
    partner: Partner, late_service_of: OpenService, wrong_clock: ManualClock
) -> None:
    async with late_service_of(config(partner)) as service:
        await service.sync_configuration()
        await admit(service, 1)
        partner.statuses = [503]
        partner.headers = {"Retry-After": format_datetime(system_clock() + timedelta(minutes=5), usegmt=True)}
        await deliver(service)
        wrong_clock.advance(120)
        await deliver(service)
        assert len(partner.received) == 1
        wrong_clock.advance(240)
        await deliver(service)
        assert len(partner.received) == 2
