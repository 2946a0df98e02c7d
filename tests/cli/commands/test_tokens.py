"""Tokens on the command line: shown once, listed without their values, worthless when revoked."""

import json
import tomllib
from pathlib import Path

from cli.commands.test_articles import config
from warm_program import run

from syndicator.rules.access.credentials import digest_of

__all__ = ["config"]


async def test_a_token_is_made_listed_shown_and_revoked(config: Path) -> None:
    command = ("tokens", "add", "partner-a", "--scope", "partner", "--expires", "90d", "--owner", "koran")
    status, out, _ = await run(config, *command)
    value, block = out.split()[0], out.partition("[token")[2]
    told = tomllib.loads("[token" + block)["token"]["partner-a"]
    assert (status, told["sha256"], told["scopes"]) == (0, digest_of(value), ["partner"])
    assert told["owner"] == "koran"
    assert told["expires"].tzinfo is not None
    status, out, _ = await run(config, "tokens", "list", "--json")
    (item,) = json.loads(out)["items"]
    assert (item["id"], item["owner"], item["valid"], item["kept_in"]) == (
        "partner-a",
        "koran",
        True,
        "store",
    )
    assert value not in out
    assert told["sha256"] not in out
    status, out, _ = await run(config, "tokens", "show", "partner-a")
    assert (status, told["sha256"] in out) == (0, True)
    assert (await run(config, *command))[0] == 1
    assert (await run(config, "tokens", "revoke", "partner-a"))[:2] == (0, "Revoked: partner-a\n")
    assert (await run(config, "tokens", "revoke", "partner-a"))[0] == 1


async def test_a_printed_block_is_a_configuration(config: Path) -> None:
    status, out, _ = await run(config, "tokens", "add", "ops", "--scope", "admin", "--only-print", "--json")
    assert status == 0
    (config / "tokens.toml").write_text(json.loads(out)["block"], "utf-8")
    status, out, _ = await run(config, "tokens", "list", "--json")
    (item,) = json.loads(out)["items"]
    assert (item["id"], item["scopes"], item["kept_in"]) == ("ops", ["admin"], "configuration")
    status, _, errors = await run(config, "tokens", "revoke", "ops")
    assert (status, "[token.ops]" in errors) == (1, True)


async def test_what_makes_no_token(config: Path) -> None:
    for words in (("A b", "--scope", "read"), ("a",), ("a", "--feed", "no-such"), ("a", "--scope", "write")):
        status, out, _ = await run(config, "tokens", "add", *words)
        assert (status, out) == (2, "")
    status, _, errors = await run(config, "tokens", "add", "a", "--scope", "read", "--expires", "soon")
    assert (status, "90d" in errors) == (2, True)


async def test_a_scope_that_there_is_not_is_told_with_those_that_there_are(config: Path) -> None:
    status, out, _ = await run(config, "tokens", "add", "a", "--scope", "write", "--json")
    (error,) = json.loads(out)["errors"]
    assert (status, error["key"]) == (2, "--scope")
    assert error["reason"] == "Invalid value for '--scope': 'write' is not one of 'read', 'partner', 'admin'."
    status, out, _ = await run(config, "tokens", "list", "--limit", "x", "--json")
    (error,) = json.loads(out)["errors"]
    assert (status, error["reason"]) == (2, "Invalid value for '--limit': it must be a valid integer")
