"""What can be read, but is probably not meant, is told with what to do; what is well is not."""

from pathlib import Path

import pytest

from syndicator.settings import load
from syndicator.settings.advice import advice

SHIPPED = Path(__file__).parents[2] / "config"


def told(folder: Path, text: str) -> list[tuple[str, str, str]]:
    (folder / "all.toml").write_text('[feed.latest]\ntitle = "x"\n' + text, "utf-8")
    return [(one.key, one.reason, one.remedy) for one in advice(load(folder, {}))]


def source(url: str) -> str:
    return f'[source.portal]\ntitle = "x"\nkind = "feed"\nurl = "{url}"\nschedule = {{ every = "5m" }}\n'


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:9000/rss", "127.0.0.1:9000"),
        ("http://localhost:9000/rss", "127.0.0.1:9000"),
        ("http://10.1.2.3/rss", "10.1.2.3:80"),
        ("https://[fd00::1]/rss", "[fd00::1]:443"),
        ("http://[::ffff:127.0.0.1]:9000/rss", "127.0.0.1:9000"),
        ("http://１２７.0.0.1:9000/rss", "127.0.0.1:9000"),
    ],
)
def test_a_source_that_can_never_be_reached(tmp_path: Path, url: str, allowed: str) -> None:
    ((key, reason, remedy),) = told(tmp_path, source(url))
    assert key == "source.portal.url"
    assert "is not a public address" in reason
    assert remedy == f'if it is meant: [egress] allow = ["{allowed}"]'
    assert told(tmp_path, source(url) + f'[egress]\nallow = ["{allowed}"]') == []
    assert len(told(tmp_path, source(url) + f'[egress]\nallow_callbacks = ["{allowed}"]')) == 1


@pytest.mark.parametrize(
    ("host", "usual"),
    [
        ("127.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("8.2056", "8.0.8.8"),
    ],
)
def test_a_number_that_is_no_address_in_its_usual_spelling(tmp_path: Path, host: str, usual: str) -> None:
    text = source(f"http://{host}/rss") + '[egress]\nallow = ["127.0.0.0/8"]'
    ((key, reason, remedy),) = told(tmp_path, text)
    assert (key, remedy) == ("source.portal.url", f"if it is meant, write {usual}")
    assert f"{host} is a number" in reason


def test_a_number_that_no_resolver_takes_for_an_address(tmp_path: Path) -> None:
    ((_, _, remedy),) = told(tmp_path, source("http://256.1.1.1/rss"))
    assert remedy == "write the host by its name or address"


@pytest.mark.parametrize("port", [8080, 8089])
def test_a_source_that_is_this_service_itself(tmp_path: Path, port: int) -> None:
    text = source(f"http://localhost:{port}/feeds/latest.rss") + '[egress]\nallow = ["127.0.0.0/8"]'
    ((key, reason, _),) = told(tmp_path, text)
    assert (key, "a listener of this service" in reason) == ("source.portal.url", True)


def test_endpoints_and_hubs_have_the_list_of_callbacks(tmp_path: Path) -> None:
    secret = "whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
    text = source("https://portal.example/rss") + (
        f'[endpoint.partner]\nurl = "http://127.0.0.1:9000/hook"\nsecret = "{secret}"\n'
        '[hub]\nexternal = ["http://10.1.2.3/"]\n'
    )
    assert [(key, remedy) for key, _, remedy in told(tmp_path, text)] == [
        ("endpoint.partner.url", 'if it is meant: [egress] allow_callbacks = ["127.0.0.1:9000"]'),
        ("hub.external[0]", 'if it is meant: [egress] allow_callbacks = ["10.1.2.3:80"]'),
    ]


PUBLIC = '[site]\npublic_url = "https://news.example"\n'


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        (PUBLIC, True),
        (PUBLIC + '[server]\nhost = "::1"', True),
        (PUBLIC + '[server]\nhost = "localhost"', True),
        (PUBLIC + '[server]\ntrusted_proxies = ["127.0.0.1"]', False),
        (PUBLIC + '[server]\nhost = "0.0.0.0"', False),
        ('[site]\npublic_url = "http://127.0.0.1:8080"\n', False),
        ("", False),
    ],
)
def test_a_proxy_on_this_machine_that_is_not_trusted(tmp_path: Path, text: str, is_told: bool) -> None:
    found = told(tmp_path, source("https://portal.example/rss") + text)
    assert [key for key, _, _ in found] == ["server.trusted_proxies"] * is_told


def test_the_shipped_configuration_needs_no_advice() -> None:
    assert advice(load(SHIPPED, {})) == ()
