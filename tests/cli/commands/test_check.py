"""`check` tells what is probably not meant beside what is wrong."""

import json
from pathlib import Path

import pytest
from redis_processes import RedisProcess
from warm_program import run

from syndicator.cli.commands.check import tables_of
from syndicator.cli.context import CommandFailed
from syndicator.store.connection import connect
from syndicator.store.embedded import EmbeddedServer


async def test_check_warns_of_a_source_that_can_never_be_reached(tmp_path: Path) -> None:
    (tmp_path / "all.toml").write_text(
        '[source.portal]\ntitle = "x"\nkind = "feed"\nurl = "http://10.1.2.3/rss"\n'
        'schedule = { every = "5m" }\n'
        '[feed.latest]\ntitle = "x"\n',
        "utf-8",
    )
    code, out, err = await run(tmp_path, "check")
    assert (code, "all well" in out) == (0, False)
    assert out.strip().endswith("can be read, with 1 warning: 1 source, 1 feed, 0 endpoints.")
    assert "source.portal.url: is never reached: 10.1.2.3 is not a public address" in err
    assert 'allow = ["10.1.2.3:80"]' in err
    code, out, _ = await run(tmp_path, "check", "--json")
    (warning,) = json.loads(out)["warnings"]
    assert (code, warning["key"]) == (0, "source.portal.url")


async def test_check_tells_what_the_redis_may_lose(tmp_path: Path, server: EmbeddedServer) -> None:
    async with connect(f"unix://{server.socket}", anchor="x") as redis:
        await redis.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    (tmp_path / "all.toml").write_text(
        f'[store]\nurl = "unix://{server.socket}"\n'
        '[source.portal]\ntitle = "x"\nkind = "feed"\nurl = "https://portal.example/rss"\n'
        'schedule = { every = "5m" }\n',
        "utf-8",
    )
    code, out, err = await run(tmp_path, "check")
    assert (code, "with 1 warning" in out) == (0, True)
    assert "set maxmemory-policy to noeviction" in err
    await server.stop()
    code, out, err = await run(tmp_path, "check")
    assert (code, f"Redis: {server.socket}, which does not answer here." in out, err) == (0, True, "")


async def test_check_tells_that_the_redis_is_a_replica_or_no_sentinel(tmp_path: Path) -> None:
    primary = RedisProcess(tmp_path / "primary")
    replica = RedisProcess(tmp_path / "replica", [f"replicaof {primary.place.replace(':', ' ')}"])
    config = tmp_path / "config"
    config.mkdir()

    async def checked(url: str) -> str:
        (config / "all.toml").write_text(
            f'[store]\nurl = "{url}"\n'
            '[source.portal]\ntitle = "x"\nkind = "feed"\nurl = "https://portal.example/rss"\n'
            'schedule = { every = "5m" }\n',
            "utf-8",
        )
        code, out, err = await run(config, "check")
        assert (code, "does not answer" in out) == (0, False)
        return err

    try:
        for one in (primary, replica):
            await one.start()
        assert "Redis is a replica, which takes no writes" in await checked(f"redis://{replica.place}/0")
        assert "[store] url must name sentinels" in await checked(f"sentinel://{primary.place}/kabar")
        _, _, err = await run(config, "doctor")
        assert "[store] url must name sentinels" in err
        assert "see that it runs" not in err
    finally:
        for one in (primary, replica):
            one.kill()


async def test_check_names_the_line_of_each_fault(tmp_path: Path) -> None:
    (tmp_path / "all.toml").write_text(
        '[site]\ntimezone = "Asia/Jakatra"\n'
        '[source.portal]\ntitle = "x"\nkind = "feed"\nurl = "https://portal.example/rss"\n'
        'schedule = { every = "5m" }\n',
        "utf-8",
    )
    code, _, err = await run(tmp_path, "check")
    assert code == 2
    assert f"{tmp_path / 'all.toml'}:2: site.timezone: is not a known time zone" in err
    assert "→ did you mean Asia/Jakarta?" in err
    code, out, _ = await run(tmp_path, "check", "--json")
    (error,) = json.loads(out)["errors"]
    assert (code, error["line"]) == (2, 2)


async def test_check_shows_how_endpoints_are_sent_to(tmp_path: Path) -> None:
    secret = 'secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"\n'
    (tmp_path / "all.toml").write_text(
        '[source.portal]\ntitle = "x"\nkind = "feed"\nurl = "https://portal.example/rss"\n'
        'schedule = { every = "5m" }\n'
        f'[endpoint.one]\nurl = "https://one.example/"\n{secret}'
        'digest = { items = 5, every = "90s" }\nretry = { delays = ["1s", "2s"] }\nmax_age = "1h"\n'
        f'[endpoint.two]\nurl = "https://two.example/"\n{secret}rate = "10/s"\n',
        "utf-8",
    )
    code, out, err = await run(tmp_path, "check")
    assert code == 0, err
    one, two = (" ".join(line.split()) for line in out.splitlines()[-2:])
    assert one == "one full 5 events, or after 1 min 30 s as it answers 3 within 1 h"
    assert two == "two full each by itself 10/s 9 within 3 d"
    _, out, _ = await run(tmp_path, "check", "--json")
    first = json.loads(out)["endpoints"][0]
    assert (first["digest"], first["retry"]["delays"]) == ({"items": 5, "every": "90s"}, ["1s", "2s"])


@pytest.mark.parametrize("text", ["", "source = 5", "[source]\nportal = 5", "a = " + "[" * 5000])
def test_config_add_refuses_what_is_no_table(tmp_path: Path, text: str) -> None:
    file = tmp_path / "portal.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(CommandFailed):
        tables_of(str(file))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("cluster://kabar:rahasia@redis1:7000,[::1]:7001,redis3", "the cluster of redis1:7000, [::1]:7001, redis3:6379"),
        ("redis://kabar:rahasia@redis1/3", "redis1:6379"),
    ],
)  # fmt: skip
async def test_check_names_the_servers_without_their_password(tmp_path: Path, url: str, shown: str) -> None:
    (tmp_path / "all.toml").write_text(
        '[source.portal]\ntitle = "x"\nkind = "feed"\nurl = "https://portal.example/rss"\n'
        f'schedule = {{ every = "5m" }}\n[store]\nurl = "{url}"\n',
        "utf-8",
    )
    code, out, err = await run(tmp_path, "check")
    assert code == 0
    assert f"Redis: {shown}, which does not answer here." in out
    _, document, _ = await run(tmp_path, "check", "--json")
    assert json.loads(document)["redis"] == shown
    assert "rahasia" not in out + err + document
