"""What we sign is verified by the published JavaScript library, as a partner's server would do it.

It is installed once, outside of the tree, by npm as it is configured here; where that is not possible, this is
skipped.
"""

import base64
import json
import shutil
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path

import pytest
from push.push_values import SITE, article, endpoint, event

from syndicator.model.clock import system_clock
from syndicator.model.delivery import Secret
from syndicator.push.payload import payload
from syndicator.push.signing import signed_headers

HERE = Path(__file__).parent / "js"
FIRST = Secret("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
SECOND = Secret("whsec_" + base64.b64encode(bytes(range(24))).decode())
PRIVATE = Secret("whsk_" + base64.b64encode(bytes(range(32))).decode())


@pytest.fixture(scope="session")
def library() -> Path:
    """Give a folder in which node finds the library."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("there is no node here")
    wanted = (HERE / "package.json").read_bytes()
    folder = Path(tempfile.gettempdir()) / f"syndicator-js-{sha256(wanted).hexdigest()[:16]}"
    if not (folder / "node_modules" / "standardwebhooks").exists():
        folder.mkdir(exist_ok=True)
        (folder / "package.json").write_bytes(wanted)
        command = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
        except (subprocess.SubprocessError, OSError) as error:
            pytest.skip(f"npm cannot install it here: {type(error).__name__}")
    shutil.copy(HERE / "verify.js", folder)
    return folder


def verified(library: Path, *cases: tuple[Secret, dict[str, str], bytes]) -> list[str]:
    told = json.dumps(
        [
            {"secret": secret.reveal(), "headers": headers, "body": base64.b64encode(body).decode()}
            for secret, headers, body in cases
        ]
    )
    done = subprocess.run(
        ["node", "verify.js"], cwd=library, input=told, capture_output=True, text=True, timeout=60, check=True
    )
    answer: list[str] = json.loads(done.stdout)
    return answer


def signed(*secrets: Secret) -> tuple[dict[str, str], bytes]:
    body = payload(event(), article(), site=SITE)
    partner = endpoint("https://partner.example/hook", secrets=secrets)
    _, ours = signed_headers(partner, "evt_1", body, system_clock())
    return dict(ours), body


def test_a_signature_is_verified_and_a_forgery_is_not(library: Path) -> None:
    headers, body = signed(FIRST)
    both, _ = signed(PRIVATE, SECOND, FIRST)
    assert verified(
        library,
        (FIRST, headers, body),
        (FIRST, both, body),
        (SECOND, both, body),
        (SECOND, headers, body),
        (FIRST, headers, body.replace(b"article.updated", b"article.deleted")),
        (FIRST, headers | {"webhook-id": "evt_2"}, body),
        (FIRST, headers | {"webhook-timestamp": "1000000000"}, body),
    ) == [*["article.updated"] * 3, *["WebhookVerificationError"] * 4]
