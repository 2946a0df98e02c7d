import pytest

from syndicator.cli.context import print_table


def test_ids_and_addresses_stay_whole_on_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    url = "https://kota.example/read/" + "panjang-sekali/" * 8
    rows: list[dict[str, str | None]] = [
        {"id": "5uvqk4bqvtgfkp3a", "age": "3 min ago", "title": "Kabar " * 20, "source": "kota", "url": url},
        {
            "id": "aaaabbbbccccdddd",
            "age": "4 min ago",
            "title": "Pendek",
            "source": None,
            "url": "https://a.b/",
        },
    ]
    print_table(rows)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["id", "age", "title", "source", "url"]
    assert lines[1].startswith("5uvqk4bqvtgfkp3a")
    assert lines[1].rstrip().endswith(url)
    assert any(line.startswith("aaaabbbbccccdddd") for line in lines)


def test_a_table_says_yes_and_no(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([{"id": "a", "private": False}, {"id": "b", "private": True}])
    assert [line.split() for line in capsys.readouterr().out.splitlines()[1:]] == [["a", "no"], ["b", "yes"]]
