import pytest

from syndicator.cli.context import print_table


def test_ids_and_addresses_stay_whole_on_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow(monkeypatch)
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


def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make standard output a terminal of 80 columns."""
    for name, value in {"COLUMNS": "80", "FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)


def test_words_stay_whole_beside_long_ids(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow(monkeypatch)
    row = {
        "endpoint": "sample-partner",
        "event": "evt_funqrkc4bbrf5wwvkglvolu7le",
        "type": "article.created",
        "article": "dubumdctv4qzj7o5",
        "status": "delivered",
        "at": "3 s ago",
    }
    print_table([row])
    lines = capsys.readouterr().out.splitlines()
    assert [" ".join(line.split()) for line in lines] == [" ".join(row), " ".join(row.values())]


def test_words_stay_whole_where_the_table_fits(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow(monkeypatch)
    row = {
        "id": "kabar-nusantara-world",
        "kind": "feed",
        "last_success": "1 s ago",
        "health": "ok",
        "identity": "auto: guid, address",
        "failing": "",
        "next_due": "in 3 s",
        "because": "every 5s",
    }
    print_table([row])
    out = capsys.readouterr().out
    assert all(len(line.rstrip()) <= 80 for line in out.splitlines())
    assert {"identity", "address", "success", "every"} <= set(out.split())
