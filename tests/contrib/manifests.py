"""What kustomize makes of contrib/kubernetes, and pods of it that are started on loopback."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from syndicator.store.embedded import find_server

KUBERNETES = Path(__file__).parents[2] / "contrib" / "kubernetes"

Document = Mapping[str, Any]


@cache
def built(*components: str) -> tuple[Document, ...]:
    """Return the documents that kustomize makes of the example, with components that it leaves out."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(KUBERNETES, Path(folder, "kubernetes"))
        overlay = Path(folder, "kubernetes", "overlays", "example")
        file = overlay / "kustomization.yaml"
        text = file.read_text("utf-8")
        for one in components:
            assert f"# - ../../components/{one}" in text
            text = text.replace(f"# - ../../components/{one}", f"- ../../components/{one}")
        file.write_text(text, "utf-8")
        done = subprocess.run(["kustomize", "build", overlay], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return tuple(yaml.safe_load_all(done.stdout))


def of_kind(documents: tuple[Document, ...], *kinds: str) -> dict[str, Document]:
    return {one["metadata"]["name"]: one for one in documents if one["kind"] in kinds}


def config_map(documents: tuple[Document, ...], name: str) -> Mapping[str, str]:
    """Return the files of a ConfigMap, whose name may end with a digest of them."""
    (found,) = (
        one["data"] for full, one in of_kind(documents, "ConfigMap").items()
        if re.fullmatch(rf"{name}(-[a-z0-9]{{10}})?", full)
    )  # fmt: skip
    files: Mapping[str, str] = found
    return files


def workloads(documents: tuple[Document, ...]) -> dict[str, Document]:
    return of_kind(documents, "Deployment", "StatefulSet")


def pod(workload: Document) -> Document:
    found: Document = workload["spec"]["template"]["spec"]
    return found


def container(workload: Document) -> Document:
    (only,) = pod(workload)["containers"]
    found: Document = only
    return found


def anti_affinity(workload: Document) -> list[Document]:
    rules = pod(workload).get("affinity", {}).get("podAntiAffinity", {})
    return list(rules.get("requiredDuringSchedulingIgnoredDuringExecution", ()))


class StartedPod:
    """A pod of one of the components for several Valkeys, on addresses of loopback."""

    def __init__(
        self,
        home: Path,
        component: str,
        script: str,
        *,
        environment: Mapping[str, str],
        replaced: Mapping[str, str],
    ) -> None:
        """`replaced`: what stands for texts of the shipped files, beside the paths."""
        self._own = f"/etc/{component}"
        mounts = (self._own, "/etc/valkey", "/run/secrets/valkey", "/data")
        self._replaced = {**{mount: f"{home}{mount}" for mount in mounts}, **replaced}
        documents = built(component)
        secrets = {
            "valkey-auth.conf": "requirepass s3cret\nmasterauth s3cret\n",
            "sentinel-auth.conf": "sentinel auth-pass kabar s3cret\n",
        }
        for mount, files in (
            (self._own, config_map(documents, f"syndicator-{component}")),
            ("/etc/valkey", config_map(documents, "syndicator-valkey")),
            ("/run/secrets/valkey", secrets),
            ("/data", {}),
        ):
            at = Path(f"{home}{mount}")
            at.mkdir(parents=True)
            for name, text in files.items():
                (at / name).write_text(self._localized(text), "utf-8")
        (home / "bin").mkdir()
        (home / "bin" / "valkey-server").symlink_to(find_server(None))
        path = f"{home / 'bin'}:{os.environ['PATH']}"
        self._environment = {**os.environ, "PATH": path, **environment}
        self._script = Path(f"{home}{self._own}", script)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> None:
        """Start it over the data that it has."""
        self._process = subprocess.Popen(
            ["sh", self._script],
            env={**self._environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def runs(self) -> bool:
        return self._process is not None

    async def probe(self, script: str) -> bool:
        """Return whether a probe of the pod succeeds."""
        asked = await asyncio.create_subprocess_exec(
            "sh", self._script.with_name(script),
            env=self._environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        return await asked.wait() == 0

    def kill(self) -> None:
        """End it, with all processes in it, as a node that loses its power."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def data(self, name: str) -> str:
        """Return a file that the program has written."""
        file = Path(self._replaced["/data"], name)
        return file.read_text("utf-8") if file.exists() else ""

    def _localized(self, text: str) -> str:
        for shipped, own in self._replaced.items():
            text = text.replace(shipped, own)
        return text
