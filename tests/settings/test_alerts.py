"""Who is told of troubles: by what sources, how soon again, and with the URL kept secret."""

from pathlib import Path

import pytest
from settings.test_faults import ENDPOINT, GOOD, faults_of, only_fault

from syndicator.model.delivery import Alerting, Digest, Secret
from syndicator.model.event import OPERATORS_EVENTS, EventType
from syndicator.model.ids import EndpointId
from syndicator.settings import Settings, load
from syndicator.settings.advice import advice

OPS = EndpointId("ops")
URL = "mailtos://ops:hunter2@mail.example/?to=a@x.example"
SOURCES = "".join(
    GOOD.replace("source.wire", f"source.{name}") + keys
    for name, keys in (
        ("wire", ""),
        ("city", 'owner = "Grup Kota"\n'),
        ("post", 'group = "harian"\n'),
        ("late", 'group = "harian"\nowner = "Lain"\n'),
    )
)
GROUP = '[group.harian]\nowner = "Grup Kota"\n'


def read(folder: Path, alert: str, sources: str = SOURCES + GROUP, **environ: str) -> Settings:
    (folder / "all.toml").write_text(f"{sources}[alert.ops]\n{alert}", "utf-8")
    return load(folder, environ)


def test_an_alert_is_an_endpoint_without_its_secrets(tmp_path: Path) -> None:
    endpoint = read(tmp_path, f'url = "{URL}"').endpoints[OPS]
    assert endpoint.url == "mailtos://mail.example:587/?to=a@x.example"
    assert endpoint.secrets == (Secret(URL),)
    assert endpoint.events == OPERATORS_EVENTS
    assert endpoint.filter.source == ()
    assert endpoint.digest == Digest(items=1000, every_s=60)
    assert endpoint.alert == Alerting(repeat_after_s=3600)
    assert endpoint.table == "alert.ops"
    assert "hunter2" not in repr(endpoint)


def test_its_keys(tmp_path: Path) -> None:
    text = f'url = "{URL}"\nevents = ["source.failing"]\njoin = "10m"\nrepeat_after = "6h"\ndescription = "Meja"\n'
    endpoint = read(tmp_path, text).endpoints[OPS]
    assert endpoint.events == (EventType.SOURCE_FAILING,)
    assert endpoint.digest is not None
    assert endpoint.digest.every_s == 600
    assert endpoint.alert == Alerting(repeat_after_s=6 * 3600)
    assert endpoint.description == "Meja"


@pytest.mark.parametrize(
    ("chosen", "sources"),
    [
        ('sources = "wire"', {"wire"}),
        ('groups = ["harian"]', {"post", "late"}),
        ('owners = ["Grup Kota"]', {"city", "post"}),
        ('owners = ["grup kota"]', {"city", "post"}),
        ('sources = ["wire"]\nowners = "Lain"', {"wire", "late"}),
    ],
)
def test_sources_are_chosen_by_id_group_and_owner(tmp_path: Path, chosen: str, sources: set[str]) -> None:
    endpoint = read(tmp_path, f'url = "{URL}"\n{chosen}').endpoints[OPS]
    assert set(endpoint.filter.source) == sources


def test_the_url_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{URL}\n", "utf-8")
    assert read(tmp_path, 'url_file = "secret"').endpoints[OPS].secrets == (Secret(URL),)
    (tmp_path / "all.toml").write_text(GOOD, "utf-8")
    endpoints = load(tmp_path, {"SYNDICATOR__ALERT__OPS_DESK__URL": URL}).endpoints
    assert endpoints[EndpointId("ops-desk")].secrets == (Secret(URL),)


@pytest.mark.parametrize(
    ("alert", "key", "reason", "remedy"),
    [
        ("", "url", "is missing", "url_file"),
        ('url = "telegram://hunter2"', "url", "names no service", "ntfys://HOST/TOPIC"),
        ('url = "msteams://hunter2/a/b/c"', "url", "connector of Office", "workflow"),
        ('url = "mailto://u:hunter2@x.example?to=a@x.example"', "url", "without encryption", "mailtos://"),
        (f'url = "{URL}"\nurl_file = "secret"', "url_file", "cannot be combined with url", ""),
        ('url_file = "secret"', "url_file", "names no service", "mailtos://"),
        (f'url = "{URL}"\nevents = ["article.*"]', "events[0]", "no event for operators", "source.failing"),
        (f'url = "{URL}"\nevents = ["source.fail"]', "events[0]", "no event", "did you mean source.failing?"),
        (f'url = "{URL}"\nevents = []', "events", "is empty", ""),
        (f'url = "{URL}"\njoin = "2d"', "join", "longer than 24 h", "24h"),
        (f'url = "{URL}"\nrepeat_after = "0s"', "repeat_after", "longer than 0 s", ""),
        (f'url = "{URL}"\nsources = ["wires"]', "sources", "not a source", "did you mean wire?"),
        (f'url = "{URL}"\ngroups = ["hariam"]', "groups", "not a group", "did you mean harian?"),
        (f'url = "{URL}"\nowners = ["Grup Kote"]', "owners", "not the owner", "Grup Kota"),
    ],
)
def test_faults(tmp_path: Path, alert: str, key: str, reason: str, remedy: str) -> None:
    (tmp_path / "secret").write_text("telegram://hunter2/1", "utf-8")
    (tmp_path / "all.toml").write_text(f"{SOURCES}{GROUP}[alert.ops]\n{alert}", "utf-8")
    found = [fault for fault in faults_of(tmp_path) if fault.key == f"alert.ops.{key}"]
    assert len(found) == 1, faults_of(tmp_path)
    assert reason in found[0].reason
    assert remedy in found[0].remedy
    assert "hunter2" not in "".join(map(str, faults_of(tmp_path)))


def test_a_group_without_sources_is_a_fault_and_not_all_sources(tmp_path: Path) -> None:
    text = f'{GOOD}[group.empty]\ntimezone = "UTC"\n[alert.ops]\nurl = "{URL}"\ngroups = ["empty"]\n'
    fault = only_fault(tmp_path, text)
    assert (fault.key, fault.reason) == ("alert.ops", "chooses no source")


def test_alerts_and_endpoints_have_names_of_their_own(tmp_path: Path) -> None:
    fault = only_fault(tmp_path, f'{GOOD}{ENDPOINT}[alert.p]\nurl = "{URL}"\n')
    assert (fault.key, fault.reason) == ("alert.p", "has the name of [endpoint.p]")


def test_a_server_that_can_never_be_reached(tmp_path: Path) -> None:
    alert = 'url = "mailto://10.0.0.5?to=a@x.example&from=b@x.example"'
    (found,) = [one for one in advice(read(tmp_path, alert)) if one.key == "alert.ops.url"]
    assert found.remedy == 'if it is meant: [egress] allow_callbacks = ["10.0.0.5:25"]'
    allowed = SOURCES + GROUP + '[egress]\nallow_callbacks = ["10.0.0.5:25"]\n'
    assert [one for one in advice(read(tmp_path, alert, allowed)) if one.key == "alert.ops.url"] == []
