"""What `syndicator hub` tells of subscribers, and what it never shows."""

import asyncio
import json
import uuid
from pathlib import Path

import pytest
from pipeline.own_hub_world import FEEDS, TOPIC
from support import NOON
from typer.testing import CliRunner

from syndicator.cli.app import app
from syndicator.model.hub import HubPolicy, Protocol, Subscriber, TopicName
from syndicator.rules.hub.subscribers import asked, new_subscriber, read_request
from syndicator.store.store import StoreOptions, open_store

CALLBACK = "https://reader.example/rahasia?token=1"
KNOWN = new_subscriber(Protocol.WEBSUB, TopicName("latest.rss"), CALLBACK)


@pytest.fixture
def folder(tmp_path: Path, redis_url: str) -> Path:
    """Configure a store that holds one subscriber."""
    namespace, found = f"test-{uuid.uuid4().hex}", tmp_path / "config"
    found.mkdir()
    store = f'[store]\nurl = "{redis_url}"\nnamespace = "{namespace}"\ndata_dir = "{tmp_path}"\n'
    source = '[source.x]\ntitle = "x"\nkind = "feed"\nurl = "http://127.0.0.1:9/"\n'
    source += 'schedule = { every = "1d" }\n'
    (found / "all.toml").write_text(store + source + FEEDS, "utf-8")
    asyncio.run(_subscribe(StoreOptions(url=redis_url, namespace=namespace, data_dir=tmp_path)))
    return found


async def _subscribe(options: StoreOptions) -> None:
    form = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.callback": CALLBACK}
    request = read_request(form, HubPolicy())
    async with open_store(options) as store:
        sealed = store.hub.seal(KNOWN, "kunci")

        def change(found: Subscriber | None) -> Subscriber:
            return asked(found or KNOWN, request, sealed, NOON)

        await store.hub.update(KNOWN, change, now=NOON)


def run(folder: Path, *command: str) -> str:
    result = CliRunner().invoke(app, ["--config", str(folder), *command])
    assert result.exit_code == 0, result.output
    assert "rahasia" not in result.output
    assert "kunci" not in result.output
    return result.output


def test_subscribers_are_listed_by_host(folder: Path) -> None:
    out = run(folder, "hub", "list")
    for word in (KNOWN.id, "websub", "latest.rss", "reader.example", "requested"):
        assert word in out
    (item,) = json.loads(run(folder, "hub", "list", "--json"))["items"]
    assert (item["state"], item["asked_at"]) == ("requested", "2026-11-05T12:00:00Z")


def test_one_is_shown(folder: Path) -> None:
    assert json.loads(run(folder, "hub", "show", KNOWN.id))["host"] == "reader.example"
    result = CliRunner().invoke(app, ["--config", str(folder), "hub", "show", "nobody"])
    assert "no such subscriber" in str(result.exception)
