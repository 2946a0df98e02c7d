"""What sources write is shown, and never done: no terminal is told anything by them."""

import json

import pytest
from rich.text import Text

from syndicator.cli.context import CommandFailed, console, print_error, print_failure, print_json, print_list

HOSTILE = "a\x1b]0;title\x07\x1b[2Jb\x9b31mc\u202ed\x7fe\u2028f"
ACTED_UPON = set("\x1b\x07\x9b\u202e\x7f\u2028")


def test_people_see_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    console().print(HOSTILE, soft_wrap=True)
    console().print(Text.assemble("left", (HOSTILE, "dim")), soft_wrap=True)
    print_list([{"id": 1, "etag": HOSTILE, "url": HOSTILE}], as_json=False)
    print_error(CommandFailed(HOSTILE, key="url", remedy=HOSTILE))
    out, err = capsys.readouterr()
    assert not ACTED_UPON & set(out + err)
    assert out.count("\\x1b[2Jb\\x9b31mc\\u202ed\\x7fe\\u2028f") == 4
    assert err.count("\\x1b[2Jb\\x9b31mc\\u202ed\\x7fe\\u2028f") == 2


def test_programs_get_the_same_text_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"etag": HOSTILE, "lines": "one\ntwo"})
    out = capsys.readouterr().out
    assert not ACTED_UPON & set(out)
    assert json.loads(out) == {"etag": HOSTILE, "lines": "one\ntwo"}
    print_failure(CommandFailed(HOSTILE, key="url", remedy=""))
    assert not ACTED_UPON & set(capsys.readouterr().out)


def test_lines_and_letters_stay(capsys: pytest.CaptureFixture[str]) -> None:
    console().print("[source.kota]\ntitle = 'Kabar é 日本 👍🏽'", soft_wrap=True, style="cyan", end="")
    assert capsys.readouterr().out == "[source.kota]\ntitle = 'Kabar é 日本 👍🏽'"
