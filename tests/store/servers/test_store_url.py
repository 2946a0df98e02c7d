"""What `[store] url` may say."""

import pytest

from syndicator.store.servers.store_url import check_store_url, place_of, sentinel_url


def test_a_url_of_sentinels_names_them_their_master_and_its_account() -> None:
    named = sentinel_url("sentinel://me:ge%40heim@one,two:26380,[fd00::1]:7/kabar/3?health_check_interval=5")
    assert named.sentinels == (("one", 26379), ("two", 26380), ("fd00::1", 7))
    assert named.master == "kabar"
    assert named.server("10.0.0.1", 6379) == "redis://me:ge%40heim@10.0.0.1:6379/3?health_check_interval=5"
    assert named.server("fd00::2", 1) == "redis://me:ge%40heim@[fd00::2]:1/3?health_check_interval=5"
    assert named.sentinel_urls() == [
        "redis://one:26379/0", "redis://two:26380/0", "redis://[fd00::1]:7/0",
    ]  # fmt: skip


def test_sentinels_have_an_account_of_their_own_and_the_same_encryption() -> None:
    named = sentinel_url(
        "sentinels://:secret@one/kabar?db=2&ssl_ca_certs=/etc/ca.pem&sentinel_username=w&sentinel_password=a%2Fb"
    )
    assert named.sentinel_urls() == ["rediss://w:a%2Fb@one:26379/0?ssl_ca_certs=%2Fetc%2Fca.pem"]
    assert named.server("two", 1) == "rediss://:secret@two:1/2?ssl_ca_certs=%2Fetc%2Fca.pem"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sentinel://one", "which master"),
        ("sentinel:///kabar", "without a host"),
        ("sentinel://one,,two/kabar", "without a host"),
        ("sentinel://one:x/kabar", "port that is not a number"),
        ("sentinel://one:70000/kabar", "port that is not a number"),
        ("sentinel://one/kabar/first", "database"),
        ("sentinel://one/kabar?db=-1", "database"),
        ("redis://one:x/0", "is not a URL"),
        ("http://one", "not the URL of a Redis"),
        ("unix://", "where the Redis is"),
    ],
)
def test_a_wrong_url_is_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_store_url(url)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://me:geheim@one/0", "one:6379"),
        ("rediss://:geheim@[fd00::1]:7/0", "[fd00::1]:7"),
        ("unix://me:geheim@/run/redis", "/run/redis"),
        (
            "sentinel://me:geheim@one,two:1/kabar?sentinel_password=geheim",
            "kabar of the sentinels one:26379, two:1",
        ),
    ],
)
def test_a_place_is_shown_without_secrets(url: str, place: str) -> None:
    check_store_url(url)
    assert place_of(url) == place
    assert "geheim" not in repr(sentinel_url(url)) if url.startswith("sentinel") else True
