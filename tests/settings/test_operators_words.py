"""What `check` says to people: remedies that fit, in words that are no library's; a trial before any source."""

from pathlib import Path

import pytest

from syndicator.errors import ConfigError, Fault
from syndicator.settings import load, load_for_trial

SOURCE = """
[source.wire]
title = "Wire"
kind = "feed"
url = "https://wire.example/rss"
schedule = { every = "5m" }
"""


def folder_of(tmp_path: Path, text: str) -> Path:
    (tmp_path / "all.toml").write_text(text, "utf-8")
    return tmp_path


def fault_of(tmp_path: Path, text: str) -> Fault:
    with pytest.raises(ConfigError) as caught:
        load(folder_of(tmp_path, text), {})
    (fault,) = caught.value.faults
    return fault


@pytest.mark.parametrize(
    ("old", "new", "key", "remedy"),
    [
        ('"feed"', '"rss"', "kind", "did you mean feed?"),
        ('"feed"', '"HTML"', "kind", "did you mean page?"),
        ('"feed"', '"sitemaps"', "kind", "did you mean sitemap?"),
        ('"feed"', '"feed"\nimages = "cached"', "images", "did you mean cache?"),
        ('"feed"', '"feed"\nimages = "very-private"', "images", 'write images = "link"'),
    ],
)
def test_a_choice_gets_the_nearest(tmp_path: Path, old: str, new: str, key: str, remedy: str) -> None:
    fault = fault_of(tmp_path, SOURCE.replace(old, new))
    assert fault.key == f"source.wire.{key}"
    assert "one of" in fault.reason
    assert fault.remedy == remedy
    assert "private" not in fault.reason


@pytest.mark.parametrize("value", ["0", "-1"])
def test_a_bound_is_told_in_our_words(tmp_path: Path, value: str) -> None:
    fault = fault_of(tmp_path, SOURCE + f"politeness = {{ per_minute = {value} }}")
    assert (fault.key, fault.reason) == ("source.wire.politeness.per_minute", "must be more than 0")


def test_without_a_source_the_way_to_one_is_told(tmp_path: Path) -> None:
    fault = fault_of(tmp_path, "[site]\ntitle = 'x'")
    assert (fault.key, fault.remedy) == ("source", "try: syndicator preview https://…")


def test_credentials_in_an_address_have_a_place_of_their_own(tmp_path: Path) -> None:
    fault = fault_of(tmp_path, SOURCE.replace("https://", "https://me:geheim@"))
    assert "auth = { user = …, password_file = … }" in fault.remedy
    assert "geheim" not in fault.reason + fault.remedy


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[site]\ntimezone = 'Asia/Jakarta'\n[egress]\nallow = ['10.0.0.0/8']",
        "[egress]\nallow = ['10.0.0.0/8']\n[source.half]\ntitle = 'begun'",
    ],
)
def test_an_address_can_be_tried_before_there_is_a_source(tmp_path: Path, text: str) -> None:
    settings = load_for_trial(folder_of(tmp_path, text), {})
    assert settings.sources == {}
    assert [str(each) for each in settings.egress.allow] == (["10.0.0.0/8"] if text else [])


def test_an_empty_folder_is_enough_for_a_trial_and_a_missing_one_is_not(tmp_path: Path) -> None:
    assert load_for_trial(tmp_path, {"SYNDICATOR_SITE_TIMEZONE": "Asia/Jakarta"}).site.timezone
    with pytest.raises(ConfigError):
        load_for_trial(tmp_path / "none", {})


def test_a_trial_knows_what_is_configured(tmp_path: Path) -> None:
    assert list(load_for_trial(folder_of(tmp_path, SOURCE), {}).sources) == ["wire"]


def test_a_trial_still_tells_what_is_wrong_with_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_for_trial(folder_of(tmp_path, "[egress]\nallow = ['ten']"), {})
    assert [fault.key for fault in caught.value.faults] == ["egress.allow[0]"]
