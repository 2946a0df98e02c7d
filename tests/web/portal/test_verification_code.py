"""The code that the portal shows: each is run as it stands, with a secret put in, and gets signed requests."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from redis_processes import free_port

from syndicator.model.delivery import Endpoint
from syndicator.model.ids import EndpointId
from syndicator.push.signing import new_secret, signed_headers
from syndicator.web.portal.verification_code import VERIFICATION_CODE

RECEIVERS = {
    "Python": (f"{sys.executable}", "receiver.py"),
    "JavaScript": ("node", "receiver.mjs"),
    "Go": ("go", "receiver.go"),
    "PHP": ("php", "receiver.php"),
}
"""What runs each language, and the name of its file."""


@contextmanager
def receiver(language: str, secret: str, folder: Path) -> Iterator[str]:
    """Run the code of a language at a free port; yield its address."""
    program, name = RECEIVERS[language]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    port = free_port()
    code = VERIFICATION_CODE[language].replace("whsec_…", secret).replace("8000", str(port))
    assert secret in code
    (folder / name).write_text(code)
    if language == "Go":
        subprocess.run([program, "build", "-o", "receiver", name], cwd=folder, check=True, timeout=300)
    command = {
        "Go": ["./receiver"],
        "PHP": [program, "-S", f"127.0.0.1:{port}", name],
    }.get(language, [program, name])
    running = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        running.kill()
        running.wait()


def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, object]:
    """Send a request; ask again while the receiver is not up yet."""
    for _ in range(300):
        try:
            with urlopen(Request(url, data=body, headers=headers), timeout=5) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as refused:
            return refused.code, json.loads(refused.read())
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the receiver did not come up")


@pytest.mark.parametrize("language", RECEIVERS)
def test_a_receiver_takes_what_is_signed_and_nothing_else(language: str, tmp_path: Path) -> None:
    secret = new_secret()
    endpoint = Endpoint(id=EndpointId("koran"), url="https://koran.example/", secrets=(secret,))
    now = datetime.now(UTC)
    challenge = json.dumps({"type": "endpoint.verify", "data": {"challenge": "s8Rk"}}).encode()
    event = json.dumps(
        {"type": "article.created", "data": {"article": {"title": "Banjir – “surut”"}}}
    ).encode()

    def signed(body: bytes, at: datetime = now) -> dict[str, str]:
        return dict(signed_headers(endpoint, "evt_1", body, at)[1])

    with receiver(language, secret.reveal(), tmp_path) as url:
        assert post(url, challenge, signed(challenge)) == (200, {"challenge": "s8Rk"})
        assert post(url, event, signed(event))[0] == 200
        two = signed(event)
        two["webhook-signature"] = f"v1,{'A' * 43}= {two['webhook-signature']}"
        assert post(url, event, two)[0] == 200, "while a secret is changed, both sign"
        assert post(url, challenge, signed(event))[0] == 401
        assert post(url, event, signed(event, now - timedelta(hours=1)))[0] == 401
        assert post(url, event, {"content-type": "application/json"})[0] == 401


def test_code_is_shown_for_each_language() -> None:
    assert set(VERIFICATION_CODE) == set(RECEIVERS)
