"""What one URL says of a target, and that no part of its secrets is shown."""

import pytest

from syndicator.egress.mail import Encryption
from syndicator.push.alerts.targets import (
    Chat,
    ChatTarget,
    MailTarget,
    TargetFault,
    parse_target,
    secret_parts,
)

SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
DISCORD = "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
SIGNED = "api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=K5wS-igNature"
WORKFLOW = (
    f"https://prod-24.westus.logic.azure.com:443/workflows/643e69f83c89/triggers/manual/paths/invoke?{SIGNED}"
)
AUTOMATE = (
    "https://default1.05.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/abc"
    "/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=K5wS-igNature"
)


def chat(url: str) -> ChatTarget:
    target = parse_target(url)
    assert isinstance(target, ChatTarget)
    return target


def mail(url: str) -> MailTarget:
    target = parse_target(url)
    assert isinstance(target, MailTarget)
    return target


@pytest.mark.parametrize(
    ("url", "kind", "posted", "shown"),
    [
        (SLACK, Chat.SLACK, SLACK, "slack://hooks.slack.com"),
        (
            "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/",
            Chat.SLACK,
            SLACK,
            "slack://hooks.slack.com",
        ),
        (DISCORD, Chat.DISCORD, DISCORD, "discord://discord.com"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", Chat.DISCORD, DISCORD, "discord://discord.com"),
        (WORKFLOW, Chat.TEAMS, WORKFLOW, "teams://prod-24.westus.logic.azure.com:443"),
        (
            "workflows://prod-24.westus.logic.azure.com/643e69f83c89/K5wS-igNature",
            Chat.TEAMS,
            WORKFLOW,
            "teams://prod-24.westus.logic.azure.com:443",
        ),
        (AUTOMATE, Chat.TEAMS, AUTOMATE, "teams://default1.05.environment.api.powerplatform.com:443"),
        ("ntfy://kabar-ops", Chat.NTFY, "https://ntfy.sh/", "ntfys://ntfy.sh:443"),
        ("ntfy://10.0.0.5/kabar-ops", Chat.NTFY, "http://10.0.0.5:80/", "ntfy://10.0.0.5:80"),
        (
            "ntfys://push.example:8443/kabar-ops",
            Chat.NTFY,
            "https://push.example:8443/",
            "ntfys://push.example:8443",
        ),
    ],
)
def test_chats(url: str, kind: Chat, posted: str, shown: str) -> None:
    target = chat(url)
    assert (target.chat, target.url.reveal(), target.shown) == (kind, posted, shown)
    assert target.topic == ("kabar-ops" if kind is Chat.NTFY else "")


def test_ntfy_signs_in_by_token_or_password() -> None:
    assert (
        chat("ntfys://tk_AgQdq7mVBoFD37zQ@push.example/t").headers["authorization"]
        == "Bearer tk_AgQdq7mVBoFD37zQ"
    )
    assert chat("ntfys://phil:my%40pass@push.example/t").headers["authorization"] == "Basic cGhpbDpteUBwYXNz"


@pytest.mark.parametrize(
    ("url", "port", "encryption"),
    [
        ("mailto://mail.example/?to=a@x.example", 25, Encryption.NONE),
        ("mailtos://mail.example/?to=a@x.example", 587, Encryption.STARTTLS),
        ("mailtos://mail.example:2525/?to=a@x.example", 2525, Encryption.STARTTLS),
        ("mailtos://mail.example:465/?to=a@x.example", 465, Encryption.TLS),
        ("mailtos://mail.example:2465/?to=a@x.example&mode=ssl", 2465, Encryption.TLS),
        ("mailtos://mail.example:465/?to=a@x.example&mode=starttls", 465, Encryption.STARTTLS),
    ],
)
def test_mail_servers(url: str, port: int, encryption: Encryption) -> None:
    server = mail(url).server
    assert (server.host, server.port, server.encryption) == ("mail.example", port, encryption)


def test_mail_says_from_whom_to_whom_and_who_signs_in() -> None:
    found = mail("mailtos://ops%40x.example:p%3Aw%2Fd@mail.example/?to=a@x.example,b@y.example")
    assert found.recipients == ("a@x.example", "b@y.example")
    assert (found.sender, found.server.user) == ("ops@x.example", "ops@x.example")
    assert found.server.password is not None
    assert found.server.password.reveal() == "p:w/d"
    assert found.shown == "mailtos://mail.example:587/?to=a@x.example,b@y.example"
    assert mail("mailto://mail.example?to=a@x.example").sender == "syndicator@mail.example"
    assert (
        mail("mailto://[::1]:2525?to=a@x.example&from=b@x.example").shown
        == "mailto://[::1]:2525/?to=a@x.example"
    )


FAULTS = [
    ("", "is not a URL"),
    ("hunter2", "is not a URL"),
    ("mailtos://hunter2@mail.example:port?to=a@x.example", "is not a URL"),
    ("telegram://hunter2/1", "names no service"),
    ("https://chat.example/hooks/hunter2", "names no service"),
    ("https://hooks.slack.com/services/hunter2", "names no service"),
    ("http://hooks.slack.com/services/A/B/hunter2", "names no service"),
    (
        "https://prod.westus.logic.azure.com/workflows/hunter2/triggers/manual/paths/invoke",
        "names no service",
    ),
    ("https://logic.azure.example/workflows/x/triggers/manual/paths/invoke?sig=hunter2", "names no service"),
    ("slack://xoxb-hunter2", "does not name a webhook"),
    ("slack://A/B/hunter2?footer=no", "has a parameter"),
    ("discord://hunter2", "does not name a webhook"),
    ("msteams://x/hunter2/a/b", "is of a connector of Office"),
    ("workflows://prod.example/hunter2", "does not name a workflow"),
    ("ntfys://push.example/hunter2/more", "does not name a topic"),
    ("ntfy://ops:hunter2@push.example/t", "without encryption"),
    ("mailto://ops:hunter2@mail.example?to=a@x.example", "without encryption"),
    ("mailtos://ops:hunter2@mail.example", "does not say to whom"),
    ("mailtos://ops:hunter2@mail.example?to=a@x.example,nobody", "does not say to whom"),
    ("mailtos://ops:hunter2@mail.example?to=a@x.example%0d%0aRCPT", "does not say to whom"),
    ("mailtos://ops:hunter2@10.0.0.5?to=a@x.example&from=me", "does not say from whom"),
    ("mailtos://ops:hunter2@mail.example?to=a@x.example&mode=none", "has an unknown mode"),
    ("mailtos://ops:hunter2@mail.example?to=a@x.example&smtp=other.example", "has a parameter"),
    ("mailtos://ops:hunter2%0a@mail.example?to=a@x.example", "has a name or password"),
    ("mailtos://ops:hunter2@?to=a@x.example", "does not name a host"),
]


@pytest.mark.parametrize(("url", "reason"), FAULTS)
def test_what_names_no_target_is_told_without_quoting_it(url: str, reason: str) -> None:
    with pytest.raises(TargetFault) as caught:
        parse_target(url)
    assert caught.value.reason.startswith(reason) or reason in caught.value.reason
    assert (
        "hunter2"
        not in f"{caught.value} {caught.value.reason} {caught.value.remedy} {caught.value.__cause__}"
    )


def test_what_is_secret_of_a_url_is_known() -> None:
    assert "TIiajkdnlazkcOXrIdevi7FQ" in secret_parts(chat(SLACK))
    assert "JHMHI8qBe7bk2ZwO5U711o3dV_js" in secret_parts(chat(DISCORD))
    assert "K5wS-igNature" in secret_parts(chat(WORKFLOW))
    assert "kabar-ops" in secret_parts(chat("ntfy://kabar-ops"))
    assert "tk_AgQdq7mVBoFD37zQ" in secret_parts(chat("ntfys://tk_AgQdq7mVBoFD37zQ@push.example/t"))


@pytest.mark.parametrize("url", [SLACK, DISCORD, WORKFLOW, AUTOMATE])
def test_nothing_secret_is_shown_of_a_target(url: str) -> None:
    secret = url.rpartition("=")[2].rpartition("/")[2]
    assert secret not in f"{parse_target(url).shown} {parse_target(url)!r}"
