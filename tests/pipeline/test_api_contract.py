"""What the API answers is what its description says, route by route, over a whole service."""

import json
import re
from typing import Any

from jsonschema import Draft202012Validator
from pipeline.conftest import OpenService
from pipeline.webhooks.test_delivery import deliver
from pipeline.webhooks.test_endpoints_api import Receiver, api_over, headers_of, receiver
from support import ManualClock, candidate, grouping_admitter

from syndicator.cli.reference import api_routes
from syndicator.model.token import TokenScope
from syndicator.web.api.openapi import openapi_for

__all__ = ["receiver"]  # a fixture

DESCRIBED = openapi_for(api_routes())
BODIES: dict[str, Any] = {
    "add_endpoint": {"url": "https://koran.example/hook", "events": ["article.*"]},
    "change_endpoint": {"payload": "thin"},
    "rotate_secret": {"overlap_hours": 1},
    "pause_endpoint": {"reason": "pindah"},
    "backfill_endpoint": {"articles": 1},
    "add_replay": {"endpoint": "koran", "since": "2026-11-05T00:00:00Z"},
    "rotate_token": {"overlap_hours": 1},
    "add_token": {"id": "lain", "scopes": ["read"]},
    "pause": {"reason": "pindah"},
    "pause_many": {"all": True},
    "resume_many": {"all": True},
    "run_many": {"all": True},
    "gather_past": {"articles": 5},
    "withdraw": {"reason": "atas permintaan"},
    "report": {"signals": [{"kind": "reads", "url": "https://city.example/read/1/berita"}, {"kind": "x"}]},
}


def conforms(schema: Any, value: Any) -> list[str]:
    whole = {**schema, "components": DESCRIBED["components"]}
    found = Draft202012Validator(whole).iter_errors(value)
    return [f"{'/'.join(map(str, one.absolute_path))}: {one.message[:200]}" for one in found]


async def test_every_answer_is_as_it_is_described(
    service_of: OpenService, receiver: Receiver, clock: ManualClock
) -> None:
    config = '[feed.latest]\ntitle = "Terbaru"\n'
    async with service_of(config) as service, api_over(service) as api:
        admitter = grouping_admitter(service.store, service.settings.feeds.values(), service.clock)
        fire = "Kebakaran Hanguskan Pasar Tambora, Ratusan Pedagang Mengungsi"
        told = [candidate(one, title=fire, body_html=f"<p>{fire} {one}.</p>") for one in (1, 2, 3)]
        await admitter.admit(told)
        clock.advance(600)
        await admitter.admit([candidate(1, title=fire, body_html=f"<p>{fire}, diralat.</p>")])
        await deliver(service)
        ids = [place.article_id for place in (await service.store.articles.timeline(["all"], 3))[0]]
        admin = await headers_of(service, "ops", TokenScope.ADMIN)
        added = await api.client.send(
            "POST", "/api/v1/endpoints", admin, json.dumps({"url": receiver.url}).encode()
        )
        known = {
            "source": "idle", "feed": "latest", "group": "city", "article": ids[0], "other": ids[1], "revision": "1",
            "token": "lain", "endpoint": added.json["endpoint"]["id"], "event": "article.created", "event_id": "evt_x",
            "replay": "rpl_x",
        }  # fmt: skip
        asked: set[tuple[str, int]] = set()
        for operation, method, path in sorted(operations(), key=lambda one: _turn(one[0]["operationId"])):
            name = operation["operationId"]
            body = json.dumps(BODIES[name]).encode() if name in BODIES else None
            spelled = re.sub(r"{(\w+)}", lambda found: known[found[1]], path)
            answer = await api.client.send(method.upper(), spelled, admin | {"Idempotency-Key": "k"}, body)
            assert str(answer.status) in operation["responses"], (name, answer.status, answer.text[:300])
            (content,) = operation["responses"][str(answer.status)]["content"].items()
            assert answer.headers["Content-Type"].partition(";")[0] == content[0]
            assert conforms(content[1]["schema"], answer.json) == [], name
            asked.add((name, answer.status))
        assert len(asked) == len(api_routes())
        assert {name for name, status in asked if status >= 400} <= {
            *("put_source", "put_feed", "put_group", "remove_source", "remove_feed", "remove_group"),
            "join", "backfill_endpoint", "delivery", "replay", "cancel_replay", "add_replay", "resend",
            "resend_dead",
        }  # fmt: skip


def _turn(name: str) -> int:
    """Let what takes away come last."""
    last = ("split", "withdraw", "restore", "revoke_token", "remove_endpoint")
    return last.index(name) + 1 if name in last else 0


def operations() -> list[tuple[dict[str, Any], str, str]]:
    return [
        (operation, method, path)
        for path, methods in DESCRIBED["paths"].items()
        for method, operation in methods.items()
    ]
