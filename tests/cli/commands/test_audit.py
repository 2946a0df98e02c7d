"""The audit log on the command line: who did what, and what that changed."""

import getpass
import json
import socket
from pathlib import Path

from cli.commands.test_articles import config
from warm_program import run

__all__ = ["config"]


async def test_what_commands_change_is_listed_with_who_called_them(config: Path) -> None:
    status, out, _ = await run(config, "audit", "list")
    assert (status, out) == (0, "Nothing was changed yet.\n")
    await run(config, "tokens", "add", "koran", "--scope", "partner", "--owner", "harian")
    await run(config, "tokens", "revoke", "koran")
    who = f"operator (CLI, {getpass.getuser()}@{socket.gethostname()})"
    status, out, _ = await run(config, "audit", "list", "--json")
    items = json.loads(out)["items"]
    assert [(one["what"], one["name"], one["who"]) for one in items] == [
        ("token.revoked", "koran", who),
        ("token.added", "koran", who),
    ]
    status, out, _ = await run(config, "audit", "list", "--limit", "1")
    lines = out.splitlines()
    assert status == 0
    assert lines[0].endswith("  token.revoked  koran")
    assert lines[1:] == [f"    by {who}", "    scopes: partner", "    owner: harian"]
