"""What `syndicator hub` tells of subscribers, and what it never shows."""

import json
import uuid
from pathlib import Path

from e2e.conftest import run
from pipeline.own_hub_world import FEEDS, TOPIC
from support import NOON

from syndicator.model.hub import HubPolicy, TopicName
from syndicator.model.hub import Protocol as Speaks
from syndicator.rules.hub import asked, new_subscriber, read_request
from syndicator.store.store import StoreOptions, open_store

CALLBACK = "https://reader.example/rahasia?token=1"


async def test_subscribers_are_listed_by_host(tmp_path: Path, redis_url: str) -> None:
    namespace, folder = f"test-{uuid.uuid4().hex}", tmp_path / "config"
    folder.mkdir()
    store = f'[store]\nurl = "{redis_url}"\nnamespace = "{namespace}"\ndata_dir = "{tmp_path}"\n'
    source = (
        '[source.x]\ntitle = "x"\nkind = "feed"\nurl = "http://127.0.0.1:9/"\nschedule = { every = "1d" }\n'
    )
    (folder / "all.toml").write_text(store + source + FEEDS, "utf-8")
    known = new_subscriber(Speaks.WEBSUB, TopicName("latest.rss"), CALLBACK)
    form = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.callback": CALLBACK}
    request = read_request(form, HubPolicy())
    async with open_store(StoreOptions(url=redis_url, namespace=namespace, data_dir=tmp_path)) as opened:
        sealed = opened.hub.seal(known, "kunci")
        await opened.hub.update(known, lambda _: asked(known, request, sealed, NOON), now=NOON)
    code, out, _ = await run(folder, "hub", "list")
    assert code == 0
    assert known.id in out
    assert "reader.example" in out
    assert "asked" in out
    code, shown, _ = await run(folder, "hub", "show", known.id)
    assert code == 0
    assert json.loads(shown)["host"] == "reader.example"
    code, listed, _ = await run(folder, "hub", "list", "--json")
    assert [item["state"] for item in json.loads(listed)["items"]] == ["asked"]
    assert not [text for text in (out, shown, listed) if "rahasia" in text or "kunci" in text]
    assert (await run(folder, "hub", "show", "nobody"))[0] == 1
