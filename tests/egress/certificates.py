"""Certificates that nobody vouches for, until a test does."""

import ssl
import subprocess
from pathlib import Path

import pytest


def own_certificate(folder: Path, name: str = "IP:127.0.0.1") -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Give the contexts of a server of this name, and of a client that trusts it; skip without openssl.

    The files are `key.pem` and `cert.pem` of the folder.
    """
    key, certificate = str(folder / "key.pem"), str(folder / "cert.pem")
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-days", "2",
    ]  # fmt: skip
    command += ["-subj", f"/CN={name.partition(':')[2]}", "-addext", f"subjectAltName={name}"]
    try:
        subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs the openssl command to make a certificate")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return server, ssl.create_default_context(cafile=certificate)


def trusting(client: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the HTTP library use this context by default: it makes its own when it is imported."""
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", client)
