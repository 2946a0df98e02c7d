"""Shells complete commands, those of groups as well, which are imported only when they are called."""

from pathlib import Path

import pytest
from warm_program import run


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("syndicator so", {"sources"}),
        ("syndicator sources pa", {"pause"}),
        ("syndicator run --demo-f", {"--demo-folder"}),
        ("syndicator once ga", {"gather"}),
    ],
)
async def test_bash_completes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, offered: set[str]
) -> None:
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    monkeypatch.setenv("_SYNDICATOR_COMPLETE", "complete_bash")
    _, out, _ = await run(tmp_path)
    assert set(out.split()) == offered
