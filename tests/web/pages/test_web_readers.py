import pytest

from syndicator.web.pages.feed_addresses import app_link, web_readers


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8080", "[::1]:8080", "10.1.2.3", "localhost:8080", "berita.localhost",
        "server.internal", "x",
    ],
)  # fmt: skip
def test_readers_on_the_web_are_not_offered_what_they_cannot_reach(host: str) -> None:
    assert web_readers(f"http://{host}/feeds/latest.rss") == ()


@pytest.mark.parametrize("host", ["feeds.example.org", "203.0.114.7", "[2600::1]"])
def test_public_feeds_are_offered(host: str) -> None:
    assert len(web_readers(f"http://{host}/feeds/latest.rss")) == 5


def test_an_address_stays_one_value_whatever_is_in_it() -> None:
    url = "https://feeds.example.org/search.rss?q=%22a%22&source=kota#x"
    told = "https%3A%2F%2Ffeeds.example.org%2Fsearch.rss%3Fq%3D%2522a%2522%26source%3Dkota%23x"
    assert {reader.url.partition(told)[1:] for reader in web_readers(url)} == {(told, "")}
    assert app_link(url) == f"feed:{url}"
