"""What a table may say of how articles are known again."""

from pathlib import Path

import pytest

from syndicator.errors import ConfigError
from syndicator.model.ids import SourceId
from syndicator.model.source import IdentityPolicy, Way
from syndicator.settings import load

TABLE = '[source.kota]\ntitle = "Kota"\nkind = "feed"\nurl = "https://kota.example/rss"\nschedule = { every = "5m" }\n'


def read(folder: Path, more: str) -> IdentityPolicy:
    (folder / "all.toml").write_text(TABLE + more, "utf-8")
    return load(folder, {}).sources[SourceId("kota")].identity


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", IdentityPolicy()),
        *[(f'identity = "{way.value}"\n', IdentityPolicy(way=way)) for way in Way if way is not Way.PATTERN],
        ("identity = { link = '/(\\d+)-[a-z-]+/?$' }\n", IdentityPolicy(way=Way.PATTERN, pattern=r"/(\d+)-[a-z-]+/?$")),
        ("identity = { link = '/read/(\\d+)/' }\n", IdentityPolicy(way=Way.PATTERN, pattern=r"/read/(\d+)/")),
    ],
)  # fmt: skip
def test_ways_to_know_an_article_again(tmp_path: Path, more: str, expected: IdentityPolicy) -> None:
    assert read(tmp_path, more) == expected


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('identity = "url"\n', "does not say how articles are recognised"),
        ('identity = "pattern"\n', "does not say how articles are recognised"),
        ("identity = { guid = 'x' }\n", "does not say how articles are recognised"),
        ("identity = { link = '/read/[0-9]+/' }\n", "not exactly one group"),
        ("identity = { link = '/(a)/(b)' }\n", "not exactly one group"),
        ("identity = { link = '(' }\n", "is not a valid regular expression"),
        ("identity = { link = '/((?:[a-z]+-?)+)/$' }\n", "takes too long for some addresses"),
        ("identity = { link = '/(\\w*[0-9]*\\w*)-x$' }\n", "takes too long for some addresses"),
        ('tracking = ["a=b"]\n', "is not the name of a parameter"),
        ('domains = ["www.kota.example"]\n', "is not a registered domain"),
        ('domains = ["co.id"]\n', "is a suffix under which anybody registers"),
        ('domains = ["https://kota.example"]\n', "no scheme, port or path"),
        ('domains = ["kota.example:80"]\n', "no scheme, port or path"),
    ],
)
def test_what_cannot_be_meant_is_told(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, more)
    assert said in str(raised.value) or any(said in str(one) for one in raised.value.faults)


def test_names_are_taken_in_lower_case(tmp_path: Path) -> None:
    (tmp_path / "all.toml").write_text(
        TABLE + 'tracking = ["REF", "kn_*"]\ndomains = ["Baru.co.id"]\n', "utf-8"
    )
    source = load(tmp_path, {}).sources[SourceId("kota")]
    assert (source.tracking, source.domains) == (("ref", "kn_*"), ("baru.co.id",))
